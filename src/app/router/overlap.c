/**
 * Whether two segments may match the same text, so that neither route may hide the other.
 *
 * Each segment becomes a small program of sets of bytes, which accepts at least the texts that the segment
 * does: what the program cannot express (look-around, back references) accepts too much. If both programs,
 * run side by side, can never reach their ends together, no text matches both segments.
 */
#include "app/router/special.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

enum { PROGRAM_MAX = 2048, DEEPEST = 32, MOST_REPEATED = 255, BYTE_WORDS = 4 };

typedef struct byte_set {
    uint64_t bits[BYTE_WORDS];
} byte_set;

typedef enum step_kind { STEP_BYTE, STEP_SPLIT, STEP_END } step_kind;

typedef struct step {
    step_kind kind;
    uint16_t next, other; /* STEP_SPLIT: either */
    byte_set bytes;       /* STEP_BYTE: one of them, then the step after it */
} step;

typedef struct program {
    step *steps;
    unsigned count;
    bool is_unknown; /* too large, or an expression that is not understood */
} program;

/** The state of reading an expression. */
typedef struct reader {
    program *p;
    const char *at, *end;
    unsigned depth;
} reader;

static void set_range(byte_set *set, unsigned from, unsigned to)
{
    for (unsigned byte = from; byte <= to; byte++)
        set->bits[byte / 64] |= UINT64_C(1) << byte % 64;
}

static void set_invert(byte_set *set)
{
    for (unsigned i = 0; i < BYTE_WORDS; i++)
        set->bits[i] = ~set->bits[i];
}

static step *add_step(program *p, step_kind kind)
{
    if (p->count == PROGRAM_MAX) {
        p->is_unknown = true;
        p->count--; /* overwritten: the program is not used */
    }
    step *added = &p->steps[p->count++];
    *added = (step){.kind = kind};
    return added;
}

static void add_split(program *p, unsigned next, unsigned other)
{
    step *split = add_step(p, STEP_SPLIT);
    split->next = (uint16_t)next;
    split->other = (uint16_t)other;
}

static void add_byte(program *p, unsigned char byte)
{
    set_range(&add_step(p, STEP_BYTE)->bytes, byte, byte);
}

/** One or more bytes of a set. */
static void add_bytes(program *p, const byte_set *set)
{
    unsigned begin = p->count;
    add_step(p, STEP_BYTE)->bytes = *set;
    add_split(p, begin, p->count + 1);
}

/** One character of a class: a byte of ASCII, or any others. */
static void add_character(program *p, const byte_set *set)
{
    bool has_others = (set->bits[2] | set->bits[3]) != 0;
    byte_set others = {{0, 0, UINT64_MAX, UINT64_MAX}}, ascii = {{set->bits[0], set->bits[1], 0, 0}};
    unsigned begin = p->count;
    if (has_others) {
        add_split(p, begin + 1, begin + 3);
        add_bytes(p, &others);
        p->steps[p->count - 1].other = (uint16_t)(begin + 4); /* past the byte of ASCII */
    }
    add_step(p, STEP_BYTE)->bytes = ascii;
}

/** The characters of `\d` and its like; false for an escape that is not one. */
static bool add_shorthand(byte_set *set, char letter)
{
    byte_set made = {{0}};
    switch (text_lower((unsigned char)letter)) {
    case 'd':
        set_range(&made, '0', '9');
        break;
    case 'w':
        set_range(&made, '0', '9');
        set_range(&made, 'a', 'z');
        set_range(&made, 'A', 'Z');
        set_range(&made, '_', '_');
        break;
    case 's':
        set_range(&made, '\t', '\r');
        set_range(&made, ' ', ' ');
        break;
    default:
        return false;
    }
    if (letter < 'a')
        set_invert(&made);
    for (unsigned i = 0; i < BYTE_WORDS; i++)
        set->bits[i] |= made.bits[i];
    return true;
}

/** The byte that an escape of punctuation or a control character is; -1 for others. */
static int escaped_byte(char letter)
{
    static const char letters[] = "nrtfv", bytes[] = "\n\r\t\f\v";
    const char *known = letter != '\0' ? strchr(letters, letter) : NULL;
    unsigned char lower = text_lower((unsigned char)letter);
    if (known != NULL)
        return (unsigned char)bytes[known - letters];
    bool is_word = (lower >= 'a' && lower <= 'z') || (lower >= '0' && lower <= '9') || lower >= 0x80;
    return is_word || letter == '\0' ? -1 : (unsigned char)letter;
}

static bool is_at(const reader *r, char byte)
{
    return r->at < r->end && *r->at == byte;
}

/** A member of a class; -1 for a set of several, which it adds, and for what is not understood. */
static int class_member(reader *r, byte_set *set)
{
    unsigned char byte = (unsigned char)*r->at++;
    if (byte >= 0x80) {
        set_range(set, 0x80, 0xff);
        return -1;
    }
    if (byte != '\\')
        return byte;
    char letter = r->at < r->end ? *r->at++ : '\0';
    if (add_shorthand(set, letter))
        return -1;
    int escaped = escaped_byte(letter);
    r->p->is_unknown |= escaped < 0;
    return escaped;
}

/** A class, after its '['. */
static void read_class(reader *r)
{
    byte_set set = {{0}};
    bool is_negated = is_at(r, '^');
    r->at += is_negated;
    for (bool is_first = true; r->at < r->end && (is_first || *r->at != ']'); is_first = false) {
        if (*r->at == '[' && r->at + 1 < r->end && strchr(":.=", r->at[1]) != NULL) {
            r->p->is_unknown = true;
            return;
        }
        int from = class_member(r, &set), to = from;
        if (from >= 0 && is_at(r, '-') && r->at + 1 < r->end && r->at[1] != ']') {
            r->at++;
            to = class_member(r, &set);
            if (to < 0) /* up to a character beyond ASCII */
                to = 0x7f;
        }
        if (from >= 0 && to >= from)
            set_range(&set, (unsigned)from, (unsigned)to);
    }
    r->at += r->at < r->end;
    if (is_negated) {
        set.bits[2] = set.bits[3] = 0; /* it excludes some characters beyond ASCII, not all */
        set_invert(&set);
    }
    add_character(r->p, &set);
}

static void read_alternatives(reader *r);

/** A group, after its '('. Look-around is read as if it held: the program then accepts more. */
static void read_group(reader *r)
{
    unsigned begin = r->p->count;
    bool is_around = false;
    if (is_at(r, '*') || r->depth == DEEPEST) {
        r->p->is_unknown = true;
        return;
    }
    if (is_at(r, '?')) {
        r->at++;
        is_around = is_at(r, '=') || is_at(r, '!') ||
                    (is_at(r, '<') && r->at + 1 < r->end && (r->at[1] == '=' || r->at[1] == '!'));
        if (!is_around && !is_at(r, ':') && !is_at(r, '>')) {
            r->p->is_unknown = true; /* flags */
            return;
        }
        r->at += 1 + is_at(r, '<');
    }
    r->depth++;
    read_alternatives(r);
    r->depth--;
    r->at += is_at(r, ')');
    if (is_around)
        r->p->count = begin;
}

static void read_escape(reader *r)
{
    byte_set set = {{0}};
    char letter = r->at < r->end ? *r->at++ : '\0';
    if (letter != '\0' && strchr("bBAzZG", letter) != NULL)
        return;
    if (add_shorthand(&set, letter)) {
        add_character(r->p, &set);
        return;
    }
    int byte = escaped_byte(letter);
    r->p->is_unknown |= byte < 0;
    add_byte(r->p, (unsigned char)byte);
}

static void read_atom(reader *r)
{
    const byte_set all = {{UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX}};
    unsigned char byte = (unsigned char)*r->at++;
    switch (byte) {
    case '(':
        read_group(r);
        return;
    case '[':
        read_class(r);
        return;
    case '.':
        add_character(r->p, &all);
        return;
    case '\\':
        read_escape(r);
        return;
    case '^':
    case '$':
        return;
    default:
        add_byte(r->p, byte);
        while (byte >= 0x80 && r->at < r->end && ((unsigned char)*r->at & 0xc0) == 0x80)
            add_byte(r->p, (unsigned char)*r->at++); /* the rest of the same character */
    }
}

/** How often the atom before `r->at` is repeated; `*most` is UINT_MAX for any number. */
static void read_quantifier(reader *r, unsigned *least, unsigned *most)
{
    *least = *most = 1;
    if (is_at(r, '{') && r->at + 1 < r->end && r->at[1] >= '0' && r->at[1] <= '9') {
        char *after;
        unsigned long low = strtoul(r->at + 1, &after, 10), high = low;
        if (*after == ',') {
            bool is_open = after[1] == '}';
            high = is_open ? UINT16_MAX : strtoul(after + 1, &after, 10);
            after += is_open;
        }
        r->p->is_unknown |= *after != '}' || low > MOST_REPEATED || high < low;
        r->at = after + 1 <= r->end ? after + 1 : r->end;
        *least = (unsigned)low;
        *most = high > MOST_REPEATED ? UINT32_MAX : (unsigned)high; /* more is the same as any number */
    } else if (is_at(r, '*') || is_at(r, '+') || is_at(r, '?')) {
        *least = *r->at == '+';
        *most = *r->at == '?' ? 1 : UINT32_MAX;
        r->at++;
    } else {
        return;
    }
    if (is_at(r, '?') || is_at(r, '+')) /* lazy, possessive */
        r->at++;
}

/** An atom and its quantifier: the atom's steps are written as often as it must occur, and may. */
static void read_piece(reader *r)
{
    const char *begin = r->at;
    unsigned first = r->p->count, least, most;
    read_atom(r);
    read_quantifier(r, &least, &most);
    const char *after = r->at;
    if (least == 1 && most == 1)
        return;
    r->p->count = first; /* written again */
    for (unsigned i = 0; i < least && !r->p->is_unknown; i++) {
        r->at = begin;
        read_atom(r);
    }
    unsigned optional = most == UINT32_MAX ? 1 : most - least;
    for (unsigned i = 0; i < optional && !r->p->is_unknown; i++) {
        unsigned split = r->p->count;
        add_split(r->p, split + 1, 0);
        r->at = begin;
        read_atom(r);
        if (most == UINT32_MAX)
            add_split(r->p, split, split);
        r->p->steps[split].other = (uint16_t)r->p->count;
    }
    r->at = after;
}

/** `a|b|c` up to the end or a ')'. */
static void read_alternatives(reader *r)
{
    enum { BRANCHES_MAX = 256 };
    uint16_t ends[BRANCHES_MAX];
    unsigned count = 0;
    for (;;) {
        unsigned split = r->p->count;
        add_split(r->p, split + 1, split + 1);
        while (r->at < r->end && *r->at != '|' && *r->at != ')' && !r->p->is_unknown)
            read_piece(r);
        if (!is_at(r, '|') || r->p->is_unknown)
            break;
        if (count == BRANCHES_MAX) {
            r->p->is_unknown = true;
            break;
        }
        r->at++;
        ends[count++] = (uint16_t)r->p->count;
        add_split(r->p, 0, 0); /* to the end of all */
        r->p->steps[split].other = (uint16_t)r->p->count;
    }
    for (unsigned i = 0; i < count && !r->p->is_unknown; i++)
        r->p->steps[ends[i]].next = r->p->steps[ends[i]].other = (uint16_t)r->p->count;
}

static void add_expression(program *p, tern_str text)
{
    reader r = {.p = p, .at = text.data, .end = text.data + text.len};
    read_alternatives(&r);
    p->is_unknown |= r.at != r.end;
}

/** Writes the program of a segment. */
static void write_program(program *p, const pattern_piece *pieces, unsigned count)
{
    const byte_set all = {{UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX}};
    for (unsigned i = 0; i < count && !p->is_unknown; i++) {
        const pattern_piece *piece = &pieces[i];
        const char *known = piece->kind == SEGMENT_INT    ? "-?[0-9]{1,19}"
                            : piece->kind == SEGMENT_UUID ? "[0-9A-Fa-f-]{36}"
                            : piece->kind == SEGMENT_KIND ? piece->is->pattern
                                                          : NULL;
        if (piece->kind == SEGMENT_TEXT)
            for (size_t k = 0; k < piece->text.len; k++)
                add_byte(p, (unsigned char)piece->text.data[k]);
        else if (piece->kind == SEGMENT_REGEX)
            add_expression(p, piece->rule);
        else if (known != NULL)
            add_expression(p, (tern_str){known, strlen(known)});
        else
            add_bytes(p, &all);
    }
    add_step(p, STEP_END);
}

/** Pairs of steps that both programs can reach with one text. */
typedef struct search {
    const program *a, *b;
    uint64_t *seen;  /* bit: a's step * b's count + b's step */
    uint32_t *ahead; /* pairs to look at */
    unsigned count, room;
    bool memory_short;
} search;

static void visit(search *s, unsigned a, unsigned b)
{
    size_t pair = (size_t)a * s->b->count + b;
    if (s->memory_short || (s->seen[pair / 64] >> pair % 64 & 1) != 0)
        return;
    s->seen[pair / 64] |= UINT64_C(1) << pair % 64;
    if (s->count == s->room) {
        unsigned room = s->room != 0 ? 2 * s->room : 256;
        uint32_t *ahead = mem_realloc(s->ahead, room * sizeof *ahead);
        if (ahead == NULL) {
            s->memory_short = true;
            return;
        }
        s->ahead = ahead;
        s->room = room;
    }
    s->ahead[s->count++] = (uint32_t)pair;
}

static bool has_common_byte(const byte_set *a, const byte_set *b)
{
    uint64_t common = 0;
    for (unsigned i = 0; i < BYTE_WORDS; i++)
        common |= a->bits[i] & b->bits[i];
    return common != 0;
}

/** Whether both programs can end together. */
static bool search_end(search *s)
{
    visit(s, 0, 0);
    while (s->count > 0 && !s->memory_short) {
        uint32_t pair = s->ahead[--s->count];
        unsigned a = pair / s->b->count, b = pair % s->b->count;
        const step *of_a = &s->a->steps[a], *of_b = &s->b->steps[b];
        if (of_a->kind == STEP_SPLIT) {
            visit(s, of_a->next, b);
            visit(s, of_a->other, b);
        } else if (of_b->kind == STEP_SPLIT) {
            visit(s, a, of_b->next);
            visit(s, a, of_b->other);
        } else if (of_a->kind == STEP_END && of_b->kind == STEP_END) {
            return true;
        } else if (of_a->kind == STEP_BYTE && of_b->kind == STEP_BYTE &&
                   has_common_byte(&of_a->bytes, &of_b->bytes)) {
            visit(s, a + 1, b + 1);
        }
    }
    return false;
}

static bool run_both(const program *a, const program *b, bool *memory_short)
{
    search s = {.a = a, .b = b, .seen = mem_zero((size_t)a->count * b->count / 64 + 1, sizeof *s.seen)};
    s.memory_short = s.seen == NULL;
    bool may = !s.memory_short && search_end(&s);
    *memory_short |= s.memory_short;
    mem_free(s.seen);
    mem_free(s.ahead);
    return may;
}

bool special_may_overlap(const pattern_piece *a, unsigned a_count, const pattern_piece *b, unsigned b_count,
                         bool *memory_short)
{
    program left = {.steps = mem_alloc((PROGRAM_MAX + 1) * sizeof *left.steps)},
            right = {.steps = mem_alloc((PROGRAM_MAX + 1) * sizeof *right.steps)};
    bool may = false;
    if (left.steps == NULL || right.steps == NULL) {
        *memory_short = true;
    } else {
        write_program(&left, a, a_count);
        write_program(&right, b, b_count);
        may = left.is_unknown || right.is_unknown || run_both(&left, &right, memory_short);
    }
    mem_free(left.steps);
    mem_free(right.steps);
    return may;
}

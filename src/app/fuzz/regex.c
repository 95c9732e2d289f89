/* Generates text for a regular expression, from the syntax that fields' patterns usually use. The result is
 * checked against the pattern itself, so unsupported syntax at worst generates no text. */
#include "app/fuzz/internal.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_REPEATED = 12, MOST_BYTES = 4096 };

typedef struct writer {
    const char *at;
    fuzz_random *random;
    buf out;
    bool is_unknown; /* unsupported syntax */
    bool is_silent;  /* a branch that is not chosen is skipped */
    unsigned depth;
} writer;

static void alternatives(writer *w);

static void put(writer *w, char byte)
{
    if (!w->is_silent && w->out.len < MOST_BYTES)
        buf_add(&w->out, &byte, 1);
}

/** The members of a class, as bytes of ASCII. */
typedef struct byte_set {
    bool has[128];
} byte_set;

static void add_range(byte_set *set, unsigned char from, unsigned char to)
{
    for (unsigned c = from; c <= to && c < 128; c++)
        set->has[c] = true;
}

/** The characters of `\d` and similar escapes; false for an escape that is a single character. */
static bool add_shorthand(byte_set *set, char escape)
{
    switch (escape) {
    case 'd':
        add_range(set, '0', '9');
        return true;
    case 'w':
        add_range(set, '0', '9');
        add_range(set, 'a', 'z');
        add_range(set, 'A', 'Z');
        set->has['_'] = true;
        return true;
    case 's':
        set->has[' '] = true;
        return true;
    case 'D':
    case 'W':
    case 'S':
        add_range(set, '!', '/');
        if (escape != 'W')
            add_range(set, 'a', 'z');
        return true;
    default:
        return false;
    }
}

static void put_one_of(writer *w, const byte_set *set)
{
    unsigned count = 0;
    for (unsigned c = 1; c < 128; c++)
        count += set->has[c];
    if (count == 0) {
        w->is_unknown = true;
        return;
    }
    uint64_t chosen = fuzz_below(w->random, count);
    for (unsigned c = 1; c < 128; c++)
        if (set->has[c] && chosen-- == 0)
            put(w, (char)c);
}

/** The character after a backslash; 0 when it is not a single one. */
static unsigned char escaped(char letter)
{
    static const char letters[] = "nrtfv", characters[] = "\n\r\t\f\v";
    const char *known = letter != '\0' ? strchr(letters, letter) : NULL;
    if (known != NULL)
        return (unsigned char)characters[known - letters];
    bool is_letter = (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
                     (letter >= '0' && letter <= '9') || letter == '\0';
    return is_letter ? 0 : (unsigned char)letter;
}

static unsigned char class_character(writer *w, byte_set *set)
{
    if (*w->at != '\\')
        return (unsigned char)*w->at++;
    char letter = w->at[1];
    w->at += 1 + (letter != '\0');
    if (add_shorthand(set, letter))
        return 0;
    unsigned char character = escaped(letter);
    w->is_unknown |= character == 0;
    return character;
}

static void class_of(writer *w)
{
    byte_set set = {{false}};
    bool is_negated = *w->at == '^';
    w->at += is_negated;
    for (bool is_first = true; *w->at != '\0' && (is_first || *w->at != ']'); is_first = false) {
        if (w->at[0] == '[' && w->at[1] == ':') {
            w->is_unknown = true;
            return;
        }
        unsigned char from = class_character(w, &set), to = from;
        if (from != 0 && w->at[0] == '-' && w->at[1] != ']' && w->at[1] != '\0') {
            w->at++;
            to = class_character(w, &set);
        }
        if (from != 0 && from < 128)
            add_range(&set, from, to);
    }
    w->at += *w->at == ']';
    if (is_negated) {
        for (unsigned c = 0; c < 128; c++)
            set.has[c] = !set.has[c] && c > ' ' && c < 127;
    }
    put_one_of(w, &set);
}

static void group(writer *w)
{
    if (w->at[0] == '?') {
        bool is_plain = w->at[1] == ':';
        w->is_unknown |= !is_plain; /* a look-around, or flags */
        w->at += is_plain ? 2 : 1;
    }
    alternatives(w);
    w->at += *w->at == ')';
}

static void atom(writer *w)
{
    byte_set set = {{false}};
    char c = *w->at++;
    switch (c) {
    case '(':
        group(w);
        return;
    case '[':
        class_of(w);
        return;
    case '.':
        add_range(&set, 'a', 'z');
        put_one_of(w, &set);
        return;
    case '^':
    case '$':
        return;
    case '\\':
        c = *w->at;
        w->at += c != '\0';
        if (c == 'b' || c == 'A' || c == 'z' || c == 'Z')
            return;
        if (add_shorthand(&set, c)) {
            put_one_of(w, &set);
            return;
        }
        w->is_unknown |= escaped(c) == 0;
        put(w, (char)escaped(c));
        return;
    default:
        put(w, c);
    }
}

/** Reads `*`, `+`, `?` or `{2,5}`: the number of repetitions of the atom before it. */
static void quantifier(writer *w, unsigned *least, unsigned *most)
{
    char *end;
    *least = *most = 1;
    switch (*w->at) {
    case '*':
    case '+':
        *least = *w->at == '+';
        *most = MOST_REPEATED;
        break;
    case '?':
        *least = 0;
        break;
    case '{':
        if (w->at[1] < '0' || w->at[1] > '9')
            return;
        *least = *most = (unsigned)strtoul(w->at + 1, &end, 10);
        if (*end == ',')
            *most = end[1] == '}' ? *least + MOST_REPEATED : (unsigned)strtoul(end + 1, &end, 10);
        w->at = strchr(w->at, '}');
        if (w->at == NULL) {
            w->is_unknown = true;
            w->at = "";
            return;
        }
        break;
    default:
        return;
    }
    w->at++;
    w->at += *w->at == '?' || *w->at == '+'; /* lazy, possessive */
}

static void piece(writer *w)
{
    const char *begin = w->at;
    size_t length = w->out.len;
    unsigned least, most;
    atom(w);
    const char *behind = w->at;
    quantifier(w, &least, &most);
    const char *after = w->at;
    if (w->is_silent || most < least || most > MOST_BYTES)
        return;
    uint64_t times = least + fuzz_below(w->random, most - least + 1);
    if (times == 0)
        w->out.len = length;
    for (uint64_t i = 1; i < times && !w->is_unknown && w->out.len < MOST_BYTES; i++) {
        w->at = begin;
        atom(w);
        if (w->at != behind)
            w->is_unknown = true;
    }
    w->at = after;
}

static void branch(writer *w)
{
    while (*w->at != '\0' && *w->at != '|' && *w->at != ')' && !w->is_unknown)
        piece(w);
}

/** The number of branches up to the end of the group. */
static unsigned count_branches(writer w)
{
    unsigned count = 1;
    w.is_silent = true;
    w.out = (buf){0};
    for (branch(&w); *w.at == '|' && !w.is_unknown; branch(&w)) {
        w.at++;
        count++;
    }
    return count;
}

static void alternatives(writer *w)
{
    enum { DEEPEST = 24 };
    if (++w->depth > DEEPEST)
        w->is_unknown = true;
    bool was_silent = w->is_silent;
    unsigned chosen = w->is_unknown ? 0 : (unsigned)fuzz_below(w->random, count_branches(*w));
    for (unsigned i = 0; !w->is_unknown; i++) {
        w->is_silent = was_silent || i != chosen;
        branch(w);
        if (*w->at != '|')
            break;
        w->at++;
    }
    w->is_silent = was_silent;
    w->depth--;
}

const char *fuzz_regex(arena *a, fuzz_random *r, const char *expression)
{
    writer w = {.at = expression, .random = r};
    alternatives(&w);
    bool is_whole = !w.is_unknown && *w.at == '\0' && !w.out.failed;
    const char *text =
        is_whole ? test_need(arena_text(a, w.out.len != 0 ? w.out.data : "", w.out.len)) : NULL;
    buf_free(&w.out);
    return text;
}

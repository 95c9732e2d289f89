/** Hot path for the routes that use them: special_match allocates nothing. */
#include "app/router/special.h"

#include "base/buf.h"
#include "http/url.h"
#include "schema/pattern/pattern.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { UUID_LENGTH = 36 };

/* -- at start -- */

bool special_is_needed(const pattern_piece *pieces, unsigned count)
{
    return count > 1 || pieces->kind == SEGMENT_KIND || pieces->kind == SEGMENT_REGEX;
}

/** Whether the piece is checked by an expression. */
static bool is_expression(const pattern_piece *piece)
{
    return piece->kind == SEGMENT_REGEX || (piece->kind == SEGMENT_KIND && piece->is->check == NULL);
}

/** The bytes of every value; 0: they differ. */
static size_t fixed_length(const pattern_piece *piece)
{
    return piece->kind == SEGMENT_UUID ? UUID_LENGTH : piece->kind == SEGMENT_KIND ? piece->is->length : 0;
}

/** The wide parameter: see special.h. Of ints alone it is the last, since a '-' may begin one. */
static unsigned find_wide(const pattern_piece *pieces, unsigned count)
{
    unsigned wide = 0;
    segment_kind widest = SEGMENT_TEXT;
    for (unsigned i = 0; i < count; i++) {
        segment_kind kind = pieces[i].kind == SEGMENT_UUID ? SEGMENT_INT : pieces[i].kind;
        bool is_wider = kind > widest || (kind == SEGMENT_INT && kind == widest);
        if (kind == SEGMENT_TEXT || !is_wider || (fixed_length(&pieces[i]) != 0 && widest != SEGMENT_TEXT))
            continue;
        widest = fixed_length(&pieces[i]) != 0 ? SEGMENT_INT : kind;
        wide = i;
    }
    return wide;
}

/** Adds text as the inside of an expression. */
static void add_literal(buf *out, tern_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (strchr("\\^$.|?*+()[]{}", text.data[i]) != NULL)
            buf_add_text(out, "\\");
        buf_add(out, &text.data[i], 1);
    }
}

/** Adds an expression. An encoded '/' of the path is URL_SLASH_MARK while it is matched. */
static void add_rule(buf *out, tern_str rule)
{
    const char mark = URL_SLASH_MARK;
    for (size_t i = 0; i < rule.len; i++)
        buf_add(out, rule.data[i] == '/' ? &mark : &rule.data[i], 1);
}

static tern_str rule_of(const pattern_piece *piece)
{
    const char *known = piece->kind == SEGMENT_KIND ? piece->is->pattern : NULL;
    switch (piece->kind) {
    case SEGMENT_REGEX:
        return piece->rule;
    case SEGMENT_INT:
        return TERN_STR("-?[0-9]{1,19}");
    case SEGMENT_UUID:
        return TERN_STR("[0-9A-Fa-f-]{36}");
    default:
        return known != NULL ? (tern_str){known, strlen(known)} : TERN_STR("[\\s\\S]+");
    }
}

/** Compiles one expression alone: a mistake in it must not be hidden, or made, by what is around it. */
static bool check_rule(const pattern_piece *piece, char *problem)
{
    char why[160];
    buf text = {0};
    add_rule(&text, rule_of(piece));
    void *compiled = text.len != 0 && !text.failed ? pattern_compile_named(text.data, why, sizeof why) : NULL;
    bool is_right = compiled != NULL && pattern_group_count(compiled) == 0;
    if (!is_right)
        snprintf(problem, PATTERN_PROBLEM_BYTES, "{%.*s:...}: %s", (int)piece->text.len % 64,
                 piece->text.data,
                 text.failed        ? "out of memory"
                 : compiled == NULL ? why
                                    : "groups in an expression have no names");
    pattern_free(compiled);
    buf_free(&text);
    return is_right;
}

/** The whole segment as one expression, with a group for each parameter. */
static void print_expression(const router_special *s, buf *out)
{
    unsigned number = 0;
    buf_add_text(out, "^");
    for (unsigned i = 0; i < s->count; i++) {
        const pattern_piece *piece = &s->pieces[i];
        if (piece->kind == SEGMENT_TEXT) {
            add_literal(out, piece->text);
            continue;
        }
        buf_add_printf(out, "(?<p%u>", number++);
        add_rule(out, rule_of(piece));
        if (piece->kind == SEGMENT_PLAIN && i != s->wide)
            buf_add_text(out, "?"); /* as little as possible */
        buf_add_text(out, ")");
    }
    buf_add_text(out, "$");
}

bool special_compile(router_special *s, const pattern_piece *pieces, unsigned count,
                     char problem[PATTERN_PROBLEM_BYTES])
{
    char why[160];
    bool has_expression = false;
    *s = (router_special){.pieces = pieces, .count = (uint16_t)count};
    s->wide = (uint16_t)find_wide(pieces, count);
    for (unsigned i = 0; i < count; i++) {
        if (pieces[i].kind == SEGMENT_TEXT) {
            s->text_bytes += pieces[i].text.len;
            continue;
        }
        s->param_count++;
        if (!is_expression(&pieces[i]))
            continue;
        has_expression = true;
        if (!check_rule(&pieces[i], problem))
            return false;
    }
    if (!has_expression)
        return true;
    buf text = {0};
    print_expression(s, &text);
    s->expression = !text.failed ? pattern_compile_named(text.data, why, sizeof why) : NULL;
    if (s->expression == NULL)
        snprintf(problem, PATTERN_PROBLEM_BYTES, "{%.*s:...}: %s", (int)pieces[s->wide].text.len % 64,
                 pieces[s->wide].text.data, text.failed ? "out of memory" : why);
    buf_free(&text);
    return s->expression != NULL;
}

void special_free(router_special *s)
{
    pattern_free(s->expression);
}

static bool is_same_text(tern_str a, tern_str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

bool special_is_same(const pattern_piece *a, unsigned a_count, const pattern_piece *b, unsigned b_count)
{
    if (a_count != b_count)
        return false;
    for (unsigned i = 0; i < a_count; i++)
        if (a[i].kind != b[i].kind || !is_same_text(a[i].rule, b[i].rule) ||
            (a[i].kind == SEGMENT_TEXT && !is_same_text(a[i].text, b[i].text)))
            return false;
    return true;
}

static size_t text_bytes(const pattern_piece *pieces, unsigned count)
{
    size_t bytes = 0;
    for (unsigned i = 0; i < count; i++)
        bytes += pieces[i].kind == SEGMENT_TEXT ? pieces[i].text.len : 0;
    return bytes;
}

/** The order of two pieces that are not texts. */
static int piece_order(const pattern_piece *a, const pattern_piece *b)
{
    if (a->kind != b->kind)
        return a->kind < b->kind ? -1 : 1;
    if (a->kind != SEGMENT_KIND || a->is->order == b->is->order)
        return 0;
    return a->is->order < b->is->order ? -1 : 1;
}

int special_order(const pattern_piece *a, unsigned a_count, const pattern_piece *b, unsigned b_count)
{
    if (a_count == 1 && b_count == 1)
        return piece_order(a, b);
    if (a_count == 1 || b_count == 1) {
        bool a_is_first = a_count == 1 ? a->kind == SEGMENT_TEXT : b->kind != SEGMENT_TEXT;
        return a_is_first ? -1 : 1;
    }
    size_t a_bytes = text_bytes(a, a_count), b_bytes = text_bytes(b, b_count);
    if (a_bytes != b_bytes)
        return a_bytes > b_bytes ? -1 : 1;
    if (a_count != b_count)
        return 0;
    for (unsigned i = 0; i < a_count; i++) /* of the same texts, the first kind that differs decides */
        if ((a[i].kind == SEGMENT_TEXT) != (b[i].kind == SEGMENT_TEXT) ||
            (a[i].kind == SEGMENT_TEXT && !is_same_text(a[i].text, b[i].text)))
            return 0;
    int order = 0;
    for (unsigned i = 0; i < a_count && order == 0; i++)
        if (a[i].kind != SEGMENT_TEXT)
            order = piece_order(&a[i], &b[i]);
    return order;
}

/* -- of requests -- */

static bool is_value(const pattern_piece *piece, tern_str value)
{
    if (value.len == 0)
        return false;
    switch (piece->kind) {
    case SEGMENT_INT:
        return segment_is_int(value.data, value.len);
    case SEGMENT_UUID:
        return segment_is_uuid(value.data, value.len);
    case SEGMENT_KIND:
        return piece->is->check == NULL ||
               (memchr(value.data, URL_SLASH_MARK, value.len) == NULL && piece->is->check(value));
    default:
        return true; /* the expression was */
    }
}

/** Takes `text` from the front of `*left`; false when it is not there. */
static bool take_front(tern_str *left, tern_str text)
{
    if (left->len < text.len || memcmp(left->data, text.data, text.len) != 0)
        return false;
    left->data += text.len;
    left->len -= text.len;
    return true;
}

static bool take_back(tern_str *left, tern_str text)
{
    if (left->len < text.len || memcmp(left->data + left->len - text.len, text.data, text.len) != 0)
        return false;
    left->len -= text.len;
    return true;
}

/** Takes a parameter of at least one byte and the text after it; false when that does not follow. */
static bool take_first(tern_str *left, const pattern_piece *piece, tern_str text, tern_str *value)
{
    size_t fixed = fixed_length(piece), least = fixed != 0 ? fixed : 1;
    if (left->len < least + text.len)
        return false;
    const char *end =
        fixed != 0 ? left->data + fixed : memmem(left->data + least, left->len - least, text.data, text.len);
    if (end == NULL)
        return false;
    *value = (tern_str){left->data, (size_t)(end - left->data)};
    *left = (tern_str){end, left->len - value->len};
    return take_front(left, text);
}

/** Takes a parameter of at least one byte from the end, and the text before it. */
static bool take_last(tern_str *left, const pattern_piece *piece, tern_str text, tern_str *value)
{
    size_t fixed = fixed_length(piece), len = fixed != 0 ? fixed : 1;
    for (; len + text.len <= left->len; len++) {
        tern_str before = {left->data, left->len - len};
        if (take_back(&before, text)) {
            *value = (tern_str){left->data + left->len - len, len};
            *left = before;
            return true;
        }
        if (fixed != 0)
            return false;
    }
    return false;
}

/** Divides the segment: see special.h. */
static bool divide(const router_special *s, tern_str left, tern_str *params)
{
    const pattern_piece *pieces = s->pieces;
    unsigned first = 0, last = s->count - 1u, front = 0, back = s->param_count - 1u;
    if (pieces[first].kind == SEGMENT_TEXT && !take_front(&left, pieces[first++].text))
        return false;
    if (pieces[last].kind == SEGMENT_TEXT && !take_back(&left, pieces[last--].text))
        return false;
    for (; first < s->wide; first += 2)
        if (!take_first(&left, &pieces[first], pieces[first + 1].text, &params[front++]))
            return false;
    for (; last > s->wide; last -= 2)
        if (!take_last(&left, &pieces[last], pieces[last - 1].text, &params[back--]))
            return false;
    params[front] = left;
    return true;
}

bool special_match(const router_special *s, const char *text, size_t len, tern_str *params)
{
    if (s->expression != NULL ? !pattern_groups(s->expression, text, len, params, s->param_count)
                              : !divide(s, (tern_str){text, len}, params))
        return false;
    unsigned number = 0;
    for (unsigned i = 0; i < s->count; i++)
        if (s->pieces[i].kind != SEGMENT_TEXT && !is_value(&s->pieces[i], params[number++]))
            return false;
    return true;
}

bool special_read(const pattern_piece *first, tern_str text, tern_str *values)
{
    if (first->special != NULL)
        return special_match(first->special, text.data, text.len, values);
    if (first->kind == SEGMENT_TEXT)
        return is_same_text(first->text, text);
    values[0] = text;
    return is_value(first, text);
}

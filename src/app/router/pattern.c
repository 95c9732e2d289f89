#include "app/router/pattern.h"

#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { UUID_BYTES = 36 };

bool segment_is_uuid(const char *text, size_t len)
{
    if (len != UUID_BYTES)
        return false;
    for (size_t i = 0; i < UUID_BYTES; i++) {
        bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (is_dash ? text[i] != '-' : text_hex_value(text[i]) < 0)
            return false;
    }
    return true;
}

/** Writes the problem and returns false, so that a check reads `return refuse(...)`. */
__attribute__((format(printf, 2, 3))) static bool refuse(char *problem, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(problem, PATTERN_PROBLEM_BYTES, format, args);
    va_end(args);
    return false;
}

/** Long segments are cut in messages. */
static int shown(size_t len)
{
    return len > 40 ? 40 : (int)len;
}

static bool is_name(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char byte = text_lower((unsigned char)text[i]);
        bool is_letter = (byte >= 'a' && byte <= 'z') || byte == '_';
        if (!is_letter && (i == 0 || byte < '0' || byte > '9'))
            return false;
    }
    return len > 0;
}

const route_kind pattern_any_kind = {.name = ""};

/** Whether a rule is the name of a kind: letters, digits, '-' and '_', beginning with a letter. */
static bool is_kind_name(tern_str rule)
{
    for (size_t i = 0; i < rule.len; i++) {
        unsigned char byte = text_lower((unsigned char)rule.data[i]);
        bool is_other = (byte >= '0' && byte <= '9') || byte == '-' || byte == '_';
        if ((byte < 'a' || byte > 'z') && (i == 0 || !is_other))
            return false;
    }
    return true;
}

static bool is_text(tern_str text, const char *wanted)
{
    return text.len == strlen(wanted) && memcmp(text.data, wanted, text.len) == 0;
}

static bool ends_in_dots(const char *text, size_t len)
{
    return len >= 3 && memcmp(text + len - 3, "...", 3) == 0;
}

/** Reads what follows the colon of a parameter: a kind or an expression, at byte `at` of the pattern. */
static bool parse_rule(pattern_piece *piece, size_t at, const route_kind *own, char *problem)
{
    tern_str rule = piece->rule;
    size_t word = strcspn(rule.data, "(}");
    if (ends_in_dots(rule.data, rule.len))
        return refuse(problem, "\"%.*s\" at byte %zu: {name...} takes any text, so it has no kind",
                      shown(rule.len), rule.data, at);
    if (is_kind_name(rule)) {
        piece->kind = is_text(rule, "int")    ? SEGMENT_INT
                      : is_text(rule, "uuid") ? SEGMENT_UUID
                                              : SEGMENT_KIND;
        if (piece->kind != SEGMENT_KIND || own == &pattern_any_kind ||
            (rule.len != 0 && (piece->is = route_kind_find(own, rule)) != NULL))
            return true;
        return refuse(problem,
                      "\"%.*s\" at byte %zu is not a kind: the kinds are %s; an expression is written (%.*s)",
                      shown(rule.len), rule.data, at, route_kind_names, shown(rule.len), rule.data);
    }
    tern_str name = {rule.data, word < rule.len ? word : 0};
    if (is_text(name, "int") || is_text(name, "uuid") ||
        (name.len != 0 && route_kind_find(NULL, name) != NULL))
        return refuse(problem, "\"%.*s\" at byte %zu: the kind %.*s takes nothing in parentheses",
                      shown(rule.len), rule.data, at, (int)name.len, name.data);
    piece->kind = SEGMENT_REGEX;
    return true;
}

/** Reads the inside of braces, "name", "name:kind", "name:expression" or "name...", at byte `at` of the
 * pattern. */
static bool parse_parameter(pattern_piece *piece, const char *inside, size_t len, size_t at,
                            const route_kind *own, char *problem)
{
    const char *colon = memchr(inside, ':', len);
    size_t name_len = colon != NULL ? (size_t)(colon - inside) : len;
    piece->kind = SEGMENT_PLAIN;
    if (colon != NULL) {
        piece->rule = (tern_str){colon + 1, len - name_len - 1};
        if (name_len != 0 && !parse_rule(piece, at + name_len + 1, own, problem))
            return false;
    } else if (ends_in_dots(inside, len)) {
        piece->kind = SEGMENT_REST;
        name_len -= 3;
    }
    if (name_len == 0)
        return refuse(problem, "the parameter at byte %zu has no name", at);
    if (!is_name(inside, name_len))
        return refuse(problem, "\"%.*s\" at byte %zu is not a name: letters, digits and '_', no digit first",
                      shown(name_len), inside, at);
    piece->text = (tern_str){inside, name_len};
    return true;
}

/** Checks the text of a segment without parameters: text that a decoded path cannot contain never matches. */
static bool check_text(const char *text, size_t len, size_t at, bool is_first, char *problem)
{
    if (is_first && len > 0 && (text[0] == ':' || text[0] == '<' || text[0] == '*'))
        return refuse(problem, "\"%.*s\" at byte %zu: parameters are written {name}, {name:int} or {rest...}",
                      shown(len), text, at);
    for (size_t i = 0; i < len; i++) {
        unsigned char byte = (unsigned char)text[i];
        if (byte == '?' || byte == '#')
            return refuse(problem, "'%c' at byte %zu: a pattern is a path only", byte, at + i);
        if (byte == '}')
            return refuse(problem, "'}' at byte %zu does not end a parameter", at + i);
        if (byte < 0x20 || byte == 0x7f || byte == '\\')
            return refuse(problem, "byte %zu is 0x%02x, which a path cannot contain", at + i, byte);
    }
    if (!utf8_valid(text, len))
        return refuse(problem, "the segment at byte %zu is not UTF-8", at);
    return true;
}

/** The bytes of a parameter, with its braces; 0 when it is not closed. Braces in an expression come in pairs, or
 * are in a class or after a backslash. */
static size_t parameter_len(const char *text, size_t len)
{
    bool is_rule = false, is_class = false;
    unsigned depth = 0;
    for (size_t i = 0; i < len; i++) {
        char byte = text[i];
        if (byte == '/' && !is_rule)
            return 0;
        is_rule |= byte == ':';
        if (byte == '\\' && is_rule) {
            i++;
        } else if (is_class) {
            is_class = byte != ']';
        } else if (byte == '[' && is_rule) {
            is_class = true;
            i += i + 1 < len && text[i + 1] == '^';
            i += i + 1 < len && text[i + 1] == ']'; /* a first ']' is a member */
        } else if (byte == '{') {
            depth++;
        } else if (byte == '}' && --depth == 0) {
            return i + 1;
        }
    }
    return 0;
}

size_t pattern_segment_len(const char *text, char separator)
{
    size_t at = 0, len = strlen(text);
    while (at < len && text[at] != separator) {
        size_t skipped = text[at] == '{' ? parameter_len(text + at, len - at) : 0;
        at += skipped != 0 ? skipped : 1;
    }
    return at;
}

/** Room for one more piece, which begins a segment if it is the first since `begin`; NULL if there is none. */
static pattern_piece *add_piece(pattern *p, unsigned begin)
{
    if (p->count == PATTERN_PIECES_MAX)
        return NULL;
    pattern_piece *piece = &p->pieces[p->count++];
    *piece = (pattern_piece){.kind = SEGMENT_TEXT, .begins_segment = p->count == begin + 1};
    return piece;
}

/** Checks the newest piece, a parameter, against those before it. */
static bool check_parameter(pattern *p, unsigned begin, size_t at, char *problem)
{
    unsigned index = p->count - 1;
    const pattern_piece *piece = &p->pieces[index];
    int name_len = shown(piece->text.len);
    if (++p->param_count > ROUTE_PARAMS_MAX)
        return refuse(problem, "more than %d parameters", ROUTE_PARAMS_MAX);
    if (index > begin && p->pieces[index - 1].kind != SEGMENT_TEXT)
        return refuse(problem, "'{' at byte %zu: text must separate two parameters", at);
    for (unsigned i = 0; i < index; i++)
        if (p->pieces[i].kind != SEGMENT_TEXT && p->pieces[i].text.len == piece->text.len &&
            memcmp(p->pieces[i].text.data, piece->text.data, piece->text.len) == 0)
            return refuse(problem, "the name \"%.*s\" is used twice", name_len, piece->text.data);
    return true;
}

static bool check_segment(const pattern *p, unsigned begin, size_t at, char *problem)
{
    unsigned count = p->count - begin;
    const pattern_piece *first = &p->pieces[begin];
    tern_str text = first->text;
    if (count == 1 && first->kind == SEGMENT_TEXT && (is_text(text, ".") || is_text(text, "..")))
        return refuse(problem, "the segment \"%.*s\" at byte %zu can never match", (int)text.len, text.data,
                      at);
    for (unsigned i = begin; count > 1 && i < p->count; i++)
        if (p->pieces[i].kind == SEGMENT_REST)
            return refuse(problem, "{%.*s...} must be a whole segment", shown(p->pieces[i].text.len),
                          p->pieces[i].text.data);
    return true;
}

bool pattern_parse_segment(pattern *p, const char *text, size_t len, size_t at, const route_kind *own,
                           char problem[PATTERN_PROBLEM_BYTES])
{
    unsigned begin = p->count;
    size_t from = 0;
    do {
        pattern_piece *piece = add_piece(p, begin);
        const char *next = text + from;
        if (piece == NULL)
            return refuse(problem, "more than %d texts and parameters", PATTERN_PIECES_MAX);
        if (from < len && *next == '{') {
            size_t whole = parameter_len(next, len - from);
            if (whole == 0)
                return refuse(problem, "'{' at byte %zu is never closed", at + from);
            if (!parse_parameter(piece, next + 1, whole - 2, at + from + 1, own, problem) ||
                !check_parameter(p, begin, at + from, problem))
                return false;
            from += whole;
            continue;
        }
        const char *brace = memchr(next, '{', len - from);
        piece->text = (tern_str){next, brace != NULL ? (size_t)(brace - next) : len - from};
        if (!check_text(next, piece->text.len, at + from, from == 0, problem))
            return false;
        from += piece->text.len;
    } while (from < len);
    return check_segment(p, begin, at, problem);
}

bool pattern_parse(pattern *p, const char *text, const route_kind *own, char problem[PATTERN_PROBLEM_BYTES])
{
    p->count = p->segment_count = p->param_count = 0;
    if (text[0] != '/')
        return refuse(problem, "a pattern begins with '/'");
    for (size_t start = 1;;) {
        size_t len = pattern_segment_len(text + start, '/');
        bool is_last = text[start + len] == '\0';
        if (len == 0 && !is_last)
            return refuse(problem, "empty segment at byte %zu", start);
        if (p->segment_count++ == PATTERN_SEGMENTS_MAX)
            return refuse(problem, "more than %d segments", PATTERN_SEGMENTS_MAX);
        if (!pattern_parse_segment(p, text + start, len, start, own, problem))
            return false;
        const pattern_piece *last = &p->pieces[p->count - 1];
        if (last->kind == SEGMENT_REST && !is_last)
            return refuse(problem, "{%.*s...} must be the last segment", shown(last->text.len),
                          last->text.data);
        if (is_last)
            return true;
        start += len + 1;
    }
}

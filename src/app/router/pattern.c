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

/** Reads the inside of braces, "name", "name:type" or "name...", at byte `at` of the pattern. */
static bool parse_parameter(pattern_segment *segment, const char *inside, size_t len, size_t at,
                            char *problem)
{
    static const struct {
        const char *name;
        segment_kind kind;
    } types[] = {{"int", SEGMENT_INT}, {"uuid", SEGMENT_UUID}};
    const char *colon = memchr(inside, ':', len);
    size_t name_len = colon != NULL ? (size_t)(colon - inside) : len;

    segment->kind = SEGMENT_PLAIN;
    if (colon != NULL) {
        const char *type = colon + 1;
        size_t type_len = len - name_len - 1;
        for (size_t i = 0; i < sizeof types / sizeof *types; i++)
            if (type_len == strlen(types[i].name) && memcmp(type, types[i].name, type_len) == 0)
                segment->kind = types[i].kind;
        if (segment->kind == SEGMENT_PLAIN)
            return refuse(problem, "\"%.*s\" at byte %zu is not a type: the types are int and uuid",
                          shown(type_len), type, at + name_len + 1);
    } else if (len >= 3 && memcmp(inside + len - 3, "...", 3) == 0) {
        segment->kind = SEGMENT_REST;
        name_len -= 3;
    }
    if (name_len == 0)
        return refuse(problem, "the parameter at byte %zu has no name", at);
    if (!is_name(inside, name_len))
        return refuse(problem, "\"%.*s\" at byte %zu is not a name: letters, digits and '_', no digit first",
                      shown(name_len), inside, at);
    segment->text = (tern_str){inside, name_len};
    return true;
}

/** Checks the text of a segment without parameters: text that a decoded path cannot contain never matches. */
static bool check_text(const char *text, size_t len, size_t at, char *problem)
{
    if (len > 0 && (text[0] == ':' || text[0] == '<' || text[0] == '*'))
        return refuse(problem, "\"%.*s\" at byte %zu: parameters are written {name}, {name:int} or {rest...}",
                      shown(len), text, at);
    if ((len == 1 && text[0] == '.') || (len == 2 && memcmp(text, "..", 2) == 0))
        return refuse(problem, "the segment \"%.*s\" at byte %zu can never match", shown(len), text, at);
    for (size_t i = 0; i < len; i++) {
        unsigned char byte = (unsigned char)text[i];
        if (byte == '?' || byte == '#')
            return refuse(problem, "'%c' at byte %zu: a pattern is a path only", byte, at + i);
        if (byte == '{' || byte == '}')
            return refuse(problem, "'%c' at byte %zu: a parameter must be a whole segment", byte, at + i);
        if (byte < 0x20 || byte == 0x7f || byte == '\\')
            return refuse(problem, "byte %zu is 0x%02x, which a path cannot contain", at + i, byte);
    }
    if (!utf8_valid(text, len))
        return refuse(problem, "the segment at byte %zu is not UTF-8", at);
    return true;
}

static bool parse_segment(pattern_segment *segment, const char *text, size_t len, size_t at, char *problem)
{
    if (len == 0 || text[0] != '{') {
        *segment = (pattern_segment){.kind = SEGMENT_TEXT, .text = {text, len}};
        return check_text(text, len, at, problem);
    }
    const char *close = memchr(text, '}', len);
    if (close == NULL)
        return refuse(problem, "'{' at byte %zu is never closed", at);
    if (close != text + len - 1)
        return refuse(problem, "'%c' at byte %zu: a parameter must be a whole segment", close[1],
                      at + (size_t)(close - text) + 1);
    return parse_parameter(segment, text + 1, len - 2, at + 1, problem);
}

/** Checks the segments together: rest last, names different, not too many. */
static bool check_parameter(const pattern *p, unsigned index, bool is_last, char *problem)
{
    const pattern_segment *segment = &p->segments[index];
    int name_len = shown(segment->text.len);
    if (segment->kind == SEGMENT_REST && !is_last)
        return refuse(problem, "{%.*s...} must be the last segment", name_len, segment->text.data);
    if (p->param_count > ROUTE_PARAMS_MAX)
        return refuse(problem, "more than %d parameters", ROUTE_PARAMS_MAX);
    for (unsigned i = 0; i < index; i++)
        if (p->segments[i].kind != SEGMENT_TEXT && p->segments[i].text.len == segment->text.len &&
            memcmp(p->segments[i].text.data, segment->text.data, segment->text.len) == 0)
            return refuse(problem, "the name \"%.*s\" is used twice", name_len, segment->text.data);
    return true;
}

bool pattern_parse(pattern *p, const char *text, char problem[PATTERN_PROBLEM_BYTES])
{
    p->count = p->param_count = 0;
    if (text[0] != '/')
        return refuse(problem, "a pattern begins with '/'");
    for (size_t start = 1;;) {
        size_t len = strcspn(text + start, "/");
        bool is_last = text[start + len] == '\0';
        if (len == 0 && !is_last)
            return refuse(problem, "empty segment at byte %zu", start);
        if (p->count == PATTERN_SEGMENTS_MAX)
            return refuse(problem, "more than %d segments", PATTERN_SEGMENTS_MAX);
        pattern_segment *segment = &p->segments[p->count];
        if (!parse_segment(segment, text + start, len, start, problem))
            return false;
        if (segment->kind != SEGMENT_TEXT) {
            p->param_count++;
            if (!check_parameter(p, p->count, is_last, problem))
                return false;
        }
        p->count++;
        if (is_last)
            return true;
        start += len + 1;
    }
}

/** The parsed pattern of a route, like `/users/{id:int}`. */
#ifndef APP_ROUTER_PATTERN_H
#define APP_ROUTER_PATTERN_H

#include "app/router/router.h"
#include "base/text.h"

#include <tern/str.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** In order of precedence: where two patterns first differ, the smaller kind wins. */
typedef enum segment_kind {
    SEGMENT_TEXT,
    SEGMENT_INT,
    SEGMENT_UUID,
    SEGMENT_PLAIN,
    SEGMENT_REST,
    SEGMENT_KINDS
} segment_kind;

/** Deep enough for any API; it bounds the matcher's stack. */
enum { PATTERN_SEGMENTS_MAX = 64, PATTERN_PROBLEM_BYTES = 192 };

typedef struct pattern_segment {
    segment_kind kind;
    tern_str text; /* SEGMENT_TEXT: the text, "" after a last '/'; otherwise the parameter's name */
} pattern_segment;

typedef struct pattern {
    pattern_segment segments[PATTERN_SEGMENTS_MAX];
    unsigned count;
    unsigned param_count;
} pattern;

/**
 * Parses `text`; the segments point into it.
 *
 * @param problem  receives one clause with the mistake and its position, when false is returned.
 */
bool pattern_parse(pattern *p, const char *text, char problem[PATTERN_PROBLEM_BYTES]);

/** Whether a segment of a path is a value of `{name:int}`: -?[0-9]{1,19} that fits in int64_t. */
static inline bool segment_is_int(const char *text, size_t len)
{
    enum { INT_DIGITS = 19 };
    size_t sign = len > 0 && text[0] == '-', digits = len - sign;
    if (digits == 0 || digits > INT_DIGITS)
        return false;
    for (size_t i = sign; i < len; i++)
        if ((unsigned char)(text[i] - '0') > 9)
            return false;
    int64_t value;
    return digits < INT_DIGITS || text_get_i64(text, len, &value); /* fewer digits always fit */
}

/** Whether it is a value of `{name:uuid}`: 8-4-4-4-12 hexadecimal digits, either case. */
bool segment_is_uuid(const char *text, size_t len);

#endif

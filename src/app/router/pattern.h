/** The parsed pattern of a route, like `/users/{id:int}` or `/files/{name}.json`. */
#ifndef APP_ROUTER_PATTERN_H
#define APP_ROUTER_PATTERN_H

#include "app/router/kind.h"
#include "app/router/router.h"
#include "base/text.h"

#include <tern/str.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** What a segment, or a piece of one, is. In order of precedence: where two patterns first differ, the smaller
 * kind wins. */
typedef enum segment_kind {
    SEGMENT_TEXT,
    SEGMENT_MIXED, /* of segments only: several pieces, `{name}.json` */
    SEGMENT_INT,
    SEGMENT_UUID,
    SEGMENT_KIND,  /* any other kind, `{day:date}` */
    SEGMENT_REGEX, /* `{id:[0-9]+}` */
    SEGMENT_PLAIN,
    SEGMENT_REST,
    SEGMENT_KINDS
} segment_kind;

/** Deep enough for any API; it bounds the matcher's stack. */
enum {
    PATTERN_SEGMENTS_MAX = 64,
    PATTERN_PIECES_MAX = PATTERN_SEGMENTS_MAX + 2 * ROUTE_PARAMS_MAX,
    PATTERN_PROBLEM_BYTES = 256
};

/** A text or a parameter. */
typedef struct pattern_piece {
    segment_kind kind;
    bool begins_segment;  /* a '/' is before it */
    tern_str text;        /* SEGMENT_TEXT: the text, "" after a last '/'; otherwise the parameter's name */
    tern_str rule;        /* SEGMENT_REGEX: the expression; SEGMENT_KIND: the kind's name */
    const route_kind *is; /* SEGMENT_KIND; NULL: not looked up */
    /* of a segment's first piece, in a compiled router: how it is matched; NULL: as its kind alone */
    const struct router_special *special;
} pattern_piece;

typedef struct pattern {
    pattern_piece pieces[PATTERN_PIECES_MAX];
    unsigned count; /* of pieces */
    unsigned segment_count, param_count;
} pattern;

/** In place of a list of kinds: any name is taken for a kind, and none is looked up. */
extern const route_kind pattern_any_kind;

/**
 * Parses `text`; the pieces point into it.
 *
 * @param own      the application's kinds, newest first; or &pattern_any_kind.
 * @param problem  receives one clause with the mistake and its position, when false is returned.
 */
bool pattern_parse(pattern *p, const char *text, const route_kind *own, char problem[PATTERN_PROBLEM_BYTES]);

/** Parses one segment of a path, or label of a host, of `len` bytes that begin at byte `at` of the pattern:
 * adds its pieces to `p`. */
bool pattern_parse_segment(pattern *p, const char *text, size_t len, size_t at, const route_kind *own,
                           char problem[PATTERN_PROBLEM_BYTES]);

/** The bytes up to the next '/' or, with a separator '.', the next '.', that is not in braces. */
size_t pattern_segment_len(const char *text, char separator);

/** The number of pieces of the segment that begins with the first of `left` pieces. */
static inline unsigned pattern_segment_pieces(const pattern_piece *first, unsigned left)
{
    unsigned count = 1;
    while (count < left && !first[count].begins_segment)
        count++;
    return count;
}

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

/**
 * Segments that are matched by more than a text, an int, a uuid or any text: `{day:date}`, `{id:[0-9]+}`,
 * `{name}.json`, `{year}-{month}`.
 *
 * How a segment of several pieces is divided: the texts at its ends must be there. One parameter is *wide*: the
 * first plain one, otherwise the first of the widest kind. The parameters before it end at the first place
 * where the text after them follows, those after it begin at the last one, and the wide one takes the rest.
 * Then every parameter is checked. So `/{name}.{ext}` reads "a.tar.gz" as "a.tar" and "gz", and
 * `/{id:int}-{title}` reads "7-to-9" as 7 and "to-9". The work is proportional to the segment's length.
 *
 * If an expression is among several parameters, the whole segment becomes one expression, so that the engine
 * finds where each ends, in a bounded number of steps (schema/pattern).
 */
#ifndef APP_ROUTER_SPECIAL_H
#define APP_ROUTER_SPECIAL_H

#include "app/router/pattern.h"

typedef struct router_special {
    uint32_t next;               /* the next of the same node, which is less specific; 0: none */
    uint32_t child;              /* node */
    const pattern_piece *pieces; /* of the segment */
    uint16_t count, param_count;
    uint16_t wide;     /* index of the wide parameter */
    size_t text_bytes; /* of its texts: the more, the more specific */
    void *expression;  /* compiled; NULL: none */
} router_special;

/** Whether these pieces, one segment, need a router_special. */
bool special_is_needed(const pattern_piece *pieces, unsigned count);
/** Fills in `s` for these pieces; false with the mistake in `problem`. */
bool special_compile(router_special *s, const pattern_piece *pieces, unsigned count,
                     char problem[PATTERN_PROBLEM_BYTES]);
void special_free(router_special *s);
/** Whether the segment matches; its parameters are then in `params`, slices of `text`. */
bool special_match(const router_special *s, const char *text, size_t len, tern_str *params);
/** Whether the text matches a segment of a compiled router, of any kind but {rest...}, that begins with this
 * piece; the values of its parameters are then in `values`. */
bool special_read(const pattern_piece *first, tern_str text, tern_str *values);
/** Whether both are the same apart from names of parameters. */
bool special_is_same(const pattern_piece *a, unsigned a_count, const pattern_piece *b, unsigned b_count);
/** Below 0 if segment `a` comes before `b`, by what they are alone; above 0 if after; 0 if neither. */
int special_order(const pattern_piece *a, unsigned a_count, const pattern_piece *b, unsigned b_count);
/** Whether a text may match both segments: false only if that is certain. False also when out of memory, with
 * `*memory_short` set. (overlap.c) */
bool special_may_overlap(const pattern_piece *a, unsigned a_count, const pattern_piece *b, unsigned b_count,
                         bool *memory_short);

#endif

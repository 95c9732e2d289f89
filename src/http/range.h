/** Byte ranges: the Range and If-Range headers, and Content-Range (RFC 9110 section 14). */
#ifndef HTTP_RANGE_H
#define HTTP_RANGE_H

#include <tern/str.h>

#include <stdint.h>

enum {
    HTTP_RANGES_MAX = 16,  /* ranges of one reply, after overlapping ones were joined */
    HTTP_OVERLAPS_MAX = 2, /* ranges that overlap an earlier one */
    HTTP_CONTENT_RANGE_BYTES = sizeof "bytes 18446744073709551615-18446744073709551615/18446744073709551615"
};

/** A part of a representation: at least one byte, all within it. */
typedef struct http_range {
    uint64_t first, length; /* in bytes */
} http_range;

typedef struct http_ranges {
    unsigned count;
    http_range list[HTTP_RANGES_MAX]; /* as asked for, in the request's order */
} http_ranges;

/** What a Range header means for a representation. */
typedef enum http_range_answer {
    HTTP_RANGE_WHOLE,        /* it is ignored: the whole representation is sent */
    HTTP_RANGE_PARTS,        /* 206 with the ranges */
    HTTP_RANGE_UNSATISFIABLE /* 416: every range begins after the last byte, or is the last 0 bytes */
} http_range_answer;

/**
 * Reads `value`, a Range header, for a representation of `size` bytes.
 *
 * @param ranges  receives the parts after HTTP_RANGE_PARTS: at least one, none touching another.
 *
 * A range that ends after the last byte ends there; one that begins after it is left out. Ranges that overlap
 * or adjoin an earlier one are joined with it. The header is ignored when its unit is not bytes, when
 * anything in it breaks the grammar (also a range that ends before it begins), when the representation is
 * empty, and when it asks for too much: more than HTTP_RANGES_MAX parts, or more than HTTP_OVERLAPS_MAX
 * overlaps. Numbers may have any length. Takes time linear in the length of `value`.
 */
http_range_answer http_ranges_read(tern_str value, uint64_t size, http_ranges *ranges);

/** Writes the value of Content-Range for a part: "bytes 0-9/100". Returns its length without the NUL. */
size_t http_content_range(char out[HTTP_CONTENT_RANGE_BYTES], const http_range *range, uint64_t size);
/** Writes the value of Content-Range of a 416, which has a star in place of the part. */
size_t http_content_range_unsatisfied(char out[HTTP_CONTENT_RANGE_BYTES], uint64_t size);

#endif

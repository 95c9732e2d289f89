/**
 * Text that can be in a JSON string unescaped: all bytes from ' ' up, except '"' and '\\'. Whether bytes from
 * 0x80 are UTF-8 is checked once the whole text is copied.
 *
 * Hot path: every text of every JSON reply. Nothing is read outside the text, nothing written outside its
 * copy.
 */
#ifndef SCHEMA_JSON_PLAIN_H
#define SCHEMA_JSON_PLAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline bool json_plain_byte(unsigned char byte)
{
    return byte >= 0x20 && byte != '"' && byte != '\\';
}

#define JSON_HIGH_BITS UINT64_C(0x8080808080808080)

/** Whether all eight bytes are plain. A zero byte is found by the borrow of a subtraction, which may also
 * mark the byte above it: the result is exact as a whole, not for each byte. */
static inline bool json_plain_word(uint64_t word)
{
    const uint64_t ones = 0x0101010101010101;
    uint64_t quote = word ^ (ones * '"'), back = word ^ (ones * '\\');
    uint64_t bad = ((word - ones * 0x20) & ~word) | ((quote - ones) & ~quote) | ((back - ones) & ~back);
    return (bad & JSON_HIGH_BITS) == 0;
}

/**
 * Copies the plain bytes at the front of `from` (`len` bytes) to `to`, perhaps with some after them (never
 * more than `len`), and returns the number of plain ones. Sets a bit of `*high` when a copied byte is 0x80 or
 * more.
 */
typedef size_t json_copy_plain(char *to, const char *from, size_t len, uint64_t *high);

json_copy_plain json_copy_plain_scalar;
/** Uses the vectors that every processor of the architecture has (SSE2, NEON), or the scalar version
 * elsewhere. */
json_copy_plain json_copy_plain_16;
#if defined(__x86_64__)
json_copy_plain json_copy_plain_avx2;
#endif
/** The fastest version for long texts on this processor; does not change after start. */
extern json_copy_plain *json_copy_plain_best;

/** Copies `len` bytes, from `size` to twice `size`, if they are plain. Uses two words that may overlap;
 * `size` is 4 or 8. */
static inline bool json_copy_short(char *to, const char *from, size_t len, size_t size, uint64_t *high)
{
    uint64_t first = 0x2020202020202020, last = first;
    memcpy(&first, from, size);
    memcpy(&last, from + len - size, size);
    if (!json_plain_word(first) || !json_plain_word(last))
        return false;
    memcpy(to, &first, size);
    memcpy(to + len - size, &last, size);
    *high |= (first | last) & JSON_HIGH_BITS;
    return true;
}

/** Like json_copy_plain, for short texts, the usual case: calls a function only for long or not plain
 * ones. */
static inline size_t json_copy_plain_any(char *to, const char *from, size_t len, uint64_t *high)
{
    if (len > 16)
        return len < 64 ? json_copy_plain_16(to, from, len, high) : json_copy_plain_best(to, from, len, high);
    if (len >= 8 ? json_copy_short(to, from, len, 8, high)
                 : len >= 4 && json_copy_short(to, from, len, 4, high))
        return len;
    return json_copy_plain_scalar(to, from, len, high);
}

#endif

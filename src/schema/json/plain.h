/**
 * Text that may stand in a JSON string as it is: all bytes from ' ' on, but for '"' and '\\'; whether those
 * from 0x80 on are UTF-8 is looked at when all of a text is copied.
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

/** Whether all eight bytes are plain. A zero byte is found by the borrow of a subtraction, so a byte above it
 * may be blamed too: exact as a whole, not by byte. */
static inline bool json_plain_word(uint64_t word)
{
    const uint64_t ones = 0x0101010101010101;
    uint64_t quote = word ^ (ones * '"'), back = word ^ (ones * '\\');
    uint64_t bad = ((word - ones * 0x20) & ~word) | ((quote - ones) & ~quote) | ((back - ones) & ~back);
    return (bad & JSON_HIGH_BITS) == 0;
}

/**
 * Copies the plain bytes that `from` (of `len`) begins with to `to`, perhaps some after them too (never more
 * than `len`), and returns how many they are. `*high` gets a bit when one of the bytes copied is 0x80 or
 * more.
 */
typedef size_t json_copy_plain(char *to, const char *from, size_t len, uint64_t *high);

json_copy_plain json_copy_plain_scalar;
/** With the vectors that every processor of its kind has (SSE2, NEON), and the scalar one where there are
 * none. */
json_copy_plain json_copy_plain_16;
#if defined(__x86_64__)
json_copy_plain json_copy_plain_avx2;
#endif
/** The best for long texts on this processor; never changes after start. */
extern json_copy_plain *json_copy_plain_best;

/** Copies `len` bytes, from `size` to twice that many, when they are plain. Two words that may overlap;
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

/** As json_copy_plain, for the short texts that most are: a call only for what is long or not plain. */
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

/**
 * Text that may stand in a JSON string as it is: ASCII from ' ' on, but for '"' and '\'.
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
    return byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\';
}

/** Whether all eight bytes are plain. A zero byte is found by the borrow of a subtraction, so a byte above it
 * may be blamed too: exact as a whole, not by byte. */
static inline bool json_plain_word(uint64_t word)
{
    const uint64_t ones = 0x0101010101010101, tops = 0x8080808080808080;
    uint64_t quote = word ^ (ones * '"'), back = word ^ (ones * '\\');
    uint64_t bad = (word - ones * 0x20) | (quote - ones) | (back - ones) | word;
    return (bad & tops) == 0;
}

/** Copies the plain bytes that `from` (of `len`) begins with to `to`, perhaps some after them too (never more
 * than `len`), and returns how many they are. */
typedef size_t json_copy_plain(char *to, const char *from, size_t len);

json_copy_plain json_copy_plain_scalar;
/** With the vectors that every processor of its kind has (SSE2, NEON), and the scalar one where there are
 * none. */
json_copy_plain json_copy_plain_16;
#if defined(__x86_64__)
json_copy_plain json_copy_plain_avx2;
#endif
/** The best for long texts on this processor; never changes after start. */
extern json_copy_plain *json_copy_plain_best;

/** As json_copy_plain, for the short texts that most are: a call only for what is long or not plain. */
static inline size_t json_copy_plain_any(char *to, const char *from, size_t len)
{
    uint64_t first, last;
    if (len > 16)
        return len < 64 ? json_copy_plain_16(to, from, len) : json_copy_plain_best(to, from, len);
    if (len >= 8) {
        memcpy(&first, from, 8);
        memcpy(&last, from + len - 8, 8);
        if (!json_plain_word(first) || !json_plain_word(last))
            return json_copy_plain_scalar(to, from, len);
        memcpy(to, &first, 8);
        memcpy(to + len - 8, &last, 8);
        return len;
    }
    return json_copy_plain_scalar(to, from, len);
}

#endif

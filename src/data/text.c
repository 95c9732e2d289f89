/*
 * Hot path: runs for each text of each row. Texts are usually short: a call of memcpy would cost more than
 * the copy.
 */
#include "data/text.h"

#include "base/text.h"

#include <stdint.h>
#include <string.h>

/* Sixteen bytes at once, with the processor's vector instructions. */
typedef uint8_t sixteen __attribute__((vector_size(16)));

/* Finds doubtful bytes: not ASCII, or NUL. The result is 0 when there are none: it has the highest bit of
 * each byte, and of the byte minus one. A borrow comes only from a NUL, which is already reported. */
static inline uint64_t doubts(uint64_t word)
{
    return (word | (word - 0x0101010101010101u)) & 0x8080808080808080u;
}

/* Each of these copies if `to` is given, and returns the bits of doubtful bytes. */

static inline uint64_t take_eight(char *to, const char *from)
{
    uint64_t word;
    memcpy(&word, from, sizeof word);
    if (to != NULL)
        memcpy(to, &word, sizeof word);
    return doubts(word);
}

static inline sixteen take_sixteen(char *to, const char *from)
{
    sixteen bytes;
    memcpy(&bytes, from, sizeof bytes);
    if (to != NULL)
        memcpy(to, &bytes, sizeof bytes);
    return bytes | (bytes - 1);
}

/* 16 bytes or more: the last sixteen may overlap those before. */
static inline uint64_t take_many(char *to, const char *from, size_t len)
{
    sixteen seen = {0};
    uint64_t halves[2];
    size_t last = len - sizeof seen;
    for (size_t i = 0; i < last; i += sizeof seen)
        seen |= take_sixteen(to != NULL ? to + i : NULL, from + i);
    seen |= take_sixteen(to != NULL ? to + last : NULL, from + last);
    memcpy(halves, &seen, sizeof halves);
    return (halves[0] | halves[1]) & 0x8080808080808080u;
}

/* 4 to 7 bytes: the last four may overlap the first four. */
static inline uint64_t take_some(char *to, const char *from, size_t len)
{
    uint32_t first, last;
    size_t rest = len - sizeof last;
    memcpy(&first, from, sizeof first);
    memcpy(&last, from + rest, sizeof last);
    if (to != NULL) {
        memcpy(to, &first, sizeof first);
        memcpy(to + rest, &last, sizeof last);
    }
    return doubts(first | (uint64_t)last << 32);
}

static inline uint64_t take_few(char *to, const char *from, size_t len)
{
    unsigned seen = 0;
    for (size_t i = 0; i < len; i++) {
        unsigned char byte = (unsigned char)from[i];
        if (to != NULL)
            to[i] = from[i];
        seen |= byte | (byte - 1u);
    }
    return seen & 0x80;
}

static inline __attribute__((always_inline)) uint64_t take(char *to, const char *from, size_t len)
{
    if (len >= sizeof(sixteen))
        return take_many(to, from, len);
    if (len < sizeof(uint32_t))
        return take_few(to, from, len);
    if (len < sizeof(uint64_t))
        return take_some(to, from, len);
    size_t last = len - sizeof(uint64_t);
    return take_eight(to, from) | take_eight(to != NULL ? to + last : NULL, from + last);
}

static __attribute__((noinline)) bool is_sound(const char *text, size_t len)
{
    return memchr(text, '\0', len) == NULL && utf8_valid(text, len);
}

bool data_text_is_sound(const char *text, size_t len)
{
    return take(NULL, text, len) == 0 || is_sound(text, len);
}

/* The number in a \u escape's four digits; the JSON's grammar is already checked. */
static unsigned escaped(const char *digits)
{
    unsigned value = 0;
    for (int i = 0; i < 4; i++)
        value = value * 16 + (unsigned)text_hex_value(digits[i]);
    return value;
}

bool data_json_is_sound(const char *json, size_t len)
{
    enum { HIGH = 0xd800, LOW = 0xdc00, AFTER_LOW = 0xe000, ESCAPE_BYTES = 6 };
    const char *end = json + len, *at = json;
    while ((at = memchr(at, '\\', (size_t)(end - at))) != NULL) {
        if (end - at < ESCAPE_BYTES || at[1] != 'u') {
            at += end - at < 2 ? 1 : 2; /* a short escape; a backslash too */
            continue;
        }
        unsigned unit = escaped(at + 2);
        at += ESCAPE_BYTES;
        if (unit == 0 || (unit >= LOW && unit < AFTER_LOW))
            return false;
        if (unit < HIGH || unit >= AFTER_LOW)
            continue;
        unsigned next = end - at >= ESCAPE_BYTES && at[0] == '\\' && at[1] == 'u' ? escaped(at + 2) : 0;
        if (next < LOW || next >= AFTER_LOW)
            return false;
        at += ESCAPE_BYTES;
    }
    return true;
}

bool data_text_copy(char *to, const char *text, size_t len)
{
    to[len] = '\0';
    return take(to, text, len) == 0 || is_sound(text, len);
}

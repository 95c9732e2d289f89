/** Small facts about bytes and numbers in text. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** ASCII lower case; other bytes unchanged, whatever the locale. */
static inline unsigned char text_lower(unsigned char byte)
{
    return (unsigned char)(byte - 'A') < 26 ? (unsigned char)(byte | 0x20) : byte;
}

/** Whether the `len` bytes at `a` and `b` are equal, ignoring ASCII case. */
bool text_equal_nocase(const char *a, const char *b, size_t len);

/** How many letters must be added, dropped or changed to make one word the other; large for long words. */
unsigned text_distance(const char *a, const char *b);

/** Length (1 to 4) of the valid UTF-8 sequence at `s` (RFC 3629: no overlong, no surrogate), 0 when there is
 * none. */
size_t utf8_sequence(const char *s, size_t len);
/** Whether all `len` bytes are valid UTF-8. */
bool utf8_valid(const char *s, size_t len);

enum { TEXT_JSON_BYTES = 6 }; /* the longest that one character becomes: \uXXXX */

/** Writes the first character of `s` (len > 0) as the inside of a JSON string, by the rules of buf_add_json;
 * `*out_len` receives the bytes written (1 to TEXT_JSON_BYTES, no NUL). Returns the bytes of `s` it stood
 * for. */
size_t text_json_escape(const char *s, size_t len, char *out, size_t *out_len);

/** How many words `text` has that bytes of `dividers` part. */
size_t text_count_words(const char *text, const char *dividers);

/** Value of a hexadecimal digit, or -1. */
int text_hex_value(char digit);

/** Writes `value` in decimal at `out` (20 bytes are always enough, no NUL); returns the digits written. */
size_t text_put_u64(char *out, uint64_t value);

/** Reads exactly `len` decimal digits (1 to 20, no sign) into `*value`; false on anything else or
 * overflow. */
bool text_get_u64(const char *text, size_t len, uint64_t *value);
/** Reads an optional '-' and decimal digits; false on anything else or overflow. */
bool text_get_i64(const char *text, size_t len, int64_t *value);

#endif

#include "crypto/base64url.h"

#include <stdint.h>

/* 1 when a <= x <= b, computed without a branch or a look-up; all are below 256. */
static inline unsigned is_between(unsigned x, unsigned a, unsigned b)
{
    return ((a - 1 - x) >> 31) & ((x - b - 1) >> 31);
}

static inline char letter_of(unsigned six)
{
    unsigned letter = is_between(six, 0, 25) * ('A' + six) + is_between(six, 26, 51) * ('a' + six - 26) +
                      is_between(six, 52, 61) * ('0' + six - 52) + is_between(six, 62, 62) * '-' +
                      is_between(six, 63, 63) * '_';
    return (char)letter;
}

/* The six bits of a letter; 64 or more when it is not one. */
static inline unsigned six_of(unsigned char letter)
{
    unsigned upper = is_between(letter, 'A', 'Z'), lower = is_between(letter, 'a', 'z'),
             digit = is_between(letter, '0', '9'), minus = is_between(letter, '-', '-'),
             line = is_between(letter, '_', '_');
    unsigned six = upper * (letter - (unsigned)'A') + lower * (letter - (unsigned)'a' + 26) +
                   digit * (letter - (unsigned)'0' + 52) + minus * 62 + line * 63;
    return six | (((upper | lower | digit | minus | line) ^ 1) << 6);
}

size_t base64url_write(const void *data, size_t len, char *out)
{
    const uint8_t *in = data;
    size_t at = 0;
    for (size_t i = 0; i < len; i += 3) {
        size_t left = len - i;
        unsigned bits = (unsigned)in[i] << 16 | (left > 1 ? (unsigned)in[i + 1] << 8 : 0) |
                        (left > 2 ? (unsigned)in[i + 2] : 0);
        out[at++] = letter_of(bits >> 18);
        out[at++] = letter_of(bits >> 12 & 63);
        if (left > 1)
            out[at++] = letter_of(bits >> 6 & 63);
        if (left > 2)
            out[at++] = letter_of(bits & 63);
    }
    return at;
}

long base64url_parse(const char *text, size_t len, void *out)
{
    uint8_t *to = out;
    size_t at = 0;
    unsigned bits = 0, wrong = len % 4 == 1;
    for (size_t i = 0; i < len; i++) {
        unsigned six = six_of((unsigned char)text[i]);
        wrong |= six >> 6;
        bits = bits << 6 | (six & 63);
        if (i % 4 != 0)
            to[at++] = (uint8_t)(bits >> (6 - 2 * (i % 4)));
    }
    if (len % 4 == 2)
        wrong |= bits & 15;
    if (len % 4 == 3)
        wrong |= bits & 3;
    return wrong != 0 ? -1 : (long)at;
}

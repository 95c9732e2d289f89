/**
 * Strings. One without escapes stays where it is and ends in a NUL in the place of its closing quote; escapes
 * are decoded where they stand, since what they stand for is never longer.
 *
 * Hot path: must not allocate or copy what has no escape before it.
 */
#include "schema/json_read.h"
#include "schema/json_scan.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

/** As json_scan_text. Most strings end within 32 bytes: those do not pay for a call. */
static inline const char *scan_text(const json_reader *r, const char *from, bool *is_high)
{
#if defined(__SSE2__)
    for (const char *last = from + 32; from != last && r->end - from >= 16; from += 16) {
        __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)from);
        __m128i stops = _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('"')),
                                     _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\')));
        stops = _mm_or_si128(stops, _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1f)), bytes));
        unsigned stop_bits = (unsigned)_mm_movemask_epi8(stops), high = (unsigned)_mm_movemask_epi8(bytes);
        if (stop_bits != 0) {
            *is_high |= (high & ((stop_bits & (0 - stop_bits)) - 1)) != 0;
            return from + __builtin_ctz(stop_bits);
        }
        *is_high |= high != 0;
    }
#endif
    return json_scan_best->text(r->begin, from, r->end, is_high);
}

/** memmove to a place before, where a call would cost more than the few bytes between two escapes. */
static inline void move_up(char *to, const char *from, size_t len)
{
    uint64_t first, last;
    if (len > 16) {
        memmove(to, from, len);
    } else if (len >= 8) {
        memcpy(&first, from, 8);
        memcpy(&last, from + len - 8, 8);
        memcpy(to, &first, 8);
        memcpy(to + len - 8, &last, 8);
    } else {
        for (size_t i = 0; i < len; i++)
            to[i] = from[i];
    }
}

static char *put_utf8(char *to, unsigned c)
{
    if (c < 0x80) {
        *to++ = (char)c;
        return to;
    }
    if (c < 0x800) {
        *to++ = (char)(0xc0 | c >> 6);
    } else if (c < 0x10000) {
        *to++ = (char)(0xe0 | c >> 12);
        *to++ = (char)(0x80 | (c >> 6 & 0x3f));
    } else {
        *to++ = (char)(0xf0 | c >> 18);
        *to++ = (char)(0x80 | (c >> 12 & 0x3f));
        *to++ = (char)(0x80 | (c >> 6 & 0x3f));
    }
    *to++ = (char)(0x80 | (c & 0x3f));
    return to;
}

/** The first quote, backslash or control byte from r->at on is no quote: moves what follows the escapes
 * up. Returns the end of the decoded text, whose closing quote r->at is on then; NULL when reading ended. */
static char *decode_rest(json_reader *r, char *begin, bool *is_high)
{
    char *to = (char *)(uintptr_t)r->at;
    bool has_newline = false;
    while (*r->at != '"') {
        unsigned character;
        size_t len = *r->at == '\\' ? json_escape(r->at + 1, r->end, &character) : 0;
        if (len == 0) {
            json_stop_text(r);
            return NULL;
        }
        if (character == '\n') {
            if (!has_newline)
                json_note_line(r, begin);
            has_newline = true;
            r->made_lines++;
        }
        r->has_nul |= character == 0;
        to = put_utf8(to, character);
        const char *from = r->at + 1 + len;
        r->at = scan_text(r, from, is_high);
        size_t plain = (size_t)(r->at - from);
        move_up(to, from, plain);
        to += plain;
    }
    if (has_newline)
        r->counted = r->at;
    return to;
}

char *json_read_text(json_reader *r)
{
    char *begin = (char *)(uintptr_t)++r->at;
    bool is_high = false;
    r->has_nul = false;
    r->at = scan_text(r, r->at, &is_high);
    char *end = (char *)(uintptr_t)r->at;
    if (__builtin_expect(*end != '"', 0)) {
        end = decode_rest(r, begin, &is_high);
        if (end == NULL)
            return NULL;
    }
    r->text_len = (size_t)(end - begin);
    if (is_high && !json_scan_best->utf8(begin, r->text_len)) {
        json_stop(r, "text before this is not UTF-8");
        return NULL;
    }
    *end = '\0';
    r->at++;
    return begin;
}

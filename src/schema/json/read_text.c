/**
 * Reads strings. One without escapes stays in place, and a NUL replaces its closing quote; escapes are
 * decoded in place, since a decoded character is never longer than its escape.
 *
 * Hot path: must not allocate, or copy text that has no escape before it.
 */
#include "schema/json/read.h"
#include "schema/json/scan.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#if defined(__SSE2__)

/** A bit for each of 16 bytes that is a '"', a '\\' or below ' '; `*high`: for each that is not ASCII. */
static inline unsigned stops_of(const char *at, unsigned *high)
{
    __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)at);
    __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1f)), bytes);
    __m128i quote = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"')),
            back = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
    *high = (unsigned)_mm_movemask_epi8(bytes);
    return (unsigned)_mm_movemask_epi8(_mm_or_si128(control, _mm_or_si128(quote, back)));
}

#endif

/** Like json_scan_text, for text between two escapes, which is usually short. */
static inline const char *scan_near(const json_reader *r, const char *from, bool *is_high)
{
#if defined(__SSE2__)
    if (r->end - from >= 16) {
        unsigned high, stops = stops_of(from, &high);
        *is_high |= (high & (stops ^ (stops - 1))) != 0;
        if (stops != 0)
            return from + __builtin_ctz(stops);
        from += 16;
    }
#endif
    return json_scan_best->text(r->begin, from, r->end, is_high);
}

/** memmove to a lower address, inline: a call would cost more than the few bytes between two escapes. */
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

/** Decodes a string whose first quote, backslash or control byte from r->at is not a quote: moves the text
 * after each escape up. Returns the end of the decoded text, with r->at on its closing quote; NULL when
 * reading ended. */
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
            if (r->made_lines++ == 0)
                r->made_first = begin;
        }
        r->has_nul |= character == 0;
        to = put_utf8(to, character);
        const char *from = r->at + 1 + len;
        r->at = scan_near(r, from, is_high);
        size_t plain = (size_t)(r->at - from);
        move_up(to, from, plain);
        to += plain;
    }
    if (has_newline)
        r->counted = r->at;
    return to;
}

/** Reads a string that is long, or not ASCII, or has escapes: r->at is on its first byte, and it is plain
 * ASCII up to `from`. */
static __attribute__((noinline)) char *read_any_text(json_reader *r, const char *from)
{
    char *begin = (char *)(uintptr_t)r->at;
    bool is_high = false;
    r->at = scan_near(r, from, &is_high);
    char *end = (char *)(uintptr_t)r->at;
    if (*end != '"') {
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

char *json_read_text(json_reader *r)
{
    char *begin = (char *)(uintptr_t)++r->at, *from = begin;
    r->has_nul = false;
#if defined(__SSE2__)
    for (; from != begin + 32 && r->end - from >= 16; from += 16) {
        unsigned high, stops = stops_of(from, &high);
        if (stops == 0 && high == 0)
            continue;
        char *end = from + (stops != 0 ? __builtin_ctz(stops) : 0);
        if (*end != '"' || (high & (stops ^ (stops - 1))) != 0)
            break;
        *end = '\0';
        r->text_len = (size_t)(end - begin);
        r->at = end + 1;
        return begin;
    }
#endif
    return read_any_text(r, from);
}

/**
 * The front of a decimal number as one whole number: sixteen digits, with the point anywhere among them.
 *
 * Hot path: no loop, no branch on the digits. Uses the vectors that every x86-64 has, and eight digits at a
 * time in a register elsewhere; both give the same result.
 */
#ifndef SCHEMA_NUMBER_LEADING_DIGITS_H
#define SCHEMA_NUMBER_LEADING_DIGITS_H

#include "schema/number/read.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

typedef struct number_front {
    uint64_t digits; /* sixteen, padded with zeros */
    unsigned count;  /* of the digits in the text */
    unsigned whole;  /* before the point; if all, there is no point, and `digits` is not set */
} number_front;

#if defined(__SSE2__)

/** All bits of the first `count` bytes. */
static inline __m128i number_first_bytes(unsigned count)
{
    static const uint8_t bytes[32] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                      0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    return _mm_loadu_si128((const __m128i *)(const void *)(bytes + 16 - count));
}

static inline __m128i number_load_sixteen(const char *at)
{
    return _mm_xor_si128(_mm_loadu_si128((const __m128i *)(const void *)at), _mm_set1_epi8('0'));
}

/** The number of digits before the first other byte; 16 if there is none. */
static inline unsigned number_count_sixteen(__m128i digits)
{
    __m128i is_digit = _mm_cmpeq_epi8(_mm_min_epu8(digits, _mm_set1_epi8(9)), digits);
    return (unsigned)__builtin_ctz((unsigned)_mm_movemask_epi8(is_digit) ^ 0x1ffff);
}

/** Pairs of digits, then fours, then eights. */
static inline uint64_t number_sixteen_digits(__m128i digits)
{
    __m128i pairs = _mm_srli_epi16(_mm_mullo_epi16(digits, _mm_set1_epi16(10 * 256 + 1)), 8);
    __m128i fours = _mm_madd_epi16(pairs, _mm_set1_epi32(1 << 16 | 100));
    __m128i eights = _mm_madd_epi16(_mm_packs_epi32(fours, fours), _mm_set1_epi32(1 << 16 | 10000));
    uint64_t both;
    _mm_storel_epi64((__m128i *)(void *)&both, eights);
    return (uint64_t)(uint32_t)both * 100000000 + (both >> 32);
}

/** Reads 17 bytes. */
static inline number_front number_take_front(const char *at)
{
    __m128i digits = number_load_sixteen(at);
    unsigned whole = number_count_sixteen(digits);
    number_front front = {.count = whole, .whole = whole};
    if (at[whole] != '.')
        return front;
    __m128i before = number_first_bytes(whole);
    digits =
        _mm_or_si128(_mm_and_si128(before, digits), _mm_andnot_si128(before, number_load_sixteen(at + 1)));
    front.count = number_count_sixteen(digits);
    front.digits = number_sixteen_digits(_mm_and_si128(digits, number_first_bytes(front.count)));
    return front;
}

#else

/** The first `count` bytes (at most 8) of eight. */
static inline uint64_t number_first_of_eight(uint64_t eight, unsigned count)
{
    return count < 8 ? eight & ((UINT64_C(1) << 8 * count) - 1) : eight;
}

static inline number_front number_take_front(const char *at)
{
    uint64_t first = number_load_eight(at), last = number_load_eight(at + 9);
    unsigned whole = number_count_before(number_others(first));
    if (whole == 8)
        whole += number_count_before(number_others(number_load_eight(at + 8)));
    number_front front = {.count = whole, .whole = whole};
    if (at[whole] != '.')
        return front;
    if (whole < 8)
        first = number_first_of_eight(first, whole) |
                (number_load_eight(at + 1) & ~number_first_of_eight(~UINT64_C(0), whole));
    else
        last = number_first_of_eight(number_load_eight(at + 8), whole - 8) |
               (last & ~number_first_of_eight(~UINT64_C(0), whole - 8));
    front.count = number_count_before(number_others(first));
    unsigned behind = front.count == 8 ? number_count_before(number_others(last)) : 0;
    front.digits = (uint64_t)number_eight_digits(number_first_of_eight(first, front.count)) * 100000000 +
                   number_eight_digits(number_first_of_eight(last, behind));
    front.count += behind;
    return front;
}

#endif

#endif

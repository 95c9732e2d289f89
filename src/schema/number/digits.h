/**
 * Digits of a known count, leading zeros included: all divided at once.
 *
 * Hot path: no loop, no division, no branch that depends on a digit. Uses the vectors that every x86-64 has,
 * and two registers elsewhere; both give the same result.
 */
#ifndef SCHEMA_NUMBER_DIGITS_H
#define SCHEMA_NUMBER_DIGITS_H

#include <endian.h>
#include <stdint.h>
#include <string.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

/** The eight digits of `value`, below 10^8, as bytes 0 to 9: the first in the lowest byte. All pairs are
 * divided at once, then all digits. */
static inline uint64_t number_split_eight(uint32_t value)
{
    uint64_t fours = value / 10000 | (uint64_t)(value % 10000) << 32;
    uint64_t hundreds = (fours * 10486 >> 20) & 0x0000007f0000007f; /* 10486 / 2^20: 1 / 100 up to 9999 */
    uint64_t twos = hundreds | (fours - 100 * hundreds) << 16;
    uint64_t tens = (twos * 103 >> 10) & 0x000f000f000f000f; /* 103 / 2^10: 1 / 10 up to 99 */
    return tens | (twos - 10 * tens) << 8;
}

#define NUMBER_ZEROS UINT64_C(0x3030303030303030)

static inline void number_put_eight(char *out, uint64_t digits)
{
    digits = htole64(digits | NUMBER_ZEROS);
    memcpy(out, &digits, sizeof digits);
}

#if defined(__SSE2__)

/** The digits of `high` and then of `low`, eight each, as bytes. Like number_split_eight, for both at
 * once. */
static inline __m128i number_split_sixteen(uint32_t high, uint32_t low)
{
    const __m128i ten_thousandth = _mm_set1_epi64x(3518437209), ten_thousand = _mm_set1_epi64x(10000);
    __m128i eights = _mm_unpacklo_epi64(_mm_cvtsi32_si128((int)high), _mm_cvtsi32_si128((int)low));
    __m128i upper = _mm_srli_epi64(_mm_mul_epu32(eights, ten_thousandth), 45);
    __m128i lower = _mm_sub_epi32(eights, _mm_mul_epu32(upper, ten_thousand));
    __m128i fours = _mm_or_si128(upper, _mm_slli_epi64(lower, 32));
    upper = _mm_srli_epi16(_mm_mulhi_epu16(fours, _mm_set1_epi16(5243)), 3);
    lower = _mm_sub_epi16(fours, _mm_mullo_epi16(upper, _mm_set1_epi16(100)));
    __m128i twos = _mm_or_si128(upper, _mm_slli_epi32(lower, 16));
    upper = _mm_mulhi_epu16(twos, _mm_set1_epi16(6554));
    lower = _mm_sub_epi16(twos, _mm_mullo_epi16(upper, _mm_set1_epi16(10)));
    return _mm_or_si128(upper, _mm_slli_epi16(lower, 8));
}

/** Writes 16 digits; `*front` receives the first eight as numbers. Returns the count without trailing
 * zeros. */
static inline unsigned number_put_sixteen(char *out, uint32_t high, uint32_t low, uint64_t *front)
{
    __m128i digits = number_split_sixteen(high, low);
    unsigned zeros = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(digits, _mm_setzero_si128()));
    _mm_storeu_si128((__m128i *)(void *)out, _mm_or_si128(digits, _mm_set1_epi8('0')));
    _mm_storel_epi64((__m128i *)(void *)front, digits);
    return 31 - (unsigned)__builtin_clz((zeros ^ 0xffff) << 1 | 1);
}

#else

static inline unsigned number_put_sixteen(char *out, uint32_t high, uint32_t low, uint64_t *front)
{
    uint64_t last = number_split_eight(low);
    *front = number_split_eight(high);
    number_put_eight(out, *front);
    number_put_eight(out + 8, last);
    unsigned zeros = last != 0 ? (unsigned)__builtin_clzll(last) / 8 : 8;
    if (last == 0)
        zeros += *front != 0 ? (unsigned)__builtin_clzll(*front) / 8 : 8;
    return 16 - zeros;
}

#endif

#endif

/** Shared by the fast, the general and the exact reading of numbers. */
#ifndef SCHEMA_NUMBER_READ_H
#define SCHEMA_NUMBER_READ_H

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { NUMBER_WORD_DIGITS = 19 }; /* as many as always fit 64 bits */

/** digits * 10^exponent, or between that and (digits + 1) * 10^exponent when more digits follow. */
typedef struct number_parts {
    uint64_t digits;
    int64_t exponent;
    bool is_negative;
    bool is_cut;            /* nonzero digits were left out */
    const char *text, *end; /* all digits, with the point among them */
    int64_t text_exponent;  /* the power of ten of the last digit in `text` */
} number_parts;

/** Eight bytes of text, each digit as its value: the first in the lowest byte. */
static inline uint64_t number_load_eight(const char *at)
{
    uint64_t eight;
    memcpy(&eight, at, sizeof eight);
    return le64toh(eight) ^ 0x3030303030303030;
}

/** The high bits of the bytes that are not digits. Exact up to the first of them, whose carry may mark the
 * next. */
static inline uint64_t number_others(uint64_t eight)
{
    return ((eight + 0x7676767676767676) | eight) & 0x8080808080808080;
}

/** The number of digits before the first other byte; 8 if there is none. */
static inline unsigned number_count_before(uint64_t others)
{
    return others != 0 ? (unsigned)__builtin_ctzll(others) / 8 : 8;
}

/** The value of eight digits: pairs, then fours, then all. */
static inline uint32_t number_eight_digits(uint64_t eight)
{
    eight = eight * 10 + (eight >> 8);
    const uint64_t pairs = 0x000000ff000000ff;
    uint64_t high = (eight & pairs) * (100 + (UINT64_C(1000000) << 32));
    uint64_t low = ((eight >> 16) & pairs) * (1 + (UINT64_C(10000) << 32));
    return (uint32_t)((high + low) >> 32);
}

/** The digits in `sum` followed by the first `count` (0 to 7) of `eight`. */
static inline uint64_t number_add_digits(uint64_t sum, uint64_t eight, unsigned count)
{
    static const uint32_t tens[8] = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000};
    return sum * tens[count] + number_eight_digits(eight << (56 - 8 * count) << 8);
}

/** number_take_double for numbers of any form and length. */
size_t number_take_any(const char *text, size_t len, double *out);

/**
 * Rounds the number in `text` to one of two neighbours: `below` (the bits of a positive double, or of 0), or
 * the double above it. Compares with their midpoint in whole numbers; at most 770 digits are read one by one,
 * so time is linear and memory constant.
 * @return the bits of the nearer one; of the even one at the midpoint.
 */
uint64_t number_round_exactly(const number_parts *parts, uint64_t below);

#endif

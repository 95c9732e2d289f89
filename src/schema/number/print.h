/**
 * Prints whole numbers, inlined where replies are written; also the parts that printing doubles shares.
 *
 * Hot path: one multiplication for two digits, no division, no branch that depends on a digit.
 */
#ifndef SCHEMA_NUMBER_PRINT_H
#define SCHEMA_NUMBER_PRINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/** "00" to "99", concatenated. */
extern const char number_pairs[201];
/** The powers of ten from 10; 0 instead of 1. */
extern const uint64_t number_tens[20];

/** How many decimal digits `value` has; 1 for 0. */
static inline unsigned number_digits_of(uint64_t value)
{
    /* 1233 / 4096 is just above log10(2): the guess is right or one too small */
    unsigned guess = (unsigned)(64 - __builtin_clzll(value | 1)) * 1233 >> 12;
    return guess + (value >= number_tens[guess]);
}

/** Writes the digits of `value` so that the last one is before `end`. */
static inline void number_put_digits(char *end, uint64_t value)
{
    while (value >= 10000) {
        uint64_t rest = value / 10000;
        unsigned four = (unsigned)(value - rest * 10000), two = four / 100;
        end -= 4;
        memcpy(end, number_pairs + 2 * two, 2);
        memcpy(end + 2, number_pairs + 2 * (four - two * 100), 2);
        value = rest;
    }
    if (value >= 100) {
        uint64_t rest = value / 100;
        end -= 2;
        memcpy(end, number_pairs + 2 * (value - rest * 100), 2);
        value = rest;
    }
    if (value >= 10)
        memcpy(end - 2, number_pairs + 2 * value, 2);
    else
        end[-1] = (char)('0' + value);
}

/** number_print_u64 and number_print_i64, inlined; they return the end of the text. */
static inline char *number_put_u64(char *out, uint64_t value)
{
    out += number_digits_of(value);
    number_put_digits(out, value);
    return out;
}

static inline char *number_put_i64(char *out, int64_t value)
{
    *out = '-';
    return number_put_u64(out + (value < 0), value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
}

#endif

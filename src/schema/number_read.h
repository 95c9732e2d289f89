/** A double's text taken apart, between the fast reading of it and the exact one. */
#ifndef SCHEMA_NUMBER_READ_H
#define SCHEMA_NUMBER_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { NUMBER_WORD_DIGITS = 19 }; /* as many as always fit into 64 bits */

/** digits * 10^exponent, or between that and (digits + 1) * 10^exponent when more digits follow. */
typedef struct number_parts {
    uint64_t digits;
    int64_t exponent;
    bool is_negative;
    bool is_cut;            /* digits that are not 0 were left away */
    const char *text, *end; /* all digits, with the point among them */
    int64_t text_exponent;  /* the power of ten of the last digit in `text` */
} number_parts;

/**
 * Rounds what stands in `text` between two neighbours: `below` (the bits of a positive double, or of 0), and
 * the one above it. Compares with their middle in whole numbers; at most 770 digits are looked at one by one,
 * so time is linear and memory constant.
 * @return the bits of the nearer one, of the even one in the very middle.
 */
uint64_t number_round_exactly(const number_parts *parts, uint64_t below);

#endif

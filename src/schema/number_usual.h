/**
 * The usual text of a double, correctly rounded.
 *
 * Nearly all numbers have at most 7 digits before the point, 19 altogether and no exponent: they are read
 * here, eight digits at a time, and multiplied once by a power of ten. Whatever is not sure of its result, or
 * written in another way, goes to number_parts.c.
 *
 * Hot path: must not allocate, loop over digits, or branch on how many there are. Inlined into the loop over
 * a list of doubles.
 */
#ifndef SCHEMA_NUMBER_USUAL_H
#define SCHEMA_NUMBER_USUAL_H

#include "schema/number_powers.h"
#include "schema/number_read.h"

enum {
    NUMBER_USUAL_BYTES = 32
}; /* as many are looked at: a sign, three times eight digits, the point, what follows */

/**
 * The bits of the double nearest to digits * 10^k; false when one multiplication by the first 64 bits of the
 * power cannot tell, or the result is not a normal double. The digits are not 0.
 *
 * The power is cut off, and so is the product: what is true lies above `high` by less than 4 of its units (2
 * by each, or both doubled when the first bit is 0). So only around the middle between two doubles is there a
 * doubt.
 */
static inline bool number_round_quickly(uint64_t digits, int k, uint64_t *bits)
{
    int shift = __builtin_clzll(digits);
    uint64_t power = number_power_of(k)->high;
    uint64_t high = (uint64_t)((unsigned __int128)(digits << shift) * power >> 64);
    unsigned up = (unsigned)(high >> 63) ^ 1;
    high <<= up;
    int biased = number_log2_pow10(k) + 1087 - shift - (int)up; /* 1023, and 64 for the bits of `high` */
    uint64_t rest = high & 0x7ff;                               /* of 64 bits, a double has 53 */
    *bits = ((uint64_t)(unsigned)(biased - 1) << 52) + (high >> 11) + (rest >> 10);
    return rest - 0x3fd > 3 && (unsigned)(biased - 1) < 2045;
}

/** Reads the usual kind of number; 0 when it is another one, or none. Looks at NUMBER_USUAL_BYTES. */
static inline size_t number_take_usual(const char *text, double *out)
{
    bool is_negative = *text == '-';
    const char *first = text + is_negative, *end;
    uint64_t eight = number_load_eight(first), others = number_others(eight), digits = 0, bits = 0;
    unsigned whole = number_count_before(others), taken = 0; /* digits before the point; of all of them */
    if (whole - 1 > 6 || (whole > 1 && *first == '0'))
        return 0;
    if (first[whole] != '.') {
        end = first + whole;
        double value = number_eight_digits(eight << (64 - 8 * whole));
        memcpy(&bits, &value, sizeof bits);
    } else {
        /* The point is taken out: what is behind it moves up. */
        uint64_t before = ((others & (0 - others)) >> 7) - 1;
        eight = (eight & before) | (number_load_eight(first + 1) & ~before);
        for (others = number_others(eight); others == 0; others = number_others(eight)) {
            if (taken == 16)
                return 0;
            digits = digits * 100000000 + number_eight_digits(eight);
            taken += 8;
            eight = number_load_eight(first + 1 + taken);
        }
        unsigned last = number_count_before(others);
        digits = number_add_digits(digits, eight, last);
        taken += last;
        end = first + 1 + taken;
        if (taken == whole || taken > NUMBER_WORD_DIGITS)
            return 0;
        if (digits != 0 && !number_round_quickly(digits, (int)whole - (int)taken, &bits))
            return 0;
    }
    if ((*end | 0x20) == 'e')
        return 0;
    bits |= (uint64_t)is_negative << 63;
    memcpy(out, &bits, sizeof *out);
    return (size_t)(end - text);
}

#endif

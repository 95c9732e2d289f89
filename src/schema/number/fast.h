/**
 * Reads the usual text of a double, correctly rounded.
 *
 * Nearly all numbers have at most 7 digits before the point, 19 in total and no exponent: they are read here,
 * eight digits at a time, and multiplied once by a power of ten. Numbers of another form, and those whose
 * result is not certain, are left to parts.c.
 *
 * Hot path: must not allocate, loop over digits, or branch on how many there are. Inlined into the loop over
 * a list of doubles.
 */
#ifndef SCHEMA_NUMBER_FAST_H
#define SCHEMA_NUMBER_FAST_H

#include "schema/number/leading_digits.h"
#include "schema/number/powers.h"

enum { NUMBER_USUAL_BYTES = 32 }; /* bytes read: a sign, 24 digits, the point, what follows */

/**
 * The bits of the double nearest to digits * 10^k; false when one multiplication by the first 64 bits of the
 * power cannot tell. The digits are not 0; k is so near to 0 (-200 to 200) that the result is a normal
 * double.
 *
 * The power is truncated, and so is the product: the true value is above `high` by less than 4 of its units
 * (2 for each, or both doubled when the first bit is 0). So only values near the middle between two doubles
 * are uncertain.
 */
static inline bool number_round_quickly(uint64_t digits, int k, uint64_t *bits)
{
    int shift = __builtin_clzll(digits);
    uint64_t power = number_power_of(k)->high;
    uint64_t high = (uint64_t)((unsigned __int128)(digits << shift) * power >> 64);
    unsigned up = (unsigned)(high >> 63) ^ 1;
    high <<= up;
    /* 1023, and 64 for the bits of `high`; one less, since the first bit of the fraction counts as one
     * more */
    int biased = number_log2_pow10(k) + 1086 - shift - (int)up;
    uint64_t rest = high & 0x7ff; /* of 64 bits, a double has 53 */
    *bits = ((uint64_t)(unsigned)biased << 52) + (high >> 11) + (rest >> 10);
    return rest - 0x3fd > 3;
}

/** A whole number of at most 7 digits; 0 for any other number. */
static inline size_t number_take_whole(const char *first, unsigned count, uint64_t *bits)
{
    if (count > 7 || (first[count] | 0x20) == 'e')
        return 0;
    double value = (double)number_add_digits(0, number_load_eight(first), count);
    memcpy(bits, &value, sizeof *bits);
    return count;
}

/** The value of the digits at `at`; `*count` receives their count, at most 4. */
static inline uint32_t number_take_four(const char *at, unsigned *count)
{
    uint32_t four;
    memcpy(&four, at, sizeof four);
    four = le32toh(four) ^ 0x30303030;
    uint32_t others = ((four + 0x76767676) | four) & 0x80808080; /* as number_others */
    *count = others != 0 ? (unsigned)__builtin_ctz(others) / 8 : 4;
    four = (uint32_t)((uint64_t)four << (32 - 8 * *count)); /* leading zeros */
    four = four * 10 + (four >> 8);
    return (four & 0xff) * 100 + (four >> 16 & 0xff);
}

/** A number with a point; 0 for any other number. */
static inline size_t number_take_fraction(const char *first, number_front front, uint64_t *bits)
{
    int k = (int)front.whole - 16;
    if (front.count == 16) { /* there may be more digits */
        static const uint32_t tens[] = {1, 10, 100, 1000};
        unsigned more;
        uint32_t last = number_take_four(first + 17, &more);
        if (more > NUMBER_WORD_DIGITS - 16)
            return 0;
        front.digits = front.digits * tens[more] + last;
        front.count += more;
        k -= (int)more;
    }
    bool is_sure = front.digits == 0 || number_round_quickly(front.digits, k, bits);
    return is_sure && front.count != front.whole && (first[1 + front.count] | 0x20) != 'e' ? 1 + front.count
                                                                                           : 0;
}

/** Reads the usual kind of number; 0 for any other text. Reads NUMBER_USUAL_BYTES. */
static inline size_t number_take_usual(const char *text, double *out)
{
    bool is_negative = *text == '-';
    const char *first = text + is_negative;
    number_front front = number_take_front(first);
    if (front.whole - 1 > 14 || (*first == '0' && front.whole > 1))
        return 0;
    uint64_t bits = 0;
    size_t len = first[front.whole] == '.' ? number_take_fraction(first, front, &bits)
                                           : number_take_whole(first, front.whole, &bits);
    bits |= (uint64_t)is_negative << 63;
    memcpy(out, &bits, sizeof *out);
    return len != 0 ? len + is_negative : 0;
}

#endif

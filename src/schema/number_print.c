/*
 * Doubles and floats to the shortest text that reads back as the same value; of those, to the nearest one.
 *
 * Schubfach, after Giulietti, "The Schubfach way to render doubles" (2021): the interval of all reals that
 * round to the value is scaled by one power of ten so that it holds at least one and at most ten whole
 * numbers, and at most one multiple of ten.
 *
 * Hot path: three multiplications by 128 bits a double; must not allocate or loop over digits it will drop.
 */
#include "schema/number_print.h"
#include "schema/number_powers.h"
#include "schema/scalar.h"

/** digits * 10^exponent */
typedef struct decimal {
    uint64_t digits;
    int exponent;
} decimal;

/** A positive binary value, significand * 2^exponent, and what its neighbours are like. */
typedef struct binary {
    uint64_t significand;
    int exponent;
    bool is_lower_closer; /* a power of two: the neighbour below is only half as far away */
} binary;

/** The first 64 bits of power * scaled (192 bits), the last of them set when anything follows. */
static inline uint64_t multiply_to_odd(uint64_t high, uint64_t low, uint64_t scaled)
{
    unsigned __int128 lower = (unsigned __int128)low * scaled;
    unsigned __int128 upper = (unsigned __int128)high * scaled + (uint64_t)(lower >> 64);
    return (uint64_t)(upper >> 64) | ((uint64_t)upper > 1);
}

/** The same for floats: 64 bits of the power and 32 of the significand are enough. */
static inline uint64_t multiply_to_odd_32(uint64_t high, uint64_t scaled)
{
    unsigned __int128 product = (unsigned __int128)high * scaled;
    return (uint64_t)(product >> 64) | ((uint64_t)product >> 32 > 1);
}

/** Chooses among the whole numbers s, s + 1 and the tens around them: the interval's ends and its middle are
 * given in quarters. */
static inline decimal choose(uint64_t lower, uint64_t middle, uint64_t upper, bool is_even, int k)
{
    lower += !is_even; /* the ends round to the value only when it is the even one */
    upper -= !is_even;
    uint64_t s = middle / 4;
    if (s >= 10) {
        uint64_t tens = s / 10;
        bool is_down_in = lower <= 40 * tens, is_up_in = 40 * tens + 40 <= upper;
        if (is_down_in != is_up_in)
            return (decimal){tens + is_up_in, k + 1};
    }
    bool is_down_in = lower <= 4 * s, is_up_in = 4 * s + 4 <= upper;
    if (is_down_in != is_up_in)
        return (decimal){s + is_up_in, k};
    uint64_t half = 4 * s + 2;
    return (decimal){s + (middle > half || (middle == half && (s & 1) != 0)), k};
}

static inline decimal shortest(binary b, bool is_float)
{
    int k = b.is_lower_closer ? number_log10_three_quarters_pow2(b.exponent) : number_log10_pow2(b.exponent);
    int shift = b.exponent + number_log2_pow10(-k) + 1;
    uint64_t lower = 4 * b.significand - 2 + b.is_lower_closer, middle = 4 * b.significand;
    uint64_t upper = 4 * b.significand + 2;
    const number_power *power = number_power_of(-k);
    bool is_even = (b.significand & 1) == 0;
    if (is_float) { /* the power is rounded up, as the paper has it */
        uint64_t high = power->high + (power->low != 0);
        return choose(multiply_to_odd_32(high, lower << shift), multiply_to_odd_32(high, middle << shift),
                      multiply_to_odd_32(high, upper << shift), is_even, k);
    }
    uint64_t high = power->high, low = power->low + !number_power_is_exact(-k);
    return choose(multiply_to_odd(high, low, lower << shift), multiply_to_odd(high, low, middle << shift),
                  multiply_to_odd(high, low, upper << shift), is_even, k);
}

static inline decimal without_zeros(decimal d)
{
    if (d.digits % 100000000 == 0) {
        d.digits /= 100000000;
        d.exponent += 8;
    }
    for (; d.digits % 100 == 0; d.digits /= 100)
        d.exponent += 2;
    if (d.digits % 10 == 0) {
        d.digits /= 10;
        d.exponent++;
    }
    return d;
}

/** d.ddde-10: the digits, then the power of ten of the first one. */
static size_t put_with_exponent(decimal d, unsigned count, int point, char *out)
{
    char *at = out;
    number_put_digits(at + 1 + count, d.digits);
    at[0] = at[1];
    at[1] = '.';
    at += count > 1 ? count + 1 : 1;
    *at++ = 'e';
    return (size_t)(at - out) + number_print_i64(point - 1, at);
}

/** The form of JavaScript's Number, without the '+' of exponents. */
static size_t put_decimal(decimal d, char *out)
{
    d = without_zeros(d);
    unsigned count = number_digits_of(d.digits);
    int point = (int)count + d.exponent; /* where the point stands among the digits */
    if (point > 21 || point < -5)
        return put_with_exponent(d, count, point, out);
    if (d.exponent >= 0) {
        number_put_digits(out + count, d.digits);
        memset(out + count, '0', (size_t)d.exponent);
        return (size_t)point;
    }
    if (point > 0) {
        number_put_digits(out + count + 1, d.digits);
        memmove(out, out + 1, (size_t)point);
        out[point] = '.';
        return count + 1;
    }
    size_t zeros = (size_t)-point;
    memset(out, '0', 2 + zeros);
    out[1] = '.';
    number_put_digits(out + 2 + zeros + count, d.digits);
    return 2 + zeros + count;
}

/** Prints a value that is a whole number below 2^53; 0 when it is none. */
static inline size_t put_small_whole(double value, char *out)
{
    if (!(value < 9007199254740992.0))
        return 0;
    uint64_t whole = (uint64_t)value;
    return (double)whole == value ? number_print_u64(whole, out) : 0;
}

size_t number_print_double(double value, char *out)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    size_t sign = bits >> 63;
    out[0] = '-';
    out += sign;
    size_t len = put_small_whole(sign != 0 ? -value : value, out);
    if (len != 0)
        return sign + len;
    uint64_t fraction = bits & ((UINT64_C(1) << 52) - 1);
    int biased = (int)(bits >> 52 & 2047);
    binary b = {fraction, -1074, false};
    if (biased != 0)
        b = (binary){fraction | UINT64_C(1) << 52, biased - 1075, fraction == 0 && biased > 1};
    return sign + put_decimal(shortest(b, false), out);
}

size_t number_print_float(float value, char *out)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    size_t sign = bits >> 31;
    out[0] = '-';
    out += sign;
    uint32_t fraction = bits & ((UINT32_C(1) << 23) - 1);
    int biased = (int)(bits >> 23 & 255);
    if (fraction == 0 && biased == 0) {
        out[0] = '0';
        return sign + 1;
    }
    binary b = {fraction, -149, false};
    if (biased != 0)
        b = (binary){fraction | UINT32_C(1) << 23, biased - 150, fraction == 0 && biased > 1};
    return sign + put_decimal(shortest(b, true), out);
}

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

#include <endian.h>

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

enum { RAW_DIGITS = 17, RAW_BYTES = 48 }; /* as many as a double needs; room to copy from in blocks */

/** The eight digits of `value`, below 10^8, as bytes 0 to 9: the first in the lowest byte. All pairs are
 * divided at once, then all digits. */
static inline uint64_t eight_digits(uint32_t value)
{
    uint64_t fours = value / 10000 | (uint64_t)(value % 10000) << 32;
    uint64_t hundreds = (fours * 10486 >> 20) & 0x0000007f0000007f; /* 10486 / 2^20: 1 / 100 up to 9999 */
    uint64_t twos = hundreds | (fours - 100 * hundreds) << 16;
    uint64_t tens = (twos * 103 >> 10) & 0x000f000f000f000f; /* 103 / 2^10: 1 / 10 up to 99 */
    return tens | (twos - 10 * tens) << 8;
}

static inline void put_eight(char *out, uint64_t digits)
{
    digits = htole64(digits | 0x3030303030303030);
    memcpy(out, &digits, sizeof digits);
}

/** Writes all 17 digits, and drops the zeros at the end: returns how many they are. */
static inline unsigned put_raw(uint64_t value, char *raw)
{
    uint32_t low = (uint32_t)(value % 100000000);
    uint64_t rest = value / 100000000;
    uint64_t low_digits = eight_digits(low), high_digits = eight_digits((uint32_t)(rest % 100000000));
    raw[0] = (char)('0' + rest / 100000000);
    put_eight(raw + 1, high_digits);
    put_eight(raw + 9, low_digits);
    if (low_digits != 0)
        return (unsigned)__builtin_clzll(low_digits) / 8;
    return high_digits != 0 ? 8 + (unsigned)__builtin_clzll(high_digits) / 8 : 16;
}

/** d.ddde-10: the digits, then the power of ten of the first one. */
static size_t put_with_exponent(const char *digits, unsigned count, int point, char *out)
{
    out[0] = digits[0];
    out[1] = '.';
    memcpy(out + 2, digits + 1, RAW_DIGITS - 1);
    size_t len = count > 1 ? count + 1 : 1;
    out[len] = 'e';
    return len + 1 + number_print_i64(point - 1, out + len + 1);
}

/** The form of JavaScript's Number, without the '+' of exponents. Digits are copied all together, wherever
 * they end. */
static size_t put_decimal(decimal d, char *out)
{
    char raw[RAW_BYTES] = {0};
    unsigned count = number_digits_of(d.digits), zeros = put_raw(d.digits, raw);
    const char *digits = raw + RAW_DIGITS - count;
    int point = (int)count + d.exponent; /* where the point stands among the digits */
    count -= zeros;
    if (point > 21 || point < -5)
        return put_with_exponent(digits, count, point, out);
    if (point >= (int)count) {
        memcpy(out, digits, RAW_DIGITS);
        memset(out + count, '0', (size_t)point - count);
        return (size_t)point;
    }
    if (point > 0) {
        memcpy(out, digits, RAW_DIGITS);
        out[point] = '.';
        memcpy(out + point + 1, digits + point, RAW_DIGITS);
        return count + 1;
    }
    memcpy(out, "0.000000", 8);
    memcpy(out + 2 - point, digits, RAW_DIGITS);
    return 2 + (size_t)-point + count;
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

/*
 * Prints doubles and floats as the shortest text that reads back as the same value; among these, the nearest.
 *
 * Schubfach, after Giulietti, "The Schubfach way to render doubles" (2021): the interval of all reals that
 * round to the value is scaled by one power of ten so that it contains at least one and at most ten whole
 * numbers, and at most one multiple of ten.
 *
 * Hot path: one multiplication by 128 bits a double; must not allocate, loop over digits, or branch on them:
 * the processor cannot predict which doubles have a short form.
 */
#include "schema/number/print.h"
#include "schema/number/digits.h"
#include "schema/number/powers.h"
#include "schema/scalar.h"

/** digits * 10^exponent */
typedef struct decimal {
    uint64_t digits;
    int exponent;
} decimal;

/** A positive binary value, significand * 2^exponent, and the distance of its neighbours. */
typedef struct binary {
    uint64_t significand;
    int exponent;
    bool is_lower_closer; /* a power of two: the neighbour below is only half as far away */
} binary;

/** The first 64 bits of a product; the last is set when any later bit is. */
static inline uint64_t round_to_odd(unsigned __int128 product)
{
    return (uint64_t)(product >> 64) | ((uint64_t)product > 1);
}

/** The first 64 bits of power * scaled (192 bits), rounded in the same way. */
static inline uint64_t multiply_to_odd(uint64_t high, uint64_t low, uint64_t scaled)
{
    unsigned __int128 lower = (unsigned __int128)low * scaled;
    return round_to_odd((unsigned __int128)high * scaled + (uint64_t)(lower >> 64));
}

/** Like the function above, for floats: 64 bits of the power and 32 of the significand are enough. */
static inline uint64_t multiply_to_odd_32(uint64_t high, uint64_t scaled)
{
    unsigned __int128 product = (unsigned __int128)high * scaled;
    return (uint64_t)(product >> 64) | ((uint64_t)product >> 32 > 1);
}

/** `yes` or `no`, without a branch. */
static inline uint64_t pick(bool condition, uint64_t yes, uint64_t no)
{
    uint64_t mask = 0 - (uint64_t)condition;
    return (yes & mask) | (no & ~mask);
}

/** Chooses among the whole numbers s, s + 1 and the tens around them: the interval's ends and its middle are
 * given in quarters. The ends belong to it only when the value is even. */
static inline uint64_t choose(uint64_t lower, uint64_t middle, uint64_t upper, bool is_even)
{
    lower += !is_even;
    upper -= !is_even;
    uint64_t s = middle / 4, tens = s / 10 * 10;
    bool is_down_in = lower <= 4 * s, is_up_in = 4 * s + 4 <= upper;
    bool is_ten_down_in = lower <= 4 * tens, is_ten_up_in = 4 * tens + 40 <= upper;
    bool is_up_nearer = (middle & 3) + (s & 1) > 2; /* exactly in the middle: to even */
    bool is_up = is_up_in ^ ((is_down_in == is_up_in) &
                             (is_up_in ^ is_up_nearer)); /* the one in the interval, or the nearer one */
    return pick(is_ten_down_in != is_ten_up_in, tens + 10 * is_ten_up_in, s + is_up);
}

/** By three multiplications: for floats, and doubles whose neighbours are not equally far. */
static decimal shortest(binary b, bool is_float)
{
    int k = b.is_lower_closer ? number_log10_three_quarters_pow2(b.exponent) : number_log10_pow2(b.exponent);
    int shift = b.exponent + number_log2_pow10(-k) + 1;
    uint64_t lower = 4 * b.significand - 2 + b.is_lower_closer, middle = 4 * b.significand;
    uint64_t upper = 4 * b.significand + 2;
    const number_power *power = number_power_of(-k);
    bool is_even = (b.significand & 1) == 0;
    if (is_float) { /* the power is rounded up, as in the paper */
        uint64_t high = power->high + (power->low != 0);
        return (decimal){choose(multiply_to_odd_32(high, lower << shift),
                                multiply_to_odd_32(high, middle << shift),
                                multiply_to_odd_32(high, upper << shift), is_even),
                         k};
    }
    uint64_t high = power->high, low = power->low + !number_power_is_exact(-k);
    return (decimal){choose(multiply_to_odd(high, low, lower << shift),
                            multiply_to_odd(high, low, middle << shift),
                            multiply_to_odd(high, low, upper << shift), is_even),
                     k};
}

/** For a double between equally far neighbours: the ends are one shifted power below and above the product
 * for the value, so an addition and a subtraction replace two multiplications. */
static inline decimal shortest_regular(uint64_t significand, int exponent)
{
    int k = number_log10_pow2(exponent), shift = exponent + number_log2_pow10(-k) + 1;
    const number_power *power = number_power_of(-k);
    uint64_t high = power->high, low = power->low + !number_power_is_exact(-k),
             scaled = 4 * significand << shift;
    unsigned __int128 lowest = (unsigned __int128)low * scaled;
    unsigned __int128 product = (unsigned __int128)high * scaled + (uint64_t)(lowest >> 64);
    unsigned __int128 half =
        ((unsigned __int128)high << 64 | low) >> (63 - shift); /* 2 << shift times the power */
    uint64_t rest = (uint64_t)lowest, half_rest = low << (shift + 1);
    unsigned __int128 lower = product - half - (rest < half_rest);
    unsigned __int128 upper = product + half + (rest + half_rest < rest);
    return (decimal){
        choose(round_to_odd(lower), round_to_odd(product), round_to_odd(upper), (significand & 1) == 0), k};
}

enum { RAW_DIGITS = 17, RAW_BYTES = 48 }; /* as many as a double needs; room to copy from in blocks */

/** Writes all 17 digits, and drops trailing zeros: returns their count. */
static unsigned put_raw(uint64_t value, char *raw)
{
    uint32_t low = (uint32_t)(value % 100000000);
    uint64_t rest = value / 100000000;
    uint64_t low_digits = number_split_eight(low),
             high_digits = number_split_eight((uint32_t)(rest % 100000000));
    raw[0] = (char)('0' + rest / 100000000);
    number_put_eight(raw + 1, high_digits);
    number_put_eight(raw + 9, low_digits);
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

/** The form of JavaScript's Number, without the '+' of exponents. All digits are copied at once, whatever
 * their count. */
static size_t put_decimal(decimal d, char *out)
{
    char raw[RAW_BYTES] = {0};
    unsigned count = number_digits_of(d.digits), zeros = put_raw(d.digits, raw);
    const char *digits = raw + RAW_DIGITS - count;
    int point = (int)count + d.exponent; /* the position of the point among the digits */
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

/**
 * Like put_decimal, for 16 or 17 digits of which at most seven are before the point; 0 for others. The point
 * is inserted into the first eight digits in a register: no stored byte is loaded again.
 */
static inline size_t put_usual(decimal d, char *out)
{
    const uint64_t least = UINT64_C(10000000000000000); /* of 17 digits */
    bool is_less = d.digits < least;
    int point = d.exponent + RAW_DIGITS - is_less;
    if (d.digits < least / 10 || (unsigned)(point + 5) > 12)
        return 0;
    uint64_t digits = pick(is_less, d.digits * 10, d.digits), rest = digits / 100000000,
             first = rest / 100000000;
    uint32_t high = (uint32_t)(rest - first * 100000000), low = (uint32_t)(digits - rest * 100000000);
    uint64_t front;
    if (point <= 0) {
        memcpy(out, "0.000000", 8);
        out[2 - point] = (char)('0' + first);
        return 3 + (size_t)-point + number_put_sixteen(out + 3 - point, high, low, &front);
    }
    unsigned count = number_put_sixteen(out + 2, high, low, &front);
    uint64_t before = (UINT64_C(1) << 8 * point) - 1, eight = (first | front << 8) | NUMBER_ZEROS;
    uint64_t behind = eight << 8 & ~before << 8;
    eight = htole64((eight & before) | (uint64_t)'.' << 8 * point | behind);
    memcpy(out, &eight, sizeof eight);
    return 2 + count;
}

size_t number_print_double(double value, char *out)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    size_t sign = bits >> 63;
    out[0] = '-';
    out += sign;
    uint64_t fraction = bits & ((UINT64_C(1) << 52) - 1);
    int biased = (int)(bits >> 52 & 2047);
    unsigned point = (unsigned)biased - 1023; /* bits of the fraction before the point */
    if (point <= 52 && fraction << 11 << (point + 1) == 0)
        return sign + number_print_u64((fraction | UINT64_C(1) << 52) >> (52 - point), out);
    if (bits << 1 == 0) {
        out[0] = '0';
        return sign + 1;
    }
    if (fraction == 0 || biased == 0) { /* a power of two, or subnormal */
        binary b = {fraction, -1074, false};
        if (biased != 0)
            b = (binary){UINT64_C(1) << 52, biased - 1075, biased > 1};
        return sign + put_decimal(shortest(b, false), out);
    }
    decimal d = shortest_regular(fraction | UINT64_C(1) << 52, biased - 1075);
    size_t len = put_usual(d, out);
    return sign + (len != 0 ? len : put_decimal(d, out));
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

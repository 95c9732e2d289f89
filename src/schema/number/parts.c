/*
 * Reads any text as a double, correctly rounded: the numbers that read.c does not read itself.
 *
 * Two ways, and the first that is certain of its result is used: one multiplication by a power of ten of 128
 * bits (the idea of Lemire's "Number Parsing at a Gigabyte per Second"), a comparison of whole numbers
 * (exact.c). The first has known error bounds: it is used only when both bounds round to the same double.
 */
#include "schema/number/powers.h"
#include "schema/number/read.h"

#include <string.h>

enum {
    FRACTION_BITS = 52,
    EXPONENT_BIAS = 1023,
    EXPONENT_MOST = 2047 /* the biased exponent of infinity */
};

static bool is_digit(char byte)
{
    return (unsigned)(byte - '0') < 10;
}

/** Reads digits from `at` into `sum` (which wraps past 19 of them); returns their end. */
static const char *take_digits(const char *at, const char *end, uint64_t *sum)
{
    for (; end - at >= 8; at += 8) {
        uint64_t eight = number_load_eight(at);
        if (number_others(eight) != 0)
            break;
        *sum = *sum * 100000000 + number_eight_digits(eight);
    }
    for (; at < end && is_digit(*at); at++)
        *sum = *sum * 10 + (uint64_t)(*at - '0');
    return at;
}

/** Reads an exponent after its 'e'; NULL when it has no digits. Past 10^15 its value is not exact. */
static const char *take_exponent(const char *at, const char *end, int64_t *exponent)
{
    bool is_negative = at < end && *at == '-';
    if (at < end && (*at == '-' || *at == '+'))
        at++;
    if (at == end || !is_digit(*at))
        return NULL;
    int64_t sum = 0;
    for (; at < end && is_digit(*at); at++)
        if (sum < 1000000000000000)
            sum = sum * 10 + (*at - '0');
    *exponent += is_negative ? -sum : sum;
    return at;
}

/** Reads the first 19 significant digits again, when there were too many. */
static void cut_digits(number_parts *parts)
{
    unsigned taken = 0;
    bool is_cut = false, in_fraction = false;
    int64_t exponent = parts->text_exponent;
    uint64_t digits = 0;
    const char *at = parts->text, *point = memchr(at, '.', (size_t)(parts->end - at));
    for (; at < parts->end && taken < NUMBER_WORD_DIGITS; at++) {
        if (*at == '.')
            in_fraction = true;
        else if (taken > 0 || *at != '0') {
            digits = digits * 10 + (uint64_t)(*at - '0');
            taken++;
        }
    }
    exponent += parts->end - at - (point != NULL && !in_fraction);
    for (; at < parts->end && !is_cut; at++)
        is_cut = *at != '0' && *at != '.';
    parts->digits = digits;
    parts->exponent = exponent;
    parts->is_cut = is_cut;
}

/** Reads a number in JSON's grammar at the front of `text`; returns its end, NULL if there is none. */
static const char *take_parts(const char *text, const char *end, number_parts *parts)
{
    const char *at = text;
    parts->is_negative = at < end && *at == '-';
    at += parts->is_negative;
    parts->text = at;
    parts->digits = 0;
    parts->exponent = 0;
    at = take_digits(at, end, &parts->digits);
    size_t count = (size_t)(at - parts->text);
    if (count == 0 || (count > 1 && parts->text[0] == '0'))
        return NULL;
    if (at < end && *at == '.') {
        const char *fraction = ++at;
        at = take_digits(at, end, &parts->digits);
        if (at == fraction)
            return NULL;
        parts->exponent = fraction - at;
        count += (size_t)(at - fraction);
    }
    parts->end = at;
    if (at < end && (*at | 0x20) == 'e') {
        at = take_exponent(at + 1, end, &parts->exponent);
        if (at == NULL)
            return NULL;
    }
    parts->text_exponent = parts->exponent;
    parts->is_cut = false;
    if (count > NUMBER_WORD_DIGITS)
        cut_digits(parts);
    return at;
}

/** A product's first 64 bits (the first one set), 2^exponent for the last of them, and the rest. */
typedef struct product {
    uint64_t high, middle, low;
    int exponent;
} product;

/** digits * 10^k by the power `high`, `low`; digits is not 0. */
static product multiply(uint64_t digits, uint64_t high, uint64_t low, int k)
{
    int shift = __builtin_clzll(digits);
    unsigned __int128 upper = (unsigned __int128)(digits << shift) * high;
    unsigned __int128 lower = (unsigned __int128)(digits << shift) * low;
    upper += (uint64_t)(lower >> 64);
    product p = {(uint64_t)(upper >> 64), (uint64_t)upper, (uint64_t)lower, number_log2_pow10(k) + 1 - shift};
    if (p.high >> 63 == 0) {
        p.high = p.high << 1 | p.middle >> 63;
        p.middle = p.middle << 1 | p.low >> 63;
        p.low <<= 1;
        p.exponent--;
    }
    return p;
}

/** The bits of the double at or below a product, and whether the one above is nearer. */
typedef struct rounding {
    uint64_t below;
    bool is_up;
} rounding;

/** Rounds high * 2^exponent (and a bit more when `has_more`) to the nearest double, ties to even. */
static rounding round_bits(uint64_t high, int exponent, bool has_more)
{
    int biased = exponent + 63 + EXPONENT_BIAS;
    if (biased >= EXPONENT_MOST)
        return (rounding){(uint64_t)EXPONENT_MOST << FRACTION_BITS, false};
    int drop = 63 - FRACTION_BITS;
    if (biased <= 0) {
        drop += 1 - biased;
        if (drop > 64)
            return (rounding){0, false};
        biased = 0;
    }
    uint64_t kept = drop < 64 ? high >> drop : 0;
    uint64_t half = UINT64_C(1) << (drop - 1);
    uint64_t rest = high & ((half << 1) - 1); /* half << 1 is 0 when all 64 bits drop */
    rounding r;
    r.below =
        ((uint64_t)biased << FRACTION_BITS) + (biased != 0 ? kept - (UINT64_C(1) << FRACTION_BITS) : kept);
    r.is_up = rest > half || (rest == half && (has_more || (kept & 1) != 0));
    return r;
}

/** digits * 10^k when that is a fraction of a power of two: 5^-k divides the digits. */
static bool divide(uint64_t digits, int k, uint64_t *bits)
{
    if (k >= 0 || k < -27) /* 5^27 is the last that fits 64 bits */
        return false;
    uint64_t fives = 1;
    for (int i = k; i < 0; i++)
        fives *= 5;
    if (digits % fives != 0)
        return false;
    uint64_t quotient = digits / fives;
    int shift = __builtin_clzll(quotient);
    rounding r = round_bits(quotient << shift, k - shift, false);
    *bits = r.below + r.is_up;
    return true;
}

/** The bits of the nearest double; the digits are not 0. */
static uint64_t round_parts(const number_parts *parts)
{
    if (parts->exponent <
        NUMBER_POWER_LEAST) /* at most 10^19 * 10^-343: less than half of the smallest double */
        return 0;
    if (parts->exponent > 309)
        return (uint64_t)EXPONENT_MOST << FRACTION_BITS;
    int k = (int)parts->exponent;
    const number_power *power = number_power_of(k);
    bool is_exact = number_power_is_exact(k);
    product p = multiply(parts->digits, power->high, power->low, k);
    bool has_more = parts->is_cut || !is_exact || (p.middle | p.low) != 0;
    rounding least = round_bits(p.high, p.exponent, has_more);
    /* The true product is above p by less than one unit of `low` times the digits: it changes `high` only
     * when `middle` is all ones (except the bit that normalising shifted in). */
    if (!parts->is_cut && (is_exact || (p.middle | 1) != UINT64_MAX))
        return least.below + least.is_up;
    uint64_t bits;
    if (!parts->is_cut && divide(parts->digits, k, &bits))
        return bits;
    p = multiply(parts->digits + parts->is_cut, power->high, power->low + !is_exact, k);
    rounding most = round_bits(p.high, p.exponent, true);
    if (least.below + least.is_up == most.below + most.is_up)
        return least.below + least.is_up;
    return number_round_exactly(parts, least.below);
}

size_t number_take_any(const char *text, size_t len, double *out)
{
    number_parts parts;
    const char *end = take_parts(text, text + len, &parts);
    if (end == NULL)
        return 0;
    uint64_t bits = parts.digits != 0 ? round_parts(&parts) : 0;
    if (bits >> FRACTION_BITS == EXPONENT_MOST)
        return 0;
    bits |= (uint64_t)parts.is_negative << 63;
    memcpy(out, &bits, sizeof *out);
    return (size_t)(end - text);
}

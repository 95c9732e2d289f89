#include "schema/number/whole.h"

enum { DIGITS_MOST = 20 }; /* of UINT64_MAX */

static bool is_digit(char byte)
{
    return (unsigned)(byte - '0') < 10;
}

/** The number being read: zeros are held back until a nonzero digit follows. */
typedef struct taker {
    number_exact *out;
    unsigned count; /* digits in out->digits */
    int64_t zeros;  /* after them, not in it yet */
} taker;

static void put(taker *t, uint64_t digit)
{
    uint64_t sum = t->out->digits;
    if (digit == 0) {
        t->zeros += t->count != 0;
        return;
    }
    for (; t->zeros > 0 && t->count < DIGITS_MOST; t->zeros--, t->count++)
        t->out->is_cut |= __builtin_mul_overflow(sum, UINT64_C(10), &sum);
    t->out->is_cut |= t->count >= DIGITS_MOST || __builtin_mul_overflow(sum, UINT64_C(10), &sum) ||
                      __builtin_add_overflow(sum, digit, &sum);
    t->out->digits = sum;
    t->zeros = 0;
    t->count++;
}

/** Reads the exponent "-12" of "e-12": NULL when it is not one. One that is too long is capped. */
static const char *take_exponent(const char *at, const char *end, int64_t *exponent)
{
    const int64_t most = INT64_MAX / 8;
    bool is_down = at < end && *at == '-';
    int64_t sum = 0;
    at += at < end && (*at == '-' || *at == '+');
    if (at == end || !is_digit(*at))
        return NULL;
    for (; at < end && is_digit(*at); at++)
        sum = sum < most / 10 ? sum * 10 + (*at - '0') : most;
    *exponent = is_down ? -sum : sum;
    return at;
}

bool number_take_apart(const char *text, size_t len, number_exact *out)
{
    const char *at = text, *end = text + len;
    int64_t behind_point = 0, exponent = 0;
    *out = (number_exact){.is_negative = len != 0 && *text == '-'};
    taker t = {.out = out};
    at += out->is_negative;
    if (at == end || !is_digit(*at))
        return false;
    for (; at < end && is_digit(*at); at++)
        put(&t, (uint64_t)(*at - '0'));
    if (at < end && *at == '.') {
        const char *point = at++;
        for (; at < end && is_digit(*at); at++)
            put(&t, (uint64_t)(*at - '0'));
        behind_point = at - point - 1;
        if (behind_point == 0)
            return false;
    }
    if (at < end && (*at | 0x20) == 'e' && (at = take_exponent(at + 1, end, &exponent)) == NULL)
        return false;
    out->exponent = t.count != 0 ? exponent - behind_point + t.zeros : 0;
    return at == end;
}

number_whole number_to_whole(const number_exact *n, uint64_t *value)
{
    uint64_t sum = n->digits;
    if (n->exponent < 0)
        return NUMBER_FRACTION; /* the last digit is not 0 */
    if (n->is_cut || n->exponent >= DIGITS_MOST)
        return NUMBER_TOO_LARGE;
    for (int64_t i = 0; i < n->exponent; i++)
        if (__builtin_mul_overflow(sum, UINT64_C(10), &sum))
            return NUMBER_TOO_LARGE;
    *value = sum;
    return NUMBER_WHOLE;
}

#include "data/postgres/numeric.h"

#include "data/postgres/wire.h"
#include "schema/scalar.h"

#include <math.h>

enum { HEAD_BYTES = 8, MOST_DIGITS = 18, BASE = 10000 };
enum {
    SIGN_PLUS = 0x0000,
    SIGN_MINUS = 0x4000,
    SIGN_NAN = 0xC000,
    SIGN_INF = 0xD000,
    SIGN_MINUS_INF = 0xF000
};

typedef struct numeric {
    unsigned count;       /* of digits */
    int weight;           /* power of 10000 of the first digit */
    unsigned sign, scale; /* decimal digits after the point that are shown */
    const char *digits;
} numeric;

static bool read_head(const char *data, size_t len, numeric *n)
{
    if (len < HEAD_BYTES)
        return false;
    n->count = wire_get_16(data);
    n->weight = (int16_t)wire_get_16(data + 2);
    n->sign = wire_get_16(data + 4);
    n->scale = wire_get_16(data + 6);
    n->digits = data + HEAD_BYTES;
    return len == HEAD_BYTES + 2 * (size_t)n->count;
}

static unsigned digit_at(const numeric *n, int power)
{
    int index = n->weight - power;
    return index >= 0 && index < (int)n->count ? wire_get_16(n->digits + 2 * index) : 0;
}

static const int64_t powers[MOST_DIGITS + 1] = {
    1,
    10,
    100,
    1000,
    10000,
    100000,
    1000000,
    10000000,
    100000000,
    1000000000,
    10000000000,
    100000000000,
    1000000000000,
    10000000000000,
    100000000000000,
    1000000000000000,
    10000000000000000,
    100000000000000000,
    1000000000000000000,
};

/* The number times 10^scale, when that is whole and has at most 18 digits. */
static bool scaled(const numeric *n, unsigned scale, int64_t *out)
{
    int64_t units = 0;
    int lowest = n->weight - (int)n->count + 1; /* the last digit's power */
    for (int power = n->weight; power >= lowest; power--) {
        int64_t digit = (int64_t)digit_at(n, power);
        int place = 4 * power + (int)scale; /* of the digit's last decimal, in units */
        if (digit == 0)
            continue;
        while (place < 0 && digit % 10 == 0) {
            digit /= 10;
            place++;
        }
        int64_t part;
        if (place < 0 || place > MOST_DIGITS || __builtin_mul_overflow(digit, powers[place], &part) ||
            __builtin_add_overflow(units, part, &units) || units >= powers[MOST_DIGITS])
            return false;
    }
    *out = n->sign == SIGN_MINUS ? -units : units;
    return true;
}

bool numeric_to_decimal(const char *data, size_t len, tern_decimal *out)
{
    numeric n;
    if (!read_head(data, len, &n) || (n.sign != SIGN_PLUS && n.sign != SIGN_MINUS))
        return false;
    /* trailing zeros are kept while there is room for them */
    for (unsigned scale = n.scale < MOST_DIGITS ? n.scale : MOST_DIGITS;; scale--) {
        if (scaled(&n, scale, &out->units)) {
            out->scale = (uint8_t)scale;
            return true;
        }
        if (scale == 0)
            return false;
    }
}

bool numeric_to_i64(const char *data, size_t len, int64_t *out)
{
    numeric n;
    if (!read_head(data, len, &n) || (n.sign != SIGN_PLUS && n.sign != SIGN_MINUS) || n.weight > 4)
        return false;
    __int128 whole = 0;
    for (int power = n.weight; power >= 0; power--)
        whole = whole * BASE + digit_at(&n, power);
    for (int power = n.weight - (int)n.count + 1; power < 0; power++)
        if (digit_at(&n, power) != 0)
            return false;
    if (n.sign == SIGN_MINUS)
        whole = -whole;
    *out = (int64_t)whole;
    return *out == whole;
}

bool numeric_to_double(const char *data, size_t len, double *out, arena *a)
{
    numeric n;
    if (!read_head(data, len, &n))
        return false;
    if (n.sign == SIGN_NAN || n.sign == SIGN_INF || n.sign == SIGN_MINUS_INF) {
        *out = n.sign == SIGN_NAN ? (double)NAN : n.sign == SIGN_INF ? (double)INFINITY : -(double)INFINITY;
        return true;
    }
    /* as text, which is rounded correctly: all digits as one whole number, and the power of ten after it */
    size_t room = 4 * (size_t)n.count + 16;
    char *text = arena_alloc(a, room), *at = text;
    if (text == NULL)
        return false;
    if (n.sign == SIGN_MINUS)
        *at++ = '-';
    bool has_begun = false;
    for (unsigned i = 0; i < n.count; i++) {
        unsigned digit = wire_get_16(n.digits + 2 * (size_t)i);
        for (unsigned power = 1000; power > 0; power /= 10) {
            unsigned decimal = digit / power % 10;
            has_begun |= decimal != 0;
            if (has_begun) /* JSON does not allow leading zeros */
                *at++ = (char)('0' + decimal);
        }
    }
    if (!has_begun)
        *at++ = '0';
    *at++ = 'e';
    at += number_print_i64(4 * ((int64_t)n.weight - (int64_t)n.count + 1), at);
    return number_read_double(text, (size_t)(at - text), out);
}

bool numeric_print(const char *data, size_t len, buf *to)
{
    numeric n;
    if (!read_head(data, len, &n))
        return false;
    if (n.sign != SIGN_PLUS && n.sign != SIGN_MINUS)
        return buf_add_text(to, n.sign == SIGN_NAN ? "NaN" : n.sign == SIGN_INF ? "Infinity" : "-Infinity");
    if (n.sign == SIGN_MINUS)
        buf_add_text(to, "-");
    buf_add_printf(to, "%u", n.weight >= 0 ? digit_at(&n, n.weight) : 0);
    for (int power = n.weight - 1; power >= 0; power--)
        buf_add_printf(to, "%04u", digit_at(&n, power));
    if (n.scale > 0)
        buf_add_text(to, ".");
    for (unsigned place = 0; place < n.scale; place++) {
        unsigned digit = digit_at(&n, -1 - (int)(place / 4)); /* four decimals */
        buf_add_printf(to, "%u", (unsigned)(digit / (unsigned)powers[3 - place % 4] % 10));
    }
    return !to->failed;
}

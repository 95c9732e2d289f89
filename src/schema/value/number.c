/** Whether two numbers are equal, in any representation: compares their decimal digits. */
#include "schema/scalar.h"
#include "schema/value/value.h"

#include <string.h>

/** The digits of a number from its first to its last nonzero one, perhaps with a point among them. */
typedef struct decimal_text {
    const char *first, *last; /* first is NULL for 0 */
    int64_t exponent;         /* the power of ten of the last one */
    bool is_negative;
} decimal_text;

/** Reads "e-12" (or nothing); false when it is longer than any meaningful exponent. */
static bool take_exponent(const char *at, const char *end, int64_t *exponent)
{
    bool is_down = false;
    int64_t sum = 0;
    for (; at < end; at++) {
        if (*at == '-')
            is_down = true;
        else if ((unsigned)(*at - '0') < 10)
            sum = sum * 10 + (*at - '0');
        if (sum > INT64_MAX / 100)
            return false;
    }
    *exponent = is_down ? -sum : sum;
    return true;
}

static bool take_apart(const char *text, size_t len, decimal_text *d)
{
    const char *end = text, *point = NULL;
    *d = (decimal_text){.is_negative = text[0] == '-'};
    for (; end < text + len && (*end | 0x20) != 'e'; end++) {
        if (*end == '.')
            point = end;
        if (*end < '1' || *end > '9')
            continue;
        if (d->first == NULL)
            d->first = end;
        d->last = end;
    }
    if (!take_exponent(end, text + len, &d->exponent))
        return false;
    if (point == NULL)
        point = end;
    if (d->first != NULL)
        d->exponent += d->last < point ? point - 1 - d->last : point - d->last;
    return true;
}

static bool digits_equal(const decimal_text *a, const decimal_text *b)
{
    const char *at = a->first, *other = b->first;
    while (at <= a->last && other <= b->last) {
        at += *at == '.';
        other += *other == '.';
        if (*at++ != *other++)
            return false;
    }
    return at > a->last && other > b->last;
}

/** The text of a number; one stored as text is not copied. */
static const char *text_of(const tern_value *v, char *printed, size_t *len)
{
    switch (v->form) {
    case VALUE_INT:
        *len = number_print_i64(v->i, printed);
        return printed;
    case VALUE_UINT:
        *len = number_print_u64(v->u, printed);
        return printed;
    case VALUE_DOUBLE:
        *len = number_print_double(v->d, printed);
        return printed;
    default:
        *len = v->len;
        return v->text;
    }
}

bool value_numbers_equal(const tern_value *a, const tern_value *b)
{
    char printed_a[SCALAR_PRINT_BYTES], printed_b[SCALAR_PRINT_BYTES];
    size_t len_a, len_b;
    decimal_text x, y;
    if (a->form == b->form && a->form != VALUE_DIGITS)
        return a->form == VALUE_DOUBLE ? a->d == b->d : a->u == b->u;
    const char *text_a = text_of(a, printed_a, &len_a), *text_b = text_of(b, printed_b, &len_b);
    if (!take_apart(text_a, len_a, &x) || !take_apart(text_b, len_b, &y))
        return len_a == len_b && memcmp(text_a, text_b, len_a) == 0;
    if (x.first == NULL || y.first == NULL)
        return x.first == y.first;
    return x.is_negative == y.is_negative && x.exponent == y.exponent && digits_equal(&x, &y);
}

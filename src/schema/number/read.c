/* Reads text as a double: fast.h, and parts.c for the rest. */
#include "schema/number/fast.h"
#include "schema/scalar.h"

/** Like number_take_double, at the end of a text: the usual kind is read from a copy that has bytes after
 * it. */
static __attribute__((noinline)) size_t take_short(const char *text, size_t len, double *out)
{
    char padded[NUMBER_USUAL_BYTES] = {0};
    if (len != 0)
        memcpy(padded, text, len);
    size_t taken = number_take_usual(padded, out);
    return taken != 0 ? taken : number_take_any(text, len, out);
}

size_t number_take_double(const char *text, size_t len, double *out)
{
    if (len < NUMBER_USUAL_BYTES)
        return take_short(text, len, out);
    size_t taken = number_take_usual(text, out);
    return taken != 0 ? taken : number_take_any(text, len, out);
}

bool number_read_double(const char *text, size_t len, double *out)
{
    double value;
    if (len == 0 || number_take_double(text, len, &value) != len)
        return false;
    *out = value;
    return true;
}

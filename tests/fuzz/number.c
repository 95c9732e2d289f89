/* Doubles: read as the C library reads them, and printed so that they read back. */
#include "schema/scalar.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

/** Equal, and of the same sign: 0 and -0 differ. */
static bool is_same(double a, double b)
{
    return a == b && signbit(a) == signbit(b);
}

static void check_reading(const char *text, size_t size)
{
    double value = 0, taken = 0;
    bool is_read = number_read_double(text, size, &value);
    size_t len = number_take_double(text, size, &taken);
    require(is_read == (len == size && size != 0) && len <= size);
    if (!is_read)
        return;
    char *copy = malloc(size + 1);
    require(copy != NULL);
    memcpy(copy, text, size);
    copy[size] = '\0';
    char *end;
    double want = strtod(copy, &end);
    require(end == copy + size && is_same(want, value));
    free(copy);
}

static void check_printing(const uint8_t *input, size_t size)
{
    double value, again = 0;
    float single;
    char text[SCALAR_PRINT_BYTES];
    if (size < sizeof value)
        return;
    memcpy(&value, input, sizeof value);
    memcpy(&single, input, sizeof single);
    if (isfinite(value)) {
        size_t len = number_print_double(value, text);
        require(len <= 25 && number_read_double(text, len, &again));
        require(is_same(again, value));
    }
    if (isfinite(single)) {
        size_t len = number_print_float(single, text);
        text[len] = '\0';
        float single_again = strtof(text, NULL);
        require(len <= 25 && is_same((double)single_again, (double)single));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
    check_reading((const char *)input, size);
    check_printing(input, size);
    return 0;
}

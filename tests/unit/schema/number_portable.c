/* Numbers without vectors: what is compiled where there are none gives the same, bit for bit. */
#undef __SSE2__
#define number_print_double portable_print_double
#define number_print_float  portable_print_float
#include "schema/number_print.c"
#include "schema/number_usual.h"
#undef number_print_double
#undef number_print_float

#include "check.h"

#include <stdio.h>

size_t number_print_double(double value, char *out);

static uint64_t seed = 0x9e3779b97f4a7c15;

static uint64_t next_random(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

/** A text that number_take_usual may look at, with something behind the number. */
static void check_taken(const char *number)
{
    char text[96];
    double seen = 7, want = 7;
    size_t len = (size_t)snprintf(text, 64, "%s,", number) - 1;
    memset(text + len + 1, '1', sizeof text - len - 1);
    size_t taken = number_take_usual(text, &seen);
    CHECK(taken == 0 || taken == len);
    CHECK_INT(number_take_double(text, sizeof text, &want), len);
    if (taken != 0)
        CHECK_BYTES(&seen, sizeof seen, &want, sizeof want);
}

TEST(number_is_taken_alike_without_vectors)
{
    char number[48];
    for (int i = 0; i < 300000; i++) {
        uint64_t r = next_random();
        double value = (double)(int64_t)next_random() / (double)(UINT64_C(1) << (r & 63));
        snprintf(number, sizeof number, "%.*f", (int)(r >> 8) % 16, value);
        check_taken(number);
    }
}

TEST(number_is_printed_alike_without_vectors)
{
    char seen[SCALAR_PRINT_BYTES], want[SCALAR_PRINT_BYTES];
    for (int i = 0; i < 300000; i++) {
        uint64_t bits = next_random();
        double value = (double)(int64_t)(bits >> (bits & 31)) / 1000000;
        if (i % 2 == 0)
            memcpy(&value, &bits, sizeof value);
        if (!__builtin_isfinite(value))
            continue;
        size_t len = portable_print_double(value, seen);
        CHECK_BYTES(seen, len, want, number_print_double(value, want));
    }
}

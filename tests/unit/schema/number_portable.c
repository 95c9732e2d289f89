/* Digits without vectors: the code for machines that have none gives the same result as the code compiled
 * here. */
#undef __SSE2__
#include "schema/number/digits.h"
#include "schema/number/fast.h"

#include "check.h"
#include "schema/scalar.h"

#include <stdio.h>

static uint64_t seed = 0x9e3779b97f4a7c15;

static uint64_t next_random(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

/** A text that number_take_usual may read, with bytes after the number. */
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

TEST(number_is_read_the_same_without_vectors)
{
    char number[48];
    for (int i = 0; i < 300000; i++) {
        uint64_t r = next_random();
        double value = (double)(int64_t)next_random() / (double)(UINT64_C(1) << (r & 63));
        snprintf(number, sizeof number, "%.*f", (int)(r >> 8) % 16, value);
        check_taken(number);
    }
}

TEST(number_writes_sixteen_digits_the_same_without_vectors)
{
    char seen[17] = "", want[32];
    for (int i = 0; i < 300000; i++) {
        uint64_t tens = 1, r = next_random(), front;
        for (unsigned zeros = (unsigned)(r >> 60); zeros > 0; zeros--)
            tens *= 10;
        uint64_t value = next_random() % 10000000000000000 / tens * tens;
        unsigned count =
            number_put_sixteen(seen, (uint32_t)(value / 100000000), (uint32_t)(value % 100000000), &front);
        snprintf(want, sizeof want, "%016llu", (unsigned long long)value);
        CHECK_TEXT(seen, want);
        CHECK(count == 0 || want[count - 1] != '0');
        while (count < 16 && want[count] == '0')
            count++;
        CHECK_INT(count, 16);
        CHECK_INT(front & 0xff, want[0] - '0');
    }
}

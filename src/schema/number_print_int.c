/*
 * Whole numbers to text, two digits at a time.
 *
 * Hot path: one multiplication for two digits, no division, no branch that depends on a digit.
 */
#include "schema/number_print.h"
#include "schema/scalar.h"

const char number_pairs[201] = "00010203040506070809"
                               "10111213141516171819"
                               "20212223242526272829"
                               "30313233343536373839"
                               "40414243444546474849"
                               "50515253545556575859"
                               "60616263646566676869"
                               "70717273747576777879"
                               "80818283848586878889"
                               "90919293949596979899";

unsigned number_digits_of(uint64_t value)
{
    static const uint64_t powers[20] = {0,
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
                                        UINT64_C(10000000000000000000)};
    /* 1233 / 4096 is just above log10(2): the guess is right or one too small */
    unsigned guess = (unsigned)(64 - __builtin_clzll(value | 1)) * 1233 >> 12;
    return guess + (value >= powers[guess]);
}

void number_put_digits(char *end, uint64_t value)
{
    while (value >= 100) {
        uint64_t rest = value / 100;
        end -= 2;
        memcpy(end, number_pairs + 2 * (value - rest * 100), 2);
        value = rest;
    }
    if (value >= 10)
        memcpy(end - 2, number_pairs + 2 * value, 2);
    else
        end[-1] = (char)('0' + value);
}

size_t number_print_u64(uint64_t value, char *out)
{
    unsigned count = number_digits_of(value);
    number_put_digits(out + count, value);
    return count;
}

size_t number_print_i64(int64_t value, char *out)
{
    out[0] = '-';
    bool is_negative = value < 0;
    uint64_t size = is_negative ? 0 - (uint64_t)value : (uint64_t)value;
    return is_negative + number_print_u64(size, out + is_negative);
}

/** Powers of ten to 128 bits, and their logarithms. */
#ifndef SCHEMA_NUMBER_POWERS_H
#define SCHEMA_NUMBER_POWERS_H

#include <stdbool.h>
#include <stdint.h>

enum { NUMBER_POWER_LEAST = -342, NUMBER_POWER_MOST = 324 };

/** floor(10^k / 2^(number_log2_pow10(k) - 127)): its first bit is set. */
typedef struct number_power {
    uint64_t high, low;
} number_power;

/** Made by scripts/number-powers, which also proves the logarithms below for every exponent in use. */
extern const number_power number_powers[NUMBER_POWER_MOST - NUMBER_POWER_LEAST + 1];

static inline const number_power *number_power_of(int k)
{
    return &number_powers[k - NUMBER_POWER_LEAST];
}

/** Whether the table holds 10^k exactly: 5^55 is the last that fits into 128 bits. */
static inline bool number_power_is_exact(int k)
{
    return k >= 0 && k <= 55;
}

/** floor(log2(10^k)) */
static inline int number_log2_pow10(int k)
{
    return (k * 1741647) >> 19;
}

/** floor(log10(2^e)) */
static inline int number_log10_pow2(int e)
{
    return (e * 1262611) >> 22;
}

/** floor(log10(3/4 * 2^e)) */
static inline int number_log10_three_quarters_pow2(int e)
{
    return (e * 1262611 - 524031) >> 22;
}

#endif

/** Whole numbers in any notation: 30.0, 1e3 and 1.5e1 are as whole as 15. */
#ifndef SCHEMA_NUMBER_WHOLE_H
#define SCHEMA_NUMBER_WHOLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** The exact value of a number's text: digits * 10^exponent. */
typedef struct number_exact {
    uint64_t digits;  /* without trailing zeros, except 0 itself */
    int64_t exponent; /* 0 when the digits are; capped at INT64_MAX / 4 either way */
    bool is_negative;
    bool is_cut; /* there are more digits than fit in `digits`; those are ignored */
} number_exact;

/** Parses `text`, a number in JSON's grammar (leading zeros are allowed); false when it is not one. One pass,
 * whatever the exponent. */
bool number_take_apart(const char *text, size_t len, number_exact *out);

typedef enum number_whole { NUMBER_WHOLE, NUMBER_FRACTION, NUMBER_TOO_LARGE } number_whole;

/** Whether `n` is whole; if so, also its absolute value. */
number_whole number_to_whole(const number_exact *n, uint64_t *value);

#endif

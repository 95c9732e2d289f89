/** Whole numbers however they are written: 30.0, 1e3 and 1.5e1 are as whole as 15 is. */
#ifndef SCHEMA_NUMBER_WHOLE_H
#define SCHEMA_NUMBER_WHOLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** What a number's text is worth: digits * 10^exponent, exactly. */
typedef struct number_exact {
    uint64_t digits;  /* without zeros at the end, but for 0 itself */
    int64_t exponent; /* 0 when the digits are; far beyond any use at most INT64_MAX / 4 either way */
    bool is_negative;
    bool is_cut; /* there are more digits than `digits` has room for; they count for nothing */
} number_exact;

/** Takes `text`, a number by JSON's grammar (zeros in front may stand there too), apart; false when it is not
 * one. One pass, whatever the exponent. */
bool number_take_apart(const char *text, size_t len, number_exact *out);

typedef enum number_whole { NUMBER_WHOLE, NUMBER_FRACTION, NUMBER_TOO_LARGE } number_whole;

/** Whether `n` is whole, and then its absolute value. */
number_whole number_to_whole(const number_exact *n, uint64_t *value);

#endif

/** What printing whole numbers and printing doubles share. */
#ifndef SCHEMA_NUMBER_PRINT_H
#define SCHEMA_NUMBER_PRINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/** "00" to "99", one after the other. */
extern const char number_pairs[201];

/** How many decimal digits `value` has; 1 for 0. */
unsigned number_digits_of(uint64_t value);
/** Writes the digits of `value` so that the last one lies before `end`. */
void number_put_digits(char *end, uint64_t value);

#endif

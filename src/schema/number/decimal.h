/** Arithmetic of decimals that needs no rounding. Defined for any units and scale; scales above 19 count as
 * 19. */
#ifndef SCHEMA_NUMBER_DECIMAL_H
#define SCHEMA_NUMBER_DECIMAL_H

#include <tern/model.h>

/** Below 0, 0 or above 0 as `a` is less than, equal to or more than `b`; 0.50 is equal to 0.5. */
int decimal_compare(tern_decimal a, tern_decimal b);
/** Whether `value` is a multiple of `step`, which is above 0. */
bool decimal_is_multiple(tern_decimal value, tern_decimal step);
/** The nearest double, for callers that do not need the last digits. */
double decimal_nearest(tern_decimal d);
/** The decimal that a number in C source was written as: whole, or of at most 15 digits. False for other
 * numbers, since a double does not keep all their digits. */
bool decimal_of_number(long double number, tern_decimal *out);

#endif

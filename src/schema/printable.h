/** Whether a value's JSON is what its schema says: for replies, in builds that check them. */
#ifndef SCHEMA_PRINTABLE_H
#define SCHEMA_PRINTABLE_H

#include "schema/faults.h"
#include "schema/plan/plan.h"

/**
 * Looks for what is printed all the same, but breaks the document: text that is not UTF-8, a date that is not
 * a day, a moment that RFC 3339 cannot say, free JSON that is not JSON, a field that is left out although
 * every reply has it (not asked where `is_part`). What cannot be printed at all is json_encode's to find.
 * Each is a fault; false when there is one.
 */
bool value_is_printable(const tern_type *type, const void *value, bool is_part, const place *where,
                        tern_faults *faults);

/**
 * Finds the first value that json_encode fails for: a number that is not finite, a NULL where a value must
 * be, an enum's value without a name. Prints its place ("body.items[3].price") into `out`; returns what is
 * wrong with it, NULL when nothing is.
 */
const char *value_find_unprintable(const tern_type *type, const void *value, const place *where, buf *out);

#endif

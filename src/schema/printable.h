/** Whether a value's JSON is what its schema says: for replies, in builds that check them. */
#ifndef SCHEMA_PRINTABLE_H
#define SCHEMA_PRINTABLE_H

#include "schema/faults.h"
#include "schema/plan/plan.h"

/**
 * Finds values that are printed but do not match the schema: text that is not UTF-8, a date that does not
 * exist, an instant that RFC 3339 cannot write, free JSON that is not JSON, a missing field that every reply
 * must have (not checked when `is_part`). Values that cannot be printed at all are found by json_encode. Each
 * is a fault; false when there is one.
 */
bool value_is_printable(const tern_type *type, const void *value, bool is_part, const place *where,
                        tern_faults *faults);

/**
 * Finds the first value that json_encode fails for: a number that is not finite, a NULL where a value is
 * required, an enum value without a name. Prints its place ("body.items[3].price") into `out`. Returns the
 * reason, or NULL when there is no such value.
 */
const char *value_find_unprintable(const tern_type *type, const void *value, const place *where, buf *out);

#endif

/** PostgreSQL's numeric in its binary format: digits in base 10,000. */
#ifndef POSTGRES_NUMERIC_H
#define POSTGRES_NUMERIC_H

#include "base/arena.h"
#include "base/buf.h"

#include <tern/model.h>

/** Exactly; false when it has more than 18 digits, or is not a number. */
bool numeric_to_decimal(const char *data, size_t len, tern_decimal *out);
/** Exactly; false when it is not whole or beyond the range. */
bool numeric_to_i64(const char *data, size_t len, int64_t *out);
/** The nearest double, infinities and NaN as such; false without memory. */
bool numeric_to_double(const char *data, size_t len, double *out, arena *a);
/** Appends all digits, as PostgreSQL writes them; false when it is not a numeric, or out of memory. */
bool numeric_print(const char *data, size_t len, buf *to);

#endif

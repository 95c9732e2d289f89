/**
 * Limits of dates, times, date-times and spans: declared as text, stored as one whole number each.
 *
 * A date counts in days, a time of day in nanoseconds, an instant and a span in microseconds, so that
 * comparing two values of a kind is comparing their numbers. A limit may move with the clock: "today",
 * "now-PT5M".
 */
#ifndef SCHEMA_TIME_MOMENT_LIMIT_H
#define SCHEMA_TIME_MOMENT_LIMIT_H

#include <tern/model.h>

typedef struct moment_limit {
    const char *text; /* as declared; NULL: not set */
    bool is_moving;
    int64_t number; /* moving ones: counted from now */
} moment_limit;

/**
 * Reads a limit for values of `type`: a value as scalar_read accepts it; for dates also "today", for
 * date-times "now", either followed by a span ("today+P30D").
 * @return NULL, or what the text should have been.
 */
const char *moment_limit_read(const tern_type *type, const char *text, moment_limit *out);
/** The value of the limit now (by the clock, in UTC). */
int64_t moment_limit_number(const tern_type *type, const moment_limit *limit);
/** Prints the value of a limit: `number` from moment_limit_number. Writes into SCALAR_PRINT_BYTES, with a
 * NUL; a limit that does not move is printed as declared. */
const char *moment_limit_print(const tern_type *type, const moment_limit *limit, int64_t number, char *out);

/** The number of a value of a date, time, date-time or span. */
int64_t moment_number(const tern_type *type, const void *value);

#endif

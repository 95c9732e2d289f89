/** `.pattern`: regular expressions by PCRE2, with bounds on the work one match may take. */
#ifndef SCHEMA_PATTERN_H
#define SCHEMA_PATTERN_H

#include <stdbool.h>
#include <stddef.h>

/** Whether `pattern` (compiled at start) is found in `text`. A match that takes more steps than a bound
 * counts as not found, with `*gave_up` set: no client can burn time with it. */
bool pattern_matches(const void *pattern, const char *text, size_t len, bool *gave_up);

#endif

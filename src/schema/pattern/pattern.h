/** `.pattern`: regular expressions by PCRE2, with bounds on the work one match may take. */
#ifndef SCHEMA_PATTERN_H
#define SCHEMA_PATTERN_H

#include <tern/str.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Compiles `pattern` for pattern_matches; NULL with the reason in `why` ("missing closing parenthesis at
 * byte 4"). `$` matches only the very end, as in JSON Schema: a final line feed is not ignored. Freed by
 * pattern_free. */
void *pattern_compile(const char *pattern, char *why, size_t why_size);
/** The same, of a pattern of which only named groups are found by pattern_groups. */
void *pattern_compile_named(const char *pattern, char *why, size_t why_size);
/** The number of its groups. */
unsigned pattern_group_count(const void *pattern);
void pattern_free(void *pattern);

/** Whether `pattern` (compiled at start) is found in `text`. A match that takes more steps than a bound
 * counts as not found, with `*gave_up` set, so that no client can waste time with it. Only on the loop's
 * thread: all matches of a process share one match context. */
bool pattern_matches(const void *pattern, const char *text, size_t len, bool *gave_up);
/** Like pattern_matches, for a pattern that is anchored at its beginning: `groups` receives the text of its
 * first `count` groups (at most PATTERN_GROUPS_MAX), with data NULL for one that takes no part. */
enum { PATTERN_GROUPS_MAX = 16 };
bool pattern_groups(const void *pattern, const char *text, size_t len, tern_str *groups, unsigned count);
/** Bounds the total time of the matches of one list and the lists in it. Called before each match; begins at
 * {0}. True once they have used 200 ms of processor time. */
typedef struct pattern_clock {
    unsigned asked;
    bool is_up;
    uint64_t began_ns;
} pattern_clock;
bool pattern_clock_is_up(pattern_clock *clock);
/** Frees what pattern_matches keeps between matches (tests under leak checkers). */
void pattern_forget(void);

/** Whether ECMA-262, whose patterns JSON Schema uses, reads a pattern as PCRE2 does, judged by its syntax: no
 * inline flags, anchors, classes or quantifiers that only PCRE2 has. */
bool pattern_is_portable(const char *pattern);

#endif

/**
 * Where PostgreSQL needs to be told the type of a `?`: SQLite answers the same text without.
 *
 * A text is bound without a type, so that the server takes it for whatever it stands beside: a date, an enum,
 * a number. `? is null` and functions that take anything have nothing beside it; there the C type is its
 * type. A whole number is bound as a bigint, which functions with an integer parameter do not take.
 */
#ifndef DATA_CAST_H
#define DATA_CAST_H

#include <tern/data.h>

#include <stddef.h>

enum { CAST_DEPTH_MOST = 32 };

/** How deep in brackets a reader of SQL is, and of which function each is; zeroed at its beginning. */
typedef struct cast_place {
    unsigned depth;
    uint8_t calls[CAST_DEPTH_MOST]; /* by depth: the tern_arg_kind that the function needs a cast for, or 0 */
    uint8_t word;                   /* the same of the last word, if only white space has followed */
    bool begins_first;              /* what comes next begins a function's first argument */
    bool begins_other;              /* or one after a comma */
} cast_place;

/** Notes what is passed: quoted text, a word, or any one character. */
void cast_pass(cast_place *place, const char *at, size_t len);
/** What to write after the placeholder of a value of this kind, of which `after` is the text that follows:
 * "::text", "::integer", "". */
const char *cast_for(const cast_place *place, tern_arg_kind kind, const char *after);

#endif

/**
 * Finds where PostgreSQL needs the type of a `?` in the text. SQLite needs no types.
 *
 * A text is bound without a type, so that the server infers the type from the context: a date, an enum, a
 * number. `? is null` and functions that accept any type give no context, so the C type decides. A whole
 * number is bound as a bigint, which functions with an integer parameter do not accept.
 */
#ifndef DATA_CAST_H
#define DATA_CAST_H

#include <tern/data.h>

#include <stddef.h>

enum { CAST_DEPTH_MOST = 32 };

/** The nesting of brackets at the current position in the SQL, and the function that each bracket belongs to.
 * Zeroed at the start. */
typedef struct cast_place {
    unsigned depth;
    uint8_t calls[CAST_DEPTH_MOST]; /* by depth: the kind (tern_arg_kind) to cast, or 0 */
    uint8_t word;                   /* the kind for the last word, if only white space has followed it */
    bool begins_first;              /* a function's first argument comes next */
    bool begins_other;              /* or an argument after a comma */
} cast_place;

/** Records what was read: quoted text, a word, or a single character. */
void cast_pass(cast_place *place, const char *at, size_t len);
/** The cast to write after the placeholder of a value of this kind: "::text", "::integer", or "". `after` is
 * the text that follows the placeholder. */
const char *cast_for(const cast_place *place, tern_arg_kind kind, const char *after);

#endif

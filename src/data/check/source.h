/**
 * Parses the source text of C calls: arguments, literals, conditional expressions.
 *
 * It is a small reader of the output of the preprocessor's `#`, not a parser of C: comments are already
 * removed and white space is single. It ignores what it does not understand.
 */
#ifndef CHECK_SOURCE_H
#define CHECK_SOURCE_H

#include "base/arena.h"

#include <tern/str.h>

#include <stdbool.h>

/** Removes the first piece from `*rest`, up to the next `separator` outside brackets and quotes, and trims
 * its white space. False when nothing is left. After a final separator comes an empty piece. */
bool source_next(tern_str *rest, char separator, tern_str *piece);
/** Splits "NAME(a, b)" into its name and the content of the brackets; false when the whole text is something
 * else. */
bool source_call(tern_str text, tern_str *name, tern_str *arguments);
/** Splits ".where = x" into its name and its value; false when the text is something else. */
bool source_option(tern_str text, tern_str *name, tern_str *value);
/** The text of one literal or of adjacent literals; NULL when the text is something else, or without
 * memory. */
const char *source_literal(arena *a, tern_str text);
/** Whether the text is 0, NULL or similar. */
bool source_is_null(tern_str text);
bool source_is(tern_str text, const char *word);

/**
 * Calls `on_leaf` with each value that a conditional expression may have: `a` and `b` for `c ? a : b`, also
 * when nested, both for `a ?: b`, and the text itself for anything else. Brackets around a value are removed.
 */
void source_leaves(tern_str text, void (*on_leaf)(void *arg, tern_str leaf), void *arg);

/** Whether `text` contains `needle`, ignoring white space and a trailing comma. */
bool source_holds(tern_str text, tern_str needle);

#endif

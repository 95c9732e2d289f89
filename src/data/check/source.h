/**
 * Calls as a C program has them in its source, taken apart: arguments, literals, conditional expressions.
 *
 * A small reader of what the preprocessor's `#` makes of an argument, and no parser of C: comments are gone,
 * white space is single. What it does not understand it says nothing of.
 */
#ifndef CHECK_SOURCE_H
#define CHECK_SOURCE_H

#include "base/arena.h"

#include <tern/str.h>

#include <stdbool.h>

/** Takes the first of the pieces that `separator` parts outside of brackets and quotes off `*rest`, without
 * white space around it. False when nothing is left; after the last separator comes an empty piece. */
bool source_next(tern_str *rest, char separator, tern_str *piece);
/** "NAME(a, b)" as its name and what is in the brackets; false when the whole text is something else. */
bool source_call(tern_str text, tern_str *name, tern_str *arguments);
/** ".where = x" as its name and its value; false when the text is something else. */
bool source_option(tern_str text, tern_str *name, tern_str *value);
/** What a literal, or several side by side, say; NULL when the text is something else, or without memory. */
const char *source_literal(arena *a, tern_str text);
/** Whether the text is 0, NULL or the like. */
bool source_is_null(tern_str text);
bool source_is(tern_str text, const char *word);

/**
 * Calls `on_leaf` with each value that a conditional expression may have: of `c ? a : b` with `a` and `b`,
 * however they are nested, of `a ?: b` with both, of anything else with itself. Brackets around a value are
 * taken off.
 */
void source_leaves(tern_str text, void (*on_leaf)(void *arg, tern_str leaf), void *arg);

/** Whether `needle` is in `text` but for white space and a comma at the end. */
bool source_holds(tern_str text, tern_str needle);

#endif

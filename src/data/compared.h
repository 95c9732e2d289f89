/**
 * Finds the column that a `?` in a condition is compared with, which decides the type of its value.
 *
 * A small, strict reader of the text, not a parser of SQL. It knows `NAME = ?`, `<>`, `!=`, `<`, `<=`, `>`,
 * `>=`, `NAME in (?, ?)` and `NAME not in (?)`, where NAME begins an operand and is not inside a subquery,
 * whose names may belong to another table. It ignores anything else.
 */
#ifndef DATA_COMPARED_H
#define DATA_COMPARED_H

#include "data/table/table.h"

/** The nesting of brackets at the current position in a condition. Zeroed at the start. */
typedef struct compared_place {
    unsigned depth, query_depth; /* query_depth: of the bracket that contains a "select"; 0: not in one */
    bool is_query;               /* a "select" outside brackets: nothing is known after it */
} compared_place;

/** The length of the word at `at`; 0 without one. */
size_t compared_word_len(const char *at);

/* These read backwards from `end`, at most to `text`, and return where they stop. */

const char *compared_before_space(const char *text, const char *end);
const char *compared_before_word(const char *text, const char *end);
/** Where "in (" or "not in (" begins, for a `?` of its list before `end`; NULL when the `?` is not in a list, or
 * follows anything but other `?`. */
const char *compared_before_list(const char *text, const char *end);

/** Whether the operand that ends with the `?` before `after` is complete there. */
bool compared_ends_operand(const char *after);
/** Records what was read: a word, or a single character outside quotes. */
void compared_pass(compared_place *place, const char *at, size_t len);
/**
 * The column that the `?` at `question`, a pointer into `text`, is compared with; NULL when it is not
 * certain.
 */
const data_column *compared_with(const data_table *table, const compared_place *place, const char *text,
                                 const char *question);
/** Where "in (" or "not in (" begins before the `?` at `question`, if the `?` is alone in its brackets;
 * otherwise NULL. */
const char *compared_sole_list(const char *text, const char *question, bool *is_negated);

#endif

/**
 * Which column of a table a `?` in a condition is compared with: what the value beside it has to be.
 *
 * A small and strict look at the text, and no parser of SQL. It knows `NAME = ?`, `<>`, `!=`, `<`, `<=`, `>`,
 * `>=`, `NAME in (?, ?)` and `NAME not in (?)`, where NAME begins an operand and is not inside of a query of
 * its own, whose names may be another table's. Of anything else it says nothing.
 */
#ifndef DATA_COMPARED_H
#define DATA_COMPARED_H

#include "data/table/table.h"

/** How deep in brackets a reader of a condition is; zeroed at its beginning. */
typedef struct compared_place {
    unsigned depth, query_depth; /* query_depth: of the bracket that a "select" stands in; 0: in none */
    bool is_query;               /* a "select" that stands in no bracket: nothing is known from there on */
} compared_place;

/** The length of the word at `at`; 0 when there is none. */
size_t compared_word_len(const char *at);
/** Notes what is passed: a word, or any one character outside of quotes. */
void compared_pass(compared_place *place, const char *at, size_t len);
/** The column that the `?` at `question`, a place in `text`, is compared with; NULL when that is not certain.
 */
const data_column *compared_with(const data_table *table, const compared_place *place, const char *text,
                                 const char *question);
/** Where "in (" or "not in (" begins before the `?` at `question`, which is all that is in its brackets; NULL
 * when it is not. */
const char *compared_sole_list(const char *text, const char *question, bool *is_negated);

#endif

/** Between the files that select rows. */
#ifndef DATA_SELECT_H
#define DATA_SELECT_H

#include "data/execute.h"
#include "data/keyset.h"
#include "data/rows.h"
#include "data/statement.h"

/** Of STATEMENT_AGGREGATE: over which column, and how. */
typedef struct select_sum {
    unsigned function; /* an index of select_functions */
    const data_column *column;
} select_sum;

/** "sum", "avg", "min", "max". */
extern const char select_functions[4][4];

/** Builds the statement of a selection, of which the values' kinds alone count. `after` is NULL without
 * `.after`. */
void select_build(sql_builder *b, const data_table *table, statement_verb verb, const select_sum *sum,
                  const tern_selection *s, const keyset *after);
/** The same of a search, whose first value is the query. (search.c) */
void search_build(sql_builder *b, const data_table *table, statement_verb verb, const tern_selection *s);
/** Gives `run` the statement of a selection and its values: `verb` says what is done with the rows; `sum` is
 * NULL but for an aggregate. */
void select_prepare(tern_ctx *c, const data_table *table, statement_verb verb, const select_sum *sum,
                    const tern_selection *s, data_run *run);
/** What of the selection's filters is given; NULL when it has none. Leaves the handler with 500 when there
 * are values without a text for them. */
const filters_given *select_given(tern_ctx *c, const tern_selection *s);
/** .where and the .filters that are given, after `before` (" where "); false, with nothing written, when
 * there is no condition. `is_alone`: nothing follows that the condition would have to be kept apart from. */
bool select_condition(sql_builder *b, const data_table *table, const tern_selection *s, const char *before,
                      bool is_alone);
/** The values of a selection, in the order of its placeholders, as the program gives them: `given` for its
 * condition; `after` is NULL without `.after`. */
const tern_arg *select_args(tern_ctx *c, const data_table *table, const tern_selection *s,
                            const tern_args *given, const keyset *after);

/** Which of limit, offset, after and for_update are given: a part of the statement's key. */
uint8_t select_flags(const tern_selection *s);
/** " where" of the selection, and of what comes after a row (NULL: of all). */
void select_where(sql_builder *b, const data_table *table, const tern_selection *s, const keyset *after);
/** " limit ? offset ? for update", as those flags say. */
void select_limit(sql_builder *b, unsigned flags);

/** The map of the table's rows; leaves the handler with 503 without memory. */
const rows_map *select_need_map(tern_ctx *c, const data_table *table);
/** "id, title, done": all columns of the table. */
void select_columns(sql_builder *b, const data_table *table);
/** " where id = ?" with a placeholder for each key column. */
void select_where_key(sql_builder *b, const data_table *table);
/** The values of a whole key; leaves the handler with 500 when they are not of its columns' number and kinds.
 */
const tern_arg *select_key_args(tern_ctx *c, const data_table *table, tern_args key);

/** The row of a key, if it is one of those that `within` selects by .where, .args, .filters, .trusted_sql
 * and .for_update alone; else NULL. A failure is answered as data_execute answers it. */
void *select_find_within(tern_ctx *c, const data_table *table, tern_args key, const tern_selection *within);
/** The same within all rows. */
void *select_find(tern_ctx *c, const data_table *table, tern_args key, tern_data_error *error);

#endif

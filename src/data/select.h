/** Shared by the files that select rows. */
#ifndef DATA_SELECT_H
#define DATA_SELECT_H

#include "data/execute.h"
#include "data/keyset.h"
#include "data/rows.h"
#include "data/statement.h"

/** For STATEMENT_AGGREGATE: the column and the function. */
typedef struct select_sum {
    unsigned function; /* an index of select_functions */
    const data_column *column;
} select_sum;

/** "sum", "avg", "min", "max". */
extern const char select_functions[4][4];

/** Builds the statement of a selection, for which only the kinds of values matter. `after` is NULL without
 * `.after`. */
void select_build(sql_builder *b, const data_table *table, statement_verb verb, const select_sum *sum,
                  const tern_selection *s, const keyset *after);
/** Builds the statement of a search, whose first value is the query. (search.c) */
void search_build(sql_builder *b, const data_table *table, statement_verb verb, const tern_selection *s);
/** Gives `run` the statement of a selection and its values: `verb` says what is done with the rows; `sum` is
 * NULL except for an aggregate. */
void select_prepare(tern_ctx *c, const data_table *table, statement_verb verb, const select_sum *sum,
                    const tern_selection *s, data_run *run);
/** The given filters of the selection; NULL without filters. Ends the request with 500 when it has values
 * without a text. */
const filters_given *select_given(tern_ctx *c, const tern_selection *s);
/** Writes .where and the given .filters after `before` (" where "); false, with nothing written, without a
 * condition. `is_alone`: no other condition follows, so no brackets are needed. */
bool select_condition(sql_builder *b, const data_table *table, const tern_selection *s, const char *before,
                      bool is_alone);
/** The values of a selection, in the order of its placeholders, before conversion: `given` for its condition;
 * `after` is NULL without `.after`. */
const tern_arg *select_args(tern_ctx *c, const data_table *table, const tern_selection *s,
                            const tern_args *given, const keyset *after);

/** Flags for the given ones of limit, offset, after and for_update: a part of the statement's key. */
uint8_t select_flags(const tern_selection *s);
/** Writes " where" with the selection's condition, and with that of rows after a given row (NULL: all
 * rows). */
void select_where(sql_builder *b, const data_table *table, const tern_selection *s, const keyset *after);
/** Writes " limit ? offset ? for update", according to the flags. */
void select_limit(sql_builder *b, unsigned flags);

/** The map of the table's rows; ends the request with 503 without memory. */
const rows_map *select_need_map(tern_ctx *c, const data_table *table);
/** "id, title, done": all columns of the table. */
void select_columns(sql_builder *b, const data_table *table);
/** " where id = ?" with a placeholder for each key column. */
void select_where_key(sql_builder *b, const data_table *table);
/**
 * The values of a whole key; ends the request with 500 when they do not match its columns in number and
 * kinds.
 */
const tern_arg *select_key_args(tern_ctx *c, const data_table *table, tern_args key);

/** The row with a key, if `within` selects it, of which only .where, .args, .filters, .trusted_sql and
 * .for_update are used; otherwise NULL. A failure is answered like in data_execute. */
void *select_find_within(tern_ctx *c, const data_table *table, tern_args key, const tern_selection *within);
/** The row with a key, among all rows. */
void *select_find(tern_ctx *c, const data_table *table, tern_args key, tern_data_error *error);

#endif

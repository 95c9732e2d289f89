/**
 * What leads from one schema to another, as SQL of each engine.
 *
 * Renames are taken from .renamed_from of the newer schema, and from nothing else.
 */
#ifndef MIGRATE_DIFF_H
#define MIGRATE_DIFF_H

#include "base/arena.h"
#include "base/buf.h"
#include "data/ddl.h"

/** A table on both sides. Its old columns stand under their new names in `mid`; `from` has the old ones, in
 * the same order. */
typedef struct diff_table {
    const ddl_table *from, *mid, *to;
} diff_table;

typedef struct schema_diff {
    arena *memory;
    const ddl_schema *from, *mid, *to; /* `mid`: the old tables and columns under their new names */
    diff_table *common;                /* tables of both, in the order of `to` */
    unsigned common_count;
    bool is_down; /* leads back: values that are lost are made up */
    bool is_memory_short;
} schema_diff;

/** Compares; false when memory is short. */
bool diff_make(schema_diff *diff, const ddl_schema *from, const ddl_schema *to, bool is_down, arena *memory);
/** `from` with .renamed_from set where `diff` renamed: what its way back compares with. NULL without memory.
 */
const ddl_schema *diff_target_of_return(const schema_diff *diff);
/** What no migration is made of, one line each; true when there is nothing of the kind. */
bool diff_check(const schema_diff *diff, buf *problems);
/** A line for each change, for people: "drop column todo.due, with what it holds". */
void diff_summary(const schema_diff *diff, buf *out);
/** The statements; nothing when no change concerns the engine. */
void diff_sql(const schema_diff *diff, data_dialect dialect, buf *sql);

/* Between the files that write SQL. */

void diff_sql_renames(const schema_diff *diff, buf *sql);
void diff_sql_sqlite(const schema_diff *diff, buf *sql);
void diff_sql_postgres(const schema_diff *diff, buf *sql);
/** The old column under the new name of `mid`. */
const ddl_column *diff_old_column(const diff_table *t, const ddl_column *mid);
/** Whether two columns are the same but for their place in the table: type, null, default, rules, reference.
 */
bool diff_is_same_column(data_dialect dialect, const ddl_table *table, const ddl_column *a,
                         const ddl_column *b);
bool diff_is_same_index(const ddl_index *a, const ddl_index *b);
/** Whether both keep the words of the same columns under the same names, `a` perhaps before renames. */
bool diff_is_same_search(data_dialect dialect, const ddl_table *a, const ddl_table *b);
/** A value for a new column of rows that are there, without a default in the schema: false when it needs none
 * or there is none. */
bool diff_add_filling(buf *sql, data_dialect dialect, const ddl_column *column, bool is_down);
/** `alter table NAME `. */
void diff_add_alter(buf *sql, const char *table);

#endif

/**
 * The difference between two schemas, as SQL for each engine.
 *
 * Renames come only from .renamed_from in the newer schema.
 */
#ifndef MIGRATE_DIFF_H
#define MIGRATE_DIFF_H

#include "base/arena.h"
#include "base/buf.h"
#include "data/ddl/ddl.h"

/** The conversions between kinds that need an expression. Each dialect has one for each of them, in which '#'
 * is the column and '@' the new type; NULL is the value unchanged. Every conversion has its inverse, so each
 * can be reverted. */
typedef enum diff_conversion {
    DIFF_WHOLE_TO_SINGLE,
    DIFF_WHOLE_TO_DOUBLE,
    DIFF_WHOLE_TO_BOOLEAN,
    DIFF_WHOLE_TO_DECIMAL,
    DIFF_WHOLE_TO_TEXT,
    DIFF_WHOLE_TO_UUID,
    DIFF_BOOLEAN_TO_WHOLE,
    DIFF_BOOLEAN_TO_TEXT,
    DIFF_SINGLE_TO_WHOLE,
    DIFF_DOUBLE_TO_WHOLE,
    DIFF_SINGLE_TO_DOUBLE,
    DIFF_DOUBLE_TO_SINGLE,
    DIFF_SINGLE_TO_DECIMAL,
    DIFF_DOUBLE_TO_DECIMAL,
    DIFF_SINGLE_TO_TEXT,
    DIFF_DOUBLE_TO_TEXT,
    DIFF_DECIMAL_TO_WHOLE,
    DIFF_DECIMAL_TO_SINGLE,
    DIFF_DECIMAL_TO_DOUBLE,
    DIFF_DECIMAL_TO_TEXT,
    DIFF_TEXT_TO_WHOLE,
    DIFF_TEXT_TO_SINGLE,
    DIFF_TEXT_TO_DOUBLE,
    DIFF_TEXT_TO_BOOLEAN,
    DIFF_TEXT_TO_DECIMAL,
    DIFF_TEXT_TO_BYTES,
    DIFF_BYTES_TO_TEXT,
    DIFF_TEXT_TO_UUID,
    DIFF_UUID_TO_TEXT,
    DIFF_UUID_TO_WHOLE,
    DIFF_TEXT_TO_DATE,
    DIFF_DATE_TO_TEXT,
    DIFF_TEXT_TO_TIME,
    DIFF_TIME_TO_TEXT,
    DIFF_TEXT_TO_DATETIME,
    DIFF_DATETIME_TO_TEXT,
    DIFF_DATE_TO_DATETIME,
    DIFF_DATETIME_TO_DATE,
    DIFF_TEXT_TO_JSON,
    DIFF_JSON_TO_TEXT,
    DIFF_CONVERSIONS
} diff_conversion;

/** A table in both schemas. `mid` has its old columns under their new names; `from` has the old names, in the
 * same order. */
typedef struct diff_table {
    const ddl_table *from, *mid, *to;
} diff_table;

typedef struct schema_diff {
    arena *memory;
    const ddl_schema *from, *mid, *to; /* `mid`: the old tables and columns under their new names */
    diff_table *common;                /* tables of both, in the order of `to` */
    unsigned common_count;
    bool is_down; /* a down migration: lost values are made up */
    bool is_memory_short;
} schema_diff;

/** Compares; false when out of memory. */
bool diff_make(schema_diff *diff, const ddl_schema *from, const ddl_schema *to, bool is_down, arena *memory);
/**
 * `from` with .renamed_from set where `diff` renamed: the target of the down migration. NULL when out of
 * memory.
 */
const ddl_schema *diff_target_of_return(const schema_diff *diff);
/** Whether each .renamed_from can be applied. Appends one line for each that cannot, because a table or
 * column already had the new name. */
bool diff_check_renames(const schema_diff *diff, buf *problems);
/** Appends one line for each change that cannot be migrated automatically; true when there are none. If the
 * SQL is written anyway, it calls DIFF_BY_HAND, which no database has, where the author must complete it.
 * (key.c) */
bool diff_check(const schema_diff *diff, buf *problems);
/** A line for each change, for people: "drop column todo.due, with what it holds". */
void diff_summary(const schema_diff *diff, buf *out);
/** Appends the statements; nothing when no change concerns the engine. */
void diff_sql(const schema_diff *diff, data_dialect dialect, buf *sql);

/* Shared by the files that write SQL. */

void diff_sql_renames(const schema_diff *diff, buf *sql);
/** In reverse order, so that no table is dropped before one that references it. */
void diff_sql_drop_tables(const schema_diff *diff, buf *sql);
/** The old column, by its new name in `mid`. */
const ddl_column *diff_old_column(const diff_table *t, const ddl_column *mid);
/**
 * Whether two columns are the same except for their position: type, null, default, rules, reference.
 */
bool diff_is_same_column(data_dialect dialect, const ddl_table *table, const ddl_column *a,
                         const ddl_column *b);
bool diff_is_same_index(const ddl_index *a, const ddl_index *b);
/** Whether both index the text of the same columns under the same names; `a` may be from before renames. */
bool diff_is_same_search(data_dialect dialect, const ddl_table *a, const ddl_table *b);
/** The common table of that new name; NULL when there is none. */
const diff_table *diff_find_common(const schema_diff *diff, const char *name);
/** Whether the key has other columns or another order of columns. (key.c) */
bool diff_has_new_key(const diff_table *t);
/** Whether the key's columns, their order, or the kind of one of them changes. (key.c) */
bool diff_is_key_touched(const diff_table *t);
/** Whether the column refers to the same table, whose key has changed. (key.c) */
bool diff_refers_otherwise(const schema_diff *diff, const ddl_column *mid, const ddl_column *to);
/** Appends the value that existing rows get in a new column. False, with nothing appended, when the database
 * fills the column itself or no value is possible. */
bool diff_add_new_value(buf *sql, data_dialect dialect, const ddl_table *table, const ddl_column *column,
                        bool is_down);
/** Whether values of one kind can be converted to another. (convert.c) */
bool diff_can_convert(ddl_kind from, ddl_kind to);
/** Whether the stored form changes with the kind, even if the column's type does not. */
bool diff_must_convert(data_dialect dialect, ddl_kind from, ddl_kind to);
/** The column `name` of one kind, as a value of the other. */
void diff_add_conversion(buf *sql, data_dialect dialect, const char *name, ddl_kind from, ddl_kind to);
/** Appends a value for a new column of existing rows that has no default in the schema. False when the column
 * needs no value or none is possible. */
bool diff_add_filling(buf *sql, data_dialect dialect, const ddl_column *column, bool is_down);
/** `alter table NAME `. */
void diff_add_alter(buf *sql, const char *table);

#define DIFF_BY_HAND "by_hand"

#endif

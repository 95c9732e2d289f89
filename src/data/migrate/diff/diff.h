/**
 * What leads from one schema to another, as SQL of each engine.
 *
 * Renames are taken from .renamed_from of the newer schema, and from nothing else.
 */
#ifndef MIGRATE_DIFF_H
#define MIGRATE_DIFF_H

#include "base/arena.h"
#include "base/buf.h"
#include "data/ddl/ddl.h"

/** The ways from one kind of values to another that need an expression: by these each dialect has its own, in
 * which '#' is the column and '@' the new type; NULL is the value as it is. For each way there is the other way
 * round too, so what leads there leads back. */
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

/** Compares; false when out of memory. */
bool diff_make(schema_diff *diff, const ddl_schema *from, const ddl_schema *to, bool is_down, arena *memory);
/** `from` with .renamed_from set where `diff` renamed: what its way back compares with. NULL without memory.
 */
const ddl_schema *diff_target_of_return(const schema_diff *diff);
/** Whether each .renamed_from can be followed: one line for each that cannot, since there was a table or
 * column of the new name too. */
bool diff_check_renames(const schema_diff *diff, buf *problems);
/** What no migration is made of without somebody's help, one line each; true when there is nothing of the
 * kind. In SQL that is written all the same a call of DIFF_BY_HAND, which no database has, stands where the
 * help is needed. (key.c) */
bool diff_check(const schema_diff *diff, buf *problems);
/** A line for each change, for people: "drop column todo.due, with what it holds". */
void diff_summary(const schema_diff *diff, buf *out);
/** The statements; nothing when no change concerns the engine. */
void diff_sql(const schema_diff *diff, data_dialect dialect, buf *sql);

/* Between the files that write SQL. */

void diff_sql_renames(const schema_diff *diff, buf *sql);
/** The old column under the new name of `mid`. */
const ddl_column *diff_old_column(const diff_table *t, const ddl_column *mid);
/** Whether two columns are the same but for their place in the table: type, null, default, rules, reference.
 */
bool diff_is_same_column(data_dialect dialect, const ddl_table *table, const ddl_column *a,
                         const ddl_column *b);
bool diff_is_same_index(const ddl_index *a, const ddl_index *b);
/** Whether both keep the words of the same columns under the same names, `a` perhaps before renames. */
bool diff_is_same_search(data_dialect dialect, const ddl_table *a, const ddl_table *b);
/** The common table of that new name; NULL when there is none. */
const diff_table *diff_find_common(const schema_diff *diff, const char *name);
/** Whether the key has other columns, or another order of them. (key.c) */
bool diff_has_new_key(const diff_table *t);
/** Whether that, or the kind of one of them changes. */
bool diff_is_key_touched(const diff_table *t);
/** Whether the column refers to the same table by what is another key now. */
bool diff_refers_otherwise(const schema_diff *diff, const ddl_column *mid, const ddl_column *to);
/** What rows that are there get in a new column; false, with nothing appended, when the database sees to it
 * or cannot. */
bool diff_add_new_value(buf *sql, data_dialect dialect, const ddl_table *table, const ddl_column *column,
                        bool is_down);
/** Whether values of one kind can become values of another. (convert.c) */
bool diff_can_convert(ddl_kind from, ddl_kind to);
/** Whether what is stored changes with the kind, though the columns' types may be one. */
bool diff_must_convert(data_dialect dialect, ddl_kind from, ddl_kind to);
/** The column `name`, which holds the one kind, as a value of the other. */
void diff_add_conversion(buf *sql, data_dialect dialect, const char *name, ddl_kind from, ddl_kind to);
/** A value for a new column of rows that are there, without a default in the schema: false when it needs none
 * or there is none. */
bool diff_add_filling(buf *sql, data_dialect dialect, const ddl_column *column, bool is_down);
/** `alter table NAME `. */
void diff_add_alter(buf *sql, const char *table);

#define DIFF_BY_HAND "by_hand"

#endif

/**
 * A model as a table: computed once at start from its description, for both dialects.
 *
 * Made before the workers are forked; read-only after.
 */
#ifndef DATA_TABLE_H
#define DATA_TABLE_H

#include "base/arena.h"
#include "base/buf.h"
#include "data/engine.h"
#include "schema/plan/plan.h"

enum { DATA_KEY_COLUMNS_MOST = 8, DATA_COLUMNS_MOST = 128 };

typedef struct data_table data_table;

typedef struct data_column {
    const field_plan *plan; /* of the field; plan->field has its options */
    const char *name;       /* .column, or the field's name */
    tern_arg_kind kind;     /* the kind of its bound values */
    bool is_key, is_nullable;
    bool is_automatic; /* a single integer key: the database assigns it for 0 */
    bool is_created, is_updated, is_version;
    bool is_unique, is_indexed;
    const data_table *references; /* its key column; NULL: no foreign key */
    tern_on_delete on_delete;
} data_column;

/** An index of the table itself (of several columns, or partial), as declared. */
typedef struct data_index {
    const char *name;    /* "todo_owner_created_idx": of at most 63 bytes */
    const char *columns; /* "owner, created desc": column names, checked */
    const char *where;   /* NULL: all rows */
    bool is_unique;
} data_index;

struct data_table {
    const tern_type *type;
    const char *name;
    data_column *columns; /* in the order of the fields; fields that are not stored have no column */
    unsigned column_count;
    unsigned keys[DATA_KEY_COLUMNS_MOST]; /* numbers of the key columns */
    unsigned key_count;
    data_index *indexes;
    unsigned index_count;
    const char *renamed_from;                 /* NULL, or the table's former name */
    data_column *version, *created, *updated; /* NULL: none */
    const char *search;     /* NULL, or the search index: SQLite's table, PostgreSQL's index */
    const char **searched;  /* names of the searched columns */
    const char *search_row; /* the column by which SQLite identifies rows: the automatic key, or "rowid" */
    unsigned searched_count;
    bool is_view;               /* rows are only read into it */
    const data_table *of;       /* of a view that has a table's name: that table; otherwise NULL */
    unsigned number;            /* in data_tables */
    data_table *older_namesake; /* another table whose model has the same name; NULL: none */
};

/**
 * Makes the tables of `models` (NULL-terminated), in memory that lives as long as the process. False with a
 * line for each mistake in `problems`: no key, a type that is referred to but not given, two tables with the
 * same name, a column twice, an index on an unknown column, .on_delete = TERN_SET_NULL on a column that
 * cannot be null, ...
 */
bool data_tables_make(tern_type *const *models, buf *problems);
/** Whether both describe the same declaration. TERN_MODEL in a header gives each source file that includes it a
 * description of its own. */
bool data_is_same_model(const tern_type *a, const tern_type *b);
/** All tables, referenced ones first. */
const data_table *const *data_tables(unsigned *count);
/** The table of a model; NULL without one. Hot path: one look-up. */
const data_table *data_table_of(const tern_type *type);
/** The newest table whose model has this name; `older_namesake` leads to the others. NULL without one. */
const data_table *data_table_of_name(const char *model);
/** Frees the tables of data_tables_make (tests under leak checkers). */
void data_tables_forget(void);

/** The table of a view, or the table itself, whose columns and keys can be used. */
static inline const data_table *data_table_base(const data_table *table)
{
    return table->of != NULL ? table->of : table;
}

/**
 * The column of `table` that the foreign key `reference` references; NULL when it does not refer to rows of
 * `table`. A view with a table's name has that table's rows. Other views may have rows of any table: there
 * the column is the key, if it is a single column of a matching kind.
 */
const data_column *data_referred_column(const data_column *reference, const data_table *table);
/** The foreign keys of a table of pairs. */
typedef struct data_pair_columns {
    const data_column *near, *far; /* referencing rows of `table` and of `item`; NULL: none */
    unsigned near_count, far_count;
} data_pair_columns;
/** Finds them; `by` (NULL: not given) names the one that references `table`. */
data_pair_columns data_pair_columns_of(const data_table *pairs, const data_table *table,
                                       const data_table *item, const char *by);

/** The column with this field's or column's name; NULL without one. */
const data_column *data_table_column(const data_table *table, const char *name, size_t len);
/** Whether the row's value is null: its state says so and no value was set since; or, with any state, the
 * value is not one of the column (a date without month or day, a reference to 0). Never true for a column
 * that is not null. */
bool data_column_is_null(const data_column *column, const void *row);
/** The column's value in a row as a value to be bound, JSON kinds encoded into the arena. False, with `error`
 * set, without memory, or when it does not fit a column: an unsigned value above INT64_MAX, a date that is
 * not a day, ... */
bool data_column_arg(const data_column *column, const void *row, arena *a, tern_arg *out, data_error *error);
/** The kind of a type's bound values: TERN_ARG_TEXT for text and enums, TERN_ARG_JSON for models, lists, maps
 * and free JSON, ...; TERN_ARG_NULL for types without a column (uploads). */
tern_arg_kind data_kind_of(const tern_type *type);
/** Whether `name` may be a table's or column's name unquoted in both engines: [a-z_][a-z0-9_]*, 63 bytes, not
 * a reserved word. */
bool data_name_is_plain(const char *name, size_t len);

#endif

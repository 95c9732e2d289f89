/**
 * The schema of a database: the models' tables independent of any dialect, and the SQL made from it.
 *
 * Migrations compare schemas and keep them in a file beside their SQL. So a schema is itself a model, and
 * json.h makes its JSON. Requests use nothing from this header.
 */
#ifndef DATA_DDL_H
#define DATA_DDL_H

#include "base/arena.h"
#include "base/buf.h"
#include "data/engine.h"

#include <tern/model.h>

/** The kind of a column. Ranges that an engine's type does not enforce become part of the column's check. */
TERN_ENUM(ddl_kind, boolean, int8, int16, int32, int64, uint8, uint16, uint32, uint64, float32, float64, text,
          bytes, uuid, date, time, datetime, duration, decimal, json)

TERN_ENUM(ddl_on_delete, restricted, cascade, set_null)
/** The value of existing rows in a new column without a fallback: see migrations. */
TERN_ENUM(ddl_role, plain, created, updated, version)

TERN_MODEL(
    ddl_column, (const char *, name), (ddl_kind, kind), (bool, nullable, .fallback = "false"),
    (bool, automatic, .fallback = "false"), (ddl_role, role, .fallback = "plain"),
    /* as text of its kind; bytes in hexadecimal, durations in microseconds, times to the microsecond */
    (const char *, fallback, .optional = true), (const char *, min, .optional = true),
    (const char *, max, .optional = true), (bool, min_excluded, .fallback = "false"),
    (bool, max_excluded, .fallback = "false"), (const char *, multiple_of, .optional = true),
    (const char *, min_length, .optional = true), (const char *, max_length, .optional = true),
    (tern_text_list, choices, .fallback = "[]"), (const char *, pattern, .optional = true),
    (const char *, references, .optional = true), /* a table */
    (const char *, references_column, .optional = true), (ddl_on_delete, on_delete, .fallback = "restricted"),
    (const char *, renamed_from, .optional = true)) /* models only; not stored */

TERN_MODEL(ddl_index, (const char *, name), (const char *, columns), (const char *, where, .optional = true),
           (bool, unique, .fallback = "false"))

TERN_MODEL(ddl_table, (const char *, name), (ddl_column_list, columns), (tern_text_list, key),
           (ddl_index_list, indexes), (tern_text_list, search, .fallback = "[]"), /* columns */
           (const char *, renamed_from, .optional = true))

/** Referenced tables come first, unless they reference each other in a cycle. */
TERN_MODEL(ddl_schema, (ddl_table_list, tables))

/** The schema of the models given to data_tables_make, in `a` (and in the models themselves). NULL without
 * memory, or with a line for each mistake: two indexes or tables with the same name. (models.c) */
ddl_schema *ddl_of_models(arena *a, buf *problems);

/** The table with this name; NULL without one. (models.c) */
const ddl_table *ddl_find_table(const ddl_schema *schema, const char *name);
const ddl_column *ddl_find_column(const ddl_table *table, const char *name);
const ddl_index *ddl_find_index(const ddl_table *table, const char *name);
/** Whether the column alone is the table's key. */
bool ddl_is_sole_key(const ddl_table *table, const ddl_column *column);
/** Whether the database numbers the rows. */
bool ddl_has_automatic_key(const ddl_table *table);

/* SQL. Appends; memory that runs out shows as sql->failed. */

/** "int64". (type.c) */
const char *ddl_kind_name(ddl_kind kind);
/** "bigint". */
const char *ddl_type_name(data_dialect dialect, ddl_kind kind);
/** `text` as a literal: quoted, with its content escaped. */
void ddl_add_text(buf *sql, const char *text);
/** A value as written in a schema (ddl_column.fallback). */
void ddl_add_literal(buf *sql, data_dialect dialect, ddl_kind kind, const char *value);
/** A value of any scalar type but text and free JSON as written in a schema. NULL without memory.
 * (value.c) */
const char *ddl_value_text(arena *a, const tern_type *type, const void *value);
/** Name of a constraint or index: "todo_title_check". */
void ddl_add_name(buf *sql, const char *table, const char *column, const char *ending);

/** The rules of a column as one condition; false, with nothing appended, without rules. (check.c) */
bool ddl_add_check(buf *sql, data_dialect dialect, const ddl_column *column);

/** A column as written in create table and add column: `title text not null constraint ... check (...)`.
 * (table.c) */
void ddl_add_column(buf *sql, data_dialect dialect, const ddl_table *table, const ddl_column *column,
                    bool with_reference);
/** `references person (id) on delete cascade`. */
void ddl_add_reference(buf *sql, const ddl_column *column);
/** "todo_pkey": the name of this table's key in PostgreSQL, which names automatic keys itself. */
void ddl_add_key_name(buf *sql, const char *table, bool is_automatic);
/** `constraint todo_pkey primary key (id)`. */
void ddl_add_key(buf *sql, const ddl_table *table);
/** One create table, without indexes; `name` instead of the table's own when it is not NULL. A foreign key is
 * omitted when `is_later(arg, column)`: its table does not exist yet. */
void ddl_add_table(buf *sql, data_dialect dialect, const ddl_table *table, const char *name,
                   bool (*is_later)(const void *arg, const ddl_table *table, const ddl_column *column),
                   const void *arg);
void ddl_add_index(buf *sql, const ddl_table *table, const ddl_index *index);
/**
 * The search index of the table's search columns: in SQLite an FTS5 table and the triggers that update it, in
 * PostgreSQL an index. Each call appends one statement, chosen by `part` from 0; false, with nothing
 * appended, when there are no more. (search.c)
 */
bool ddl_add_search_part(buf *sql, data_dialect dialect, const ddl_table *table, unsigned part);
/** All these statements. */
void ddl_add_search(buf *sql, data_dialect dialect, const ddl_table *table);
/** Indexes the words of existing rows; PostgreSQL's index contains them already. */
void ddl_add_search_rows(buf *sql, data_dialect dialect, const ddl_table *table);
void ddl_drop_search(buf *sql, data_dialect dialect, const ddl_table *table);
/** Every table with its indexes, for an empty database. */
void ddl_add_schema(buf *sql, data_dialect dialect, const ddl_schema *schema);

#endif

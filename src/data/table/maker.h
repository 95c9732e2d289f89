/** Shared by the files that make tables: the state of one data_tables_make. */
#ifndef DATA_TABLE_MAKER_H
#define DATA_TABLE_MAKER_H

#include "data/table/table.h"

enum { DATA_NAME_MOST = 63 }; /* bytes of a name in PostgreSQL, which would truncate it */

typedef struct table_maker {
    arena *memory; /* of all tables, for their lifetime */
    buf *problems;
    data_table *tables;
    unsigned count;
    const tern_type *model; /* of the table being made */
    const tern_field *field;
    bool has_mistakes;
    bool is_memory_short;
} table_maker;

/** Writes the line of one mistake in the current field, or in the model without one. */
void table_mistake(table_maker *m, const char *format, ...) __attribute__((format(printf, 2, 3)));
/** `size` zeroed bytes that live as long as the tables; NULL (and is_memory_short) without memory. */
void *table_zero(table_maker *m, size_t size) __attribute__((warn_unused_result));
/** The table of a model among those being made; NULL when there is none. */
data_table *table_find(const table_maker *m, const tern_type *model);

/* column.c */
/** Names of the table and its columns, its key, and the columns that the database fills in. */
void table_make_columns(table_maker *m, data_table *table);

/* search.c */
/** The search index of .search fields, once the table has its columns. */
void table_make_search(table_maker *m, data_table *table);

/* relation.c */
/** Foreign keys, once every table has its columns. */
void table_make_references(table_maker *m, data_table *table);
/** Foreign keys that a view takes from its table, once that has them. */
void table_take_references(data_table *table);
/** .via, .by and .through, once every table has its foreign keys. */
void table_check_relations(table_maker *m, const data_table *table);

/* index.c */
/** The indexes of several columns, and those for foreign keys. */
void table_make_indexes(table_maker *m, data_table *table);

/* name.c */
/** The model's name in snake_case: "OrderLine" is order_line, "HTTPLog" http_log. NULL without memory. */
const char *data_name_of_model(arena *a, const char *model);
/** NULL when a table or column may have that name, otherwise why not. */
const char *data_name_problem(const char *name);
bool data_name_equal(const char *a, const char *b); /* compares names like SQLite: ignores ASCII case */
/** The name of an index or constraint: its parts joined by '_' and truncated so that with `ending` ("idx") it
 * has at most 63 bytes; a hash replaces the removed part. NULL without memory. */
const char *data_name_join(arena *a, const char *table, const char *middle, const char *ending);
/** Appends `name` to SQL, quoted where that is needed. */
bool data_name_add(buf *sql, const char *name);

#endif

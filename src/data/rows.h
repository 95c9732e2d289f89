/**
 * Converts an engine's rows to values of a model.
 *
 * Hot path: rows_take, for every row of every query. It allocates only when the list grows.
 */
#ifndef DATA_ROWS_H
#define DATA_ROWS_H

#include "data/execute.h"

struct rows_nests; /* nested.h */

/** The field that each column of a result fills; NULL: none. */
typedef struct rows_map {
    const tern_type *type; /* prepared */
    const field_plan **fields;
    unsigned count;
    bool is_whole; /* each field of the model has its own column */
    /* the models within the row that columns such as "author.name" fill; NULL: none, as in every map of a
     * table */
    const struct rows_nests *nests;
} rows_map;

/** A list in the request's memory that grows row by row. */
typedef struct rows_list {
    tern_ctx *c;
    const rows_map *map;
    char *items; /* of map->type */
    size_t count, room;
} rows_list;

/** The map of `select` with all columns of a table, in their order; made once. NULL without memory. */
const rows_map *rows_map_of_table(const data_table *table);
/**
 * The map of the result of `run`, by its columns' names. It is made once for a kept statement, and again when
 * its columns have changed. NULL with `run->error` set: a column is not a field of the model. (named.c)
 */
const rows_map *rows_map_named(data_run *run, const tern_type *type, const data_row *row);

/** Reads a row into `out`, map->type->size bytes with any content. Fields without a column become absent.
 * False with run->error set, also for a null where the field is a text that must have a value. */
bool rows_read(const rows_map *map, data_run *run, const data_row *row, void *out);
/** An on_row for a sink of rows_list. */
bool rows_take(data_run *run, const data_row *row);
/** Like rows_take, for a map with nested models. */
bool rows_take_nested(data_run *run, const data_row *row);
/** An on_row that reads a row into the value that rows_list.items points to; fields without a column in the
 * map do not change. */
bool rows_take_onto(data_run *run, const data_row *row);
/** An on_row that reads the row of a key into the value that rows_list.items points to. It is the only row,
 * and ends the run. */
bool rows_take_only(data_run *run, const data_row *row);
/** Doubles a full list of items of `size` bytes, in the run's memory; false with run->error set. */
bool rows_grow(data_run *run, char **items, size_t *room, size_t size);
/** A list of any type, as the macros return it. */
void *rows_list_of(tern_ctx *c, void *items, size_t count);
/** The list as the `Model_list *` of the macros. */
void *rows_as_list(const rows_list *list);
/** Marks each field of a model as absent. */
void rows_mark_absent(const tern_type *type, void *out);
/** Forgets the tables' maps (tests under leak checkers). */
void rows_forget(void);

/** The table of a model that a handler names; ends the request with 500 when it is not one of
 * tern_database's. Never NULL. */
const data_table *data_need_table(tern_ctx *c, const tern_type *type);

#endif

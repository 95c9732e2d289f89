/**
 * From an engine's rows to values of a model.
 *
 * Hot path: rows_take, for every row of every query. It allocates only when the list grows.
 */
#ifndef DATA_ROWS_H
#define DATA_ROWS_H

#include "data/execute.h"

/** Which field each column of a result fills; NULL: none. */
typedef struct rows_map {
    const tern_type *type; /* prepared */
    const field_plan **fields;
    unsigned count;
    bool is_whole; /* each field of the model has a column of its own */
} rows_map;

/** A list that grows row by row in the request's memory. */
typedef struct rows_list {
    tern_ctx *c;
    const rows_map *map;
    char *items; /* of map->type */
    size_t count, room;
} rows_list;

/** The map of `select` with all columns of a table, in their order; made once. NULL without memory. */
const rows_map *rows_map_of_table(const data_table *table);
/** The field that a result's column of this name fills; NULL: none. `type` is prepared. */
const field_plan *rows_field_of_column(const tern_type *type, const char *name);
/** The map of a result by its columns' names. False with `run->error` set when a column is no field of the
 * model. */
bool rows_map_by_name(const tern_type *type, const data_row *row, rows_map *map, data_run *run);

/** Reads a row into `out`, map->type->size bytes of any content. Fields without a column become absent. False
 * with run->error set, also for a null where the field is a text that must have a value. */
bool rows_read(const rows_map *map, data_run *run, const data_row *row, void *out);
/** An on_row for a sink of rows_list. */
bool rows_take(data_run *run, const data_row *row);
/** An on_row that reads one row into the value that rows_list.items points to. */
bool rows_take_into(data_run *run, const data_row *row);
/** The same, but what has no column in the map stays as it is. */
bool rows_take_onto(data_run *run, const data_row *row);
/** As rows_take_into for a statement by a key: the row is its only one and ends the run, no second is asked
 * for. */
bool rows_take_only(data_run *run, const data_row *row);
/** The list as the `Model_list *` of the macros. */
void *rows_as_list(const rows_list *list);
/** Forgets the tables' maps (tests under leak checkers). */
void rows_forget(void);

/** The table of a model that a handler names; leaves it with 500 when it is none of tern_database's. Never
 * NULL. */
const data_table *data_need_table(tern_ctx *c, const tern_type *type);

#endif

/**
 * Rows of tables as JSON, exact in both directions: `db dump` writes it and `db load` reads it.
 *
 * Each line is one row by its columns' names, `{"todo":{"id":1,"title":"Buy milk"}}`. It has all columns,
 * including those of .write_only fields.
 */
#ifndef MIGRATE_FIXTURE_H
#define MIGRATE_FIXTURE_H

#include "data/migrate/client/client.h"
#include "data/table/table.h"
#include "schema/faults.h"

/** A table whose rows are being copied. */
typedef struct fixture {
    const data_table *table;
    data_dialect dialect;
    tern_type *twin;    /* the model's struct with only its columns, all plain */
    buf select, insert; /* SQL; insert's values are those of all columns */
} fixture;

bool fixture_make(fixture *f, const data_table *table, data_dialect dialect, buf *problems);
void fixture_free(fixture *f);
/** Appends the line of a row that `select` gave; false with a problem without a line end. */
bool fixture_print(const fixture *f, const char *const *values, arena *row_memory, buf *out, buf *problem);
/**
 * Reads the row of a line into values for `insert`; `json` is the line's inner object. False with the
 * problem.
 */
bool fixture_read(const fixture *f, tern_str json, arena *row_memory, tern_arg *args, buf *problem);

#endif

/**
 * Rows of tables as JSON, exact in both directions: what `db dump` writes and `db load` reads.
 *
 * A line is one row, `{"todo":{"id":1,"title":"Buy milk"}}`, by the names of its columns. All columns are in
 * it, also those of .write_only fields.
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
    tern_type *twin;    /* the model's struct with nothing but its columns, all of them plain */
    buf select, insert; /* SQL; insert's values are those of all columns */
} fixture;

bool fixture_make(fixture *f, const data_table *table, data_dialect dialect, buf *problems);
void fixture_free(fixture *f);
/** Appends the line of a row that `select` gave; false with a problem without a line end. */
bool fixture_print(const fixture *f, const char *const *values, arena *row_memory, buf *out, buf *problem);
/** Reads the row of a line, `json` being its inner object, into values for `insert`; false with the problem.
 */
bool fixture_read(const fixture *f, tern_str json, arena *row_memory, tern_arg *args, buf *problem);

#endif

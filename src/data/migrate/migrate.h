/**
 * Migrations: `APP migrate`, and the checks before an application serves.
 */
#ifndef MIGRATE_MIGRATE_H
#define MIGRATE_MIGRATE_H

#include "base/buf.h"
#include "data/engine.h"

#include <tern/app.h>

/**
 * Adds the commands `migrate` and `db`, and data_schema_check before `run`, to an application.
 * data_tables_make must have made its tables by the end of app_prepare. `options` (url, migrations) must be
 * complete by then and must not move; --database-url overrides its url.
 */
void data_migrate_commands_add(tern_app *app, const tern_database_options *options);

/** Adds the command `check`, under the same conditions. */
void data_check_command_add(tern_app *app, const tern_database_options *options);

typedef enum data_schema_state {
    DATA_SCHEMA_FITS,
    DATA_SCHEMA_DIFFERS,
    DATA_SCHEMA_UNKNOWN /* the database cannot be reached now */
} data_schema_state;

/**
 * Checks, before the application serves, that the database of `options` has the tables of the models.
 *
 * If there are no migrations and the database has no tables, it creates the tables of the models. Otherwise
 * every migration of the folder must be applied, unchanged, and the models must match the newest one. If not,
 * `problems` gets lines that say what to run. A database in memory is not checked: each process has its own.
 * Blocks. May be called in any thread, but only by one at a time.
 */
data_schema_state data_schema_check(const tern_database_options *options, const char *program, buf *problems);

/** Applies the migrations of the folder to a database without tables, for tests of the application; false
 * with lines. */
bool data_schema_fill(const tern_database_options *options, const char *program, buf *problems);

/** Appends SQL that creates the models' tables in an empty database (`sqlite::memory:`). False when out of
 * memory, or with a line for each mistake. */
bool data_schema_sql(data_dialect dialect, buf *sql, buf *problems);

#endif

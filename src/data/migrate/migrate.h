/**
 * Migrations: `APP migrate` and what is checked before an application serves.
 */
#ifndef MIGRATE_MIGRATE_H
#define MIGRATE_MIGRATE_H

#include "base/buf.h"
#include "data/engine.h"

#include <tern/app.h>

/**
 * Adds the commands `migrate` and `db`, and data_schema_check before `run`, to an application whose tables
 * data_tables_make has made by the time that app_prepare is done. `options` (url, migrations) must be
 * complete by then and stay where it is; --database-url wins over its url.
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
 * Whether the database of `options` has the tables of the models, before the application serves.
 *
 * A database without any table becomes the models' at once, as long as there are no migrations. Otherwise it
 * must have every migration of the folder, unchanged, and the models must be those of the newest one. Else
 * there are lines in `problems` that say what to run. A database in memory is not looked at: each process has
 * its own. Blocks; may be called in any thread, by one at a time.
 */
data_schema_state data_schema_check(const tern_database_options *options, const char *program, buf *problems);

/** Applies the migrations of the folder to a database without any table, for tests of the application; false
 * with lines. */
bool data_schema_fill(const tern_database_options *options, const char *program, buf *problems);

/** SQL that makes the models' tables in an empty database (`sqlite::memory:`); false without memory or with a
 * line for each mistake. */
bool data_schema_sql(data_dialect dialect, buf *sql, buf *problems);

#endif

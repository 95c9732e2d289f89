/** The database that calls are checked against: created for the check and removed after it. */
#ifndef CHECK_DATABASE_H
#define CHECK_DATABASE_H

#include "data/check/engine.h"
#include "data/migrate/command.h"

/** Opens a database with the tables that the folder's migrations make, plus the models' other changes.
 * Without migrations it has the models' tables. An application with unmanaged tables gets its own database,
 * read only. False with lines; open when true. */
bool check_database_open(migrate_command *command, const check_engine *engine);

#endif

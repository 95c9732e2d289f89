/** The database that calls are held against: made for the check, and gone after it. */
#ifndef CHECK_DATABASE_H
#define CHECK_DATABASE_H

#include "data/check/engine.h"
#include "data/migrate/command.h"

/** Opens a database with the tables that the migrations of the folder make, and what the models have besides;
 * with the models' where there are no migrations. An application whose tables are somebody else's gets its own
 * database, to be looked at. False with lines; open when true. */
bool check_database_open(migrate_command *command, const check_engine *engine);

#endif

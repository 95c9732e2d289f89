/** The database as this worker uses it: which engine, opened where, with which settings. */
#ifndef DATA_WORKER_DATABASE_H
#define DATA_WORKER_DATABASE_H

#include "data/engine.h"

/** One in a process: made by tern_database, opened in each worker. */
typedef struct worker_database {
    const data_engine *engine; /* NULL: the application has no database */
    tern_database_options options;
    data_database *primary;
    data_database *replica; /* NULL: everything goes to the primary */
    bool is_unchecked; /* nobody has seen yet whether its tables are those of the models (await_schema.h) */
} worker_database;

extern worker_database data_self;

#endif

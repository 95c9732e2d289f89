/** The database of this worker: its engine, connections and settings. */
#ifndef DATA_WORKER_DATABASE_H
#define DATA_WORKER_DATABASE_H

#include "data/engine.h"

/** One per process: made by tern_database, opened in each worker. */
typedef struct worker_database {
    const data_engine *engine; /* NULL: the application has no database */
    tern_database_options options;
    data_database *primary;
    data_database *replica; /* NULL: everything goes to the primary */
    bool is_unchecked;      /* its tables have not yet been checked against the models (await_schema.h) */
} worker_database;

extern worker_database data_self;

#endif

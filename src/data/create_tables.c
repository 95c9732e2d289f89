/*
 * Creates the tables of a database in memory. It is empty in every worker that opens it, so nothing is
 * migrated.
 */
#include "data/create_tables.h"
#include "data/migrate/migrate.h"
#include "data/worker_database.h"
#include "runtime/coro.h"

#include <tern/log.h>

typedef struct making {
    const buf *sql;
    bool is_done;
} making;

static void run_sql(void *arg)
{
    making *m = arg;
    arena memory;
    arena_init(&memory, NULL, 0, SIZE_MAX / 2);
    const data_statement statement = {.sql = m->sql->data, .sql_len = m->sql->len, .writes = true};
    data_run run = {.statement = &statement, .memory = &memory};
    m->is_done = data_self.engine->run(data_self.primary, &run);
    if (!m->is_done)
        tern_log(TERN_LOG_ERROR, "database: the tables cannot be made: %s", run.error.message);
    arena_free(&memory);
}

bool data_create_tables(void)
{
    buf sql = {0}, problems = {0};
    making m = {.sql = &sql};
    bool has_sql = data_schema_sql(data_self.engine->dialect, &sql, &problems);
    if (!has_sql)
        tern_log(TERN_LOG_ERROR, "database: %s",
                 problems.len != 0 ? problems.data : "out of memory for the tables");
    bool has_run = has_sql && coro_start(run_sql, &m); /* runs to its end: a database in memory never waits */
    buf_free(&sql);
    buf_free(&problems);
    return has_run && m.is_done;
}

/* The tables of a database in memory: it is empty in every worker that opens it, and there is nothing to
 * migrate. */
#include "data/fresh.h"
#include "data/ddl.h"
#include "data/worker.h"
#include "runtime/coro.h"

#include <tern/log.h>

#include <string.h>

typedef struct making {
    arena memory;
    bool is_done;
} making;

/** Runs what `sql` holds and empties it. */
static bool run_sql(making *m, buf *sql)
{
    if (sql->failed)
        return false;
    while (sql->len > 0 && strchr("; \n", sql->data[sql->len - 1]) != NULL)
        sql->len--;
    const data_statement statement = {.sql = sql->data, .sql_len = sql->len, .writes = true};
    data_run run = {.statement = &statement, .memory = &m->memory};
    sql->data[sql->len] = '\0';
    bool is_done = data_self.engine->run(data_self.primary, &run);
    if (!is_done)
        tern_log(TERN_ERROR, "database: the tables cannot be made: %s", run.error.message);
    sql->len = 0;
    return is_done;
}

static bool make_table(making *m, const ddl_table *table, buf *sql)
{
    ddl_add_table(sql, data_self.engine->dialect, table, NULL, NULL, NULL);
    bool is_done = run_sql(m, sql);
    for (size_t i = 0; i < table->indexes.count && is_done; i++) {
        ddl_add_index(sql, table, &table->indexes.items[i]);
        is_done = run_sql(m, sql);
    }
    for (unsigned part = 0; is_done && ddl_add_search_part(sql, data_self.engine->dialect, table, part);
         part++)
        is_done = run_sql(m, sql);
    return is_done;
}

static void make_tables(void *arg)
{
    making *m = arg;
    buf problems = {0}, sql = {0};
    const ddl_schema *schema = ddl_of_models(&m->memory, &problems);
    m->is_done = schema != NULL;
    for (size_t i = 0; m->is_done && i < schema->tables.count; i++)
        m->is_done = make_table(m, &schema->tables.items[i], &sql);
    if (schema == NULL)
        tern_log(TERN_ERROR, "database: %s", problems.len != 0 ? problems.data : "memory ran out");
    buf_free(&sql);
    buf_free(&problems);
}

bool data_make_fresh_tables(void)
{
    making m = {.is_done = false};
    arena_init(&m.memory, NULL, 0, SIZE_MAX / 2);
    bool has_run = coro_start(make_tables, &m); /* to its end: a database in memory waits for nothing */
    arena_free(&m.memory);
    return has_run && m.is_done;
}

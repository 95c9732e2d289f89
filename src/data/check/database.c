#include "data/check/database.h"

#include "data/migrate/diff/diff.h"

static bool fail_with(migrate_command *c, buf *problem)
{
    command_fail(c, "check: %s", problem->data != NULL ? problem->data : "out of memory");
    buf_free(problem);
    return false;
}

static bool run_script(migrate_command *c, const buf *sql, buf *problem)
{
    return !sql->failed &&
           (sql->len == 0 || client_script(&c->client, sql->data, sql->len, NULL, NULL, problem));
}

static bool make_models(migrate_command *c, const ddl_schema *models)
{
    buf sql = {0}, problem = {0};
    ddl_add_schema(&sql, c->client.driver->dialect, models);
    bool is_done = run_script(c, &sql, &problem);
    buf_free(&sql);
    return is_done ? (buf_free(&problem), true) : fail_with(c, &problem);
}

static bool run(migrate_command *c, const char *sql, buf *problem)
{
    return client_query(&c->client, sql, NULL, 0, NULL, NULL, problem);
}

/** Reports changes of the models that are not in a migration yet, and then applies them, so that calls are
 * checked against the tables that they are written for. Changes that need manual work are not applied. */
static bool add_changes(migrate_command *c, const ddl_schema *newest, const ddl_schema *models)
{
    schema_diff diff;
    buf sql = {0}, problem = {0};
    if (command_is_same(c, newest, models))
        return true;
    command_fail(c, "the models have changes that are not in a migration; run `%s migrate make`", c->program);
    bool is_sound =
        diff_make(&diff, newest, models, false, &c->memory) && run(c, "savepoint changes", &problem);
    if (is_sound)
        diff_sql(&diff, c->client.driver->dialect, &sql);
    if (is_sound && !run_script(c, &sql, &problem)) {
        problem.len = 0;
        is_sound = run(c, "rollback to savepoint changes", &problem);
    }
    buf_free(&sql);
    return is_sound ? (buf_free(&problem), true) : fail_with(c, &problem);
}

static bool make_tables(migrate_command *c)
{
    const ddl_schema *models = command_models(c);
    const migration *of;
    if (models == NULL)
        return false;
    if (c->folder.count == 0)
        return make_models(c, models);
    const ddl_schema *newest = folder_schema(&c->folder, &of, &c->problems);
    return newest != NULL && migrate_replay(c) && add_changes(c, newest, models);
}

bool check_database_open(migrate_command *c, const check_engine *engine)
{
    buf problem = {0};
    if (c->options->unmanaged)
        return engine->open_as_it_is(&c->client, c->options->url, &problem) || fail_with(c, &problem);
    if (!engine->open_scratch(&c->client, c->options->url, &problem))
        return fail_with(c, &problem);
    bool is_made = make_tables(c);
    if (!is_made)
        engine->close(&c->client);
    return is_made;
}

/* Checks, before an application serves, that its models and its database agree. */
#include "data/migrate/command.h"
#include "data/migrate/migrate.h"
#include "data/table/table.h"

#include <string.h>

bool data_schema_sql(data_dialect dialect, buf *sql, buf *problems)
{
    arena memory;
    arena_init(&memory, NULL, 0, SIZE_MAX);
    const ddl_schema *schema = ddl_of_models(&memory, problems);
    if (schema != NULL)
        ddl_add_schema(sql, dialect, schema);
    arena_free(&memory);
    return schema != NULL && !sql->failed;
}

/** Creates the models' tables in an empty database, and records their schema as the baseline. */
static bool make_tables(migrate_command *c, const ddl_schema *models)
{
    buf sql = {0}, json = {0}, problem = {0};
    char checksum[MIGRATE_CHECKSUM_BYTES] = "";
    int64_t tables = 0;
    ddl_add_schema(&sql, c->client.driver->dialect, models);
    bool is_done = !sql.failed && schema_to_json(models, &c->memory, &json);
    if (is_done)
        migrate_checksum(json.data, json.len, checksum);
    is_done = is_done && client_begin_alone(&c->client, &problem) &&
              state_read(&c->state, &c->client, &c->memory, &problem) &&
              state_count_tables(&c->client, &tables, &problem);
    if (is_done && c->state.count == 0 && tables == 0) /* else another process created them */
        is_done =
            state_make_table(&c->client, &problem) &&
            client_script(&c->client, sql.data != NULL ? sql.data : "", sql.len, NULL, NULL, &problem) &&
            state_add(&c->client, STATE_BASELINE, checksum, json.data, &problem);
    is_done = is_done && client_commit(&c->client, &problem) &&
              state_read(&c->state, &c->client, &c->memory, &problem);
    if (!is_done) {
        client_rollback(&c->client);
        command_fail(c, "%s", problem.data != NULL ? problem.data : "out of memory");
    }
    buf_free(&sql);
    buf_free(&json);
    buf_free(&problem);
    return is_done;
}

static bool check_baseline(migrate_command *c, const ddl_schema *models)
{
    const applied_migration *baseline = c->state.baseline;
    const ddl_schema *schema = baseline->schema != NULL
                                   ? schema_from_json("the baseline of the database", baseline->schema,
                                                      strlen(baseline->schema), &c->memory, &c->problems)
                                   : NULL;
    if (schema == NULL || command_is_same(c, schema, models))
        return schema != NULL;
    return command_fail(c,
                        "the models have changed since the tables of the database were made; run `%s migrate "
                        "make` and then `%s migrate`",
                        c->program, c->program);
}

static bool check_without_migrations(migrate_command *c, const ddl_schema *models)
{
    int64_t tables;
    buf problem = {0};
    if (c->state.count == 0) {
        if (!state_count_tables(&c->client, &tables, &problem)) {
            command_fail(c, "%s", problem.data);
            buf_free(&problem);
            return false;
        }
        if (tables != 0)
            return command_fail(
                c, "the database has tables that neither a migration nor an earlier start of this program "
                   "has made; give it an empty one (--database-url)");
        if (!make_tables(c, models))
            return false;
    }
    if (c->state.baseline != NULL)
        return check_baseline(c, models);
    return command_fail(c,
                        "%s is applied to the database, but the folder %s has no migrations; put them back",
                        c->state.count != 0 ? c->state.items[0].name : "a migration", c->folder.path);
}

static bool check_migrations(migrate_command *c, const ddl_schema *models)
{
    const migration *of;
    const ddl_schema *newest = folder_schema(&c->folder, &of, &c->problems);
    if (newest == NULL || !migrate_check_past(c))
        return false;
    if (!command_is_same(c, newest, models))
        return command_fail(
            c,
            "the models have changes that are not in a migration; run `%s migrate make` and then "
            "`%s migrate`",
            c->program, c->program);
    unsigned pending = migrate_count_pending(c);
    return pending == 0 || command_fail(c, "%u migration%s not applied to the database yet; run `%s migrate`",
                                        pending, pending == 1 ? " is" : "s are", c->program);
}

data_schema_state data_schema_check(const tern_database_options *options, const char *program, buf *problems)
{
    if (strcmp(options->url, "sqlite::memory:") == 0)
        return DATA_SCHEMA_FITS;
    migrate_command c = {.program = program, .options = options};
    arena_init(&c.memory, NULL, 0, SIZE_MAX);
    const ddl_schema *models = command_models(&c);
    bool is_right =
        models != NULL && command_read_folder(&c) &&
        (c.folder.count == 0 ? command_connect_to_write(&c) : command_connect(&c)) &&
        (c.folder.count == 0 ? check_without_migrations(&c, models) : check_migrations(&c, models));
    client_close(&c.client);
    buf_add(problems, c.problems.data, c.problems.len);
    buf_free(&c.problems);
    arena_free(&c.memory);
    if (is_right)
        return DATA_SCHEMA_FITS;
    return c.is_away ? DATA_SCHEMA_UNKNOWN : DATA_SCHEMA_DIFFERS;
}

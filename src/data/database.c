/* The database of an application: from main's declaration to the database of each worker. */
#include "app/command.h"
#include "data/create_tables.h"
#include "data/migrate/migrate.h"
#include "data/part.h"
#include "data/rollback/rollback.h"
#include "data/rows.h"
#include "data/statement.h"
#include "data/tables.h"
#include "data/worker_database.h"

#include <tern/log.h>

#include <string.h>

enum { POOL = 8, WAIT_MS = 5000, QUERY_MS = 30000, SLOW_MS = 200 };

/** The arguments of tern_database; in the application's memory. */
typedef struct declaration {
    tern_app *app;
    tern_database_options options;
    tern_type **models;
} declaration;

static bool check_url(const char *url, buf *problems)
{
    const data_engine *engine = data_engine_of(url);
    if (engine == NULL) {
        buf_add_text(problems, "database: ");
        data_engine_unknown(url, problems);
        buf_add_text(problems, "\n");
        return false;
    }
    return engine->check(url, problems);
}

static bool is_in_memory(const char *url)
{
    return strcmp(url, "sqlite::memory:") == 0;
}

static bool is_file(const char *url)
{
    const data_engine *engine = data_engine_of(url);
    return engine != NULL && engine->is_in_files && !is_in_memory(url);
}

/** Tests must not use the program's own file, but may use a file given for them. */
static void choose_for_tests(declaration *d)
{
    tern_app *app = d->app;
    if (app->testing == NULL || !is_file(data_self.options.url))
        return;
    if (app_database_url(app) == NULL)
        data_self.options.url = app->database_url = "sqlite::memory:";
    else
        app->testing->is_in_turn = true;
}

/** Changes by a test are undone, except in memory, where they disappear anyway. A replica would not see
 * them. */
static void let_nothing_stay(const app_testing *testing)
{
    bool is_gone_anyway = is_in_memory(data_self.options.url);
    if (testing->commits && !is_gone_anyway)
        return;
    data_self.options.replica_url = NULL;
    if (!is_gone_anyway)
        data_self.engine = data_rollback_before(data_self.engine);
}

static bool check_replica(buf *problems)
{
    const char *url = data_self.options.replica_url;
    if (url == NULL)
        return true;
    if (data_engine_of(url) == data_engine_of(data_self.options.url))
        return check_url(url, problems);
    buf_add_text(problems, "database: .replica_url is not of the same kind as the database\n");
    return false;
}

/** The settings accept no other words. */
static tern_prepare preparing(const char *word)
{
    return strcmp(word, "never") == 0    ? TERN_PREPARE_NEVER
           : strcmp(word, "always") == 0 ? TERN_PREPARE_ALWAYS
                                         : TERN_PREPARE_AUTO;
}

static bool prepare(void *arg, buf *problems)
{
    declaration *d = arg;
    const char *url = app_database_url(d->app), *prepares = app_database_prepare(d->app);
    data_self.options = d->options;
    if (prepares != NULL)
        data_self.options.prepare = preparing(prepares);
    if (url != NULL)
        data_self.options.url = url;
    choose_for_tests(d);
    tern_type **models = data_tables_join(d->app, d->models);
    if (models == NULL)
        return false; /* recorded: app_compile reports it */
    if (!data_tables_make(models, problems) || !check_url(data_self.options.url, problems))
        return false;
    data_self.engine = data_engine_of(data_self.options.url);
    if (d->app->testing != NULL)
        let_nothing_stay(d->app->testing);
    return check_replica(problems);
}

static data_database *open_one(const char *url)
{
    const data_engine_options options = {.url = url,
                                         .prepare = data_self.options.prepare,
                                         .pool = data_self.options.pool,
                                         .wait_timeout_ms = data_self.options.wait_timeout_ms};
    return data_self.engine->open(&options);
}

/**
 * Each worker that opens a database in memory has its own, so requests would see different data from one to
 * the next.
 */
static bool check_workers(void *arg, const app_launching *how, buf *problems)
{
    (void)arg;
    if (data_self.engine->note != NULL)
        data_self.engine->note(data_self.options.url);
    if (how->workers <= 1 || !is_in_memory(data_self.options.url))
        return true;
    buf_add_printf(problems,
                   "database: with sqlite::memory: each of the %u workers would have a database of its own; "
                   "use --workers 1, or a file\n",
                   how->workers);
    return false;
}

static bool start(void *arg)
{
    (void)arg;
    data_self.primary = open_one(data_self.options.url);
    if (data_self.options.replica_url != NULL)
        data_self.replica = open_one(data_self.options.replica_url);
    if (data_self.primary == NULL || (data_self.replica == NULL && data_self.options.replica_url != NULL)) {
        tern_log(TERN_LOG_ERROR, "database: out of memory for its connections");
        return false;
    }
    return !is_in_memory(data_self.options.url) || data_create_tables();
}

static void stop(void *arg)
{
    (void)arg;
    if (data_self.replica != NULL)
        data_self.engine->close(data_self.replica);
    if (data_self.primary != NULL)
        data_self.engine->close(data_self.primary);
    data_self.primary = data_self.replica = NULL;
    statement_forget();
    rows_forget();
    data_part_forget();
}

static void tidy(void *arg)
{
    (void)arg;
    if (data_self.primary != NULL)
        data_self.engine->tidy(data_self.primary);
    if (data_self.replica != NULL)
        data_self.engine->tidy(data_self.replica);
}

/** Asks the primary by using a transaction, because other reads go to the replica if there is one. */
static bool is_ready(tern_ctx *c)
{
    tern_sql_run(c, "select 1");
    if (data_self.replica != NULL)
        tern_transaction (c, .read_only = true)
            tern_sql_run(c, "select 1");
    return true;
}

static unsigned or_default(unsigned value, unsigned fallback)
{
    return value != 0 ? value : fallback;
}

static void fill_in(tern_app *app, tern_database_options *o)
{
    o->url = app_keep_text(app, o->url != NULL ? o->url : "sqlite:app.db");
    o->migrations = app_keep_text(app, o->migrations != NULL ? o->migrations : "migrations");
    o->replica_url = app_keep_text(app, o->replica_url);
    o->pool = or_default(o->pool, POOL);
    o->wait_timeout_ms = or_default(o->wait_timeout_ms, WAIT_MS);
    o->query_timeout_ms = or_default(o->query_timeout_ms, QUERY_MS);
    o->slow_query_ms = or_default(o->slow_query_ms, SLOW_MS);
}

void tern_database_of(tern_app *app, const tern_database_options *options, tern_type *const *models)
{
    size_t count = 0;
    while (models[count] != NULL)
        count++;
    declaration *d = app_keep(app, sizeof *d);
    tern_type **kept = app_keep(app, (count + 1) * sizeof(tern_type *));
    if (d == NULL || kept == NULL)
        return; /* recorded: app_compile reports it */
    for (size_t i = 0; i < count; i++)
        kept[i] = models[i];
    d->app = app;
    d->models = kept;
    d->options = *options;
    fill_in(app, &d->options);
    app->has_database = true;
    app_add_hook(app, &(app_hook){.prepare = prepare, .start = start, .stop = stop, .tidy = tidy, .arg = d});
    app_add_launch(app, &(app_launch){.check = check_workers, .arg = d});
    tern_ready_check(app, "database", is_ready);
    data_check_command_add(app, &d->options);
    if (!d->options.unmanaged)
        data_migrate_commands_add(app, &d->options);
}

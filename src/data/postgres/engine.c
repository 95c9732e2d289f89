/* The PostgreSQL engine's interface to the data layer. */
#include "data/check/engine.h"
#include "data/migrate/client/client.h"
#include "data/postgres/pool.h"

#include "base/mem.h"

enum { POOL_DEFAULT = 8, WAIT_DEFAULT_MS = 5000, IDLE_MS = 60000, REQUESTS_KEPT = 256 };

static bool check(const char *url, buf *problems)
{
    const char *problem;
    address parsed;
    if (!libpq_load(&problem)) {
        buf_add_printf(problems, "%s\n", problem);
        return false;
    }
    if (!address_parse(&parsed, url, problems))
        return false;
    address_free(&parsed);
    return true;
}

static data_database *open_database(const data_engine_options *options)
{
    const char *problem;
    buf problems = {0};
    data_database *db = mem_zero(1, sizeof *db);
    if (db == NULL)
        return NULL;
    bool is_ok = libpq_load(&problem) && address_parse(&db->address, options->url, &problems);
    buf_free(&problems);
    if (!is_ok) {
        mem_free(db);
        return NULL;
    }
    db->most = options->pool > 0 ? options->pool : POOL_DEFAULT;
    db->wait_timeout_ms = options->wait_timeout_ms > 0 ? options->wait_timeout_ms : WAIT_DEFAULT_MS;
    db->prepare = options->prepare;
    db->is_pooled = options->prepare == TERN_PREPARE_NEVER;
    db->generation = 1;
    list_init(&db->links);
    list_init(&db->broken);
    list_init(&db->wants);
    list_init(&db->cancels);
    list_init(&db->pump.link);
    list_init(&db->sweep.link);
    db->pump.run = pg_pool_pump;
    db->sweep.run = pg_pool_sweep;
    db->watch.fire = pg_pool_on_watch;
    pool_init(&db->requests, sizeof(pg_request), REQUESTS_KEPT);
    return db;
}

static void close_database(data_database *db)
{
    db->is_closing = true;
    list_remove(&db->pump.link);
    list_remove(&db->sweep.link);
    timer_stop(&loop_self.timers, &db->watch);
    while (!list_empty(&db->links))
        link_drop(list_owner(db->links.next, pg_link, link), "the database is closed");
    pg_pool_free_broken(db);
    cancel_abandon_all(db);
    pool_drain(&db->requests);
    address_free(&db->address);
    mem_free(db);
}

static void tidy(data_database *db)
{
    for (list_link *link = db->links.next, *next; link != &db->links; link = next) {
        pg_link *l = list_owner(link, pg_link, link);
        next = link->next;
        if (l->state == LINK_READY && list_empty(&l->flight) &&
            loop_self.now_ms >= l->idle_since_ms + IDLE_MS)
            link_drop(l, "it was not needed for a minute");
    }
    pool_tidy(&db->requests);
}

const data_engine data_postgres = {
    .label = "postgres",
    .dialect = DATA_POSTGRES,
    .driver = &client_postgres,
    .checker = &check_postgres,
    .check = check,
    .open = open_database,
    .close = close_database,
    .tidy = tidy,
    .run = pg_run,
    .run_all = pg_run_all,
    .acquire = pg_acquire,
    .session_run = pg_session_run,
    .session_run_all = pg_session_run_all,
    .session_begin = pg_session_begin,
    .session_commit = pg_session_commit,
    .release = pg_release,
    .stream_open = pg_stream_open,
    .stream_next = pg_stream_next,
    .stream_close = pg_stream_close,
    .column_name = pg_column_name,
    .column_read = pg_column_read,
};

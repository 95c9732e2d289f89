/* Implements engine.h: databases, and lending connections. */
#include "data/check/engine.h"
#include "data/migrate/client/client.h"
#include "data/sqlite/internal.h"

#include "base/mem.h"
#include "runtime/loop.h"

#include <string.h>

enum { READERS = 8, WAIT_TIMEOUT_MS = 5000, IDLE_MS = 60000 };

static void free_database(data_database *db)
{
    sqlite_queue_free(&db->readers);
    sqlite_queue_free(&db->writer);
    sqlite_sync_free(&db->sync);
    mem_free(db->url);
    mem_free(db);
}

static data_database *open_database(const data_engine_options *options)
{
    if (!sqlite_set_up())
        return NULL;
    data_database *db = mem_zero(1, sizeof *db);
    if (db == NULL)
        return NULL;
    sqlite_sync_make(&db->sync);
    if (!sqlite_location_of(options->url, &db->location, NULL)) {
        mem_free(db);
        return NULL;
    }
    db->is_memory = db->location.is_memory;
    db->url = mem_text(options->url, strlen(options->url));
    db->forks = sqlite_forks();
    db->wait_timeout_ms = options->wait_timeout_ms != 0 ? options->wait_timeout_ms : WAIT_TIMEOUT_MS;
    unsigned readers = options->pool != 0 ? options->pool : READERS;
    bool is_made = sqlite_queue_make(&db->readers, db, false, db->is_memory ? 0 : readers) &&
                   sqlite_queue_make(&db->writer, db, true, 1);
    if (is_made && db->url != NULL) {
        sqlite_count_databases(1);
        return db;
    }
    free_database(db);
    return NULL;
}

/* A child of the process that opened the database leaves everything untouched: the file locks belong to the
 * parent, and closing would release them. */
static bool is_foreign(const data_database *db)
{
    return db->forks != sqlite_forks();
}

static void close_database(data_database *db)
{
    if (is_foreign(db))
        return;
    sqlite_count_databases(-1);
    free_database(db);
}

static void tidy(data_database *db)
{
    if (!is_foreign(db) && loop_self.now_ms > IDLE_MS)
        sqlite_queue_tidy(&db->readers, loop_self.now_ms - IDLE_MS);
}

static data_session *take(data_database *db, bool writes, uint64_t deadline_ms, data_error *error)
{
    if (is_foreign(db)) {
        data_refuse(error, TERN_DATA_FAILED, "the database was opened before this process was forked");
        return NULL;
    }
    if (sqlite_has_inherited()) {
        data_refuse(error, TERN_DATA_FAILED, "this process was forked while a database was open");
        return NULL;
    }
    if (writes && db->location.is_read_only) {
        data_refuse(error, TERN_DATA_AWAY, "%s is read only: %s", db->url, db->location.why);
        error->is_read_only = true;
        return NULL;
    }
    return sqlite_queue_take(writes || db->is_memory ? &db->writer : &db->readers, deadline_ms, error);
}

static bool run(data_database *db, data_run *run)
{
    data_session *session = take(db, run->statement->writes, run->deadline_ms, &run->error);
    if (session == NULL)
        return false;
    uint64_t ticket;
    bool is_done = sqlite_session_run(session, run, &ticket);
    sqlite_queue_give(session);
    return is_done && sqlite_sync_wait(db, ticket, &run->error);
}

static bool session_run_all(data_session *session, data_run *runs, unsigned count)
{
    uint64_t nothing; /* they only read */
    for (unsigned i = 0; i < count; i++)
        if (!sqlite_session_run(session, &runs[i], &nothing))
            return false;
    return true;
}

static bool run_all(data_database *db, data_run *runs, unsigned count)
{
    data_session *session = take(db, runs->statement->writes, runs->deadline_ms, &runs->error);
    if (session == NULL)
        return false;
    /* Uses one read transaction: each separate one would lock the file's index twice. */
    bool is_one = count > 1 && sqlite3_get_autocommit(session->handle) &&
                  sqlite3_exec(session->handle, "BEGIN", NULL, NULL, NULL) == SQLITE_OK;
    bool is_done = session_run_all(session, runs, count);
    if (is_one)
        sqlite_reset_session(session);
    sqlite_queue_give(session);
    return is_done;
}

static data_session *acquire(data_database *db, bool writes, data_error *error)
{
    data_session *session = take(db, writes, 0, error);
    if (session != NULL && writes && session->writing_depth == 0)
        session->writing_depth = session->depth;
    return session;
}

static void release(data_session *session)
{
    if (session->depth == session->writing_depth || session->depth == 1) {
        sqlite_reset_session(session);
        session->writing_depth = 0;
    }
    sqlite_queue_give(session);
}

static bool session_run(data_session *session, data_run *run)
{
    data_database *db = session->queue->db;
    uint64_t ticket;
    return sqlite_session_run(session, run, &ticket) && sqlite_sync_wait(db, ticket, &run->error);
}

/* The next writer does not wait for this commit to reach the disk. */
static bool commit(data_session *session, data_run *run)
{
    data_database *db = session->queue->db;
    uint64_t ticket;
    bool is_done = sqlite_session_run(session, run, &ticket);
    release(session);
    return is_done && sqlite_sync_wait(db, ticket, &run->error);
}

const data_engine data_sqlite = {
    .label = "sqlite",
    .dialect = DATA_SQLITE,
    .driver = &client_sqlite,
    .checker = &check_sqlite,
    .is_in_files = true,
    .check = sqlite_check,
    .note = sqlite_note,
    .open = open_database,
    .close = close_database,
    .tidy = tidy,
    .run = run,
    .run_all = run_all,
    .acquire = acquire,
    .session_run = session_run,
    .session_run_all = session_run_all,
    .session_begin = session_run,
    .session_commit = commit,
    .release = release,
    .stream_open = sqlite_stream_open,
    .stream_next = sqlite_stream_next,
    .stream_close = sqlite_stream_close,
    .column_name = sqlite_column_name,
    .column_read = sqlite_column_read,
};

/* Opens and closes connections, and sets their options. */
#include "data/sqlite/internal.h"
#include "data/sqlite/vfs.h"

#include "base/mem.h"

#include <errno.h>
#include <string.h>

/*
 * synchronous = NORMAL: Tern syncs commits to disk (sync.c). mmap_size = 0: reading a mapped file that
 * another program truncates would raise SIGBUS instead of an error. trusted_schema stays on: without it
 * triggers cannot update full-text indexes (fts5 is untrusted in SQLite 3.40), and the schema belongs to the
 * application. temp_store = FILE: sorts that outgrow cache_size go to an (unlinked) file; in memory they
 * would be sorted in one step of the virtual machine, without yielding.
 */
static const char file_settings[] = "PRAGMA synchronous = NORMAL;"
                                    "PRAGMA wal_autocheckpoint = 1000;"
                                    "PRAGMA journal_size_limit = 67108864;";
static const char all_settings[] = "PRAGMA foreign_keys = ON;"
                                   "PRAGMA cell_size_check = ON;"
                                   "PRAGMA mmap_size = 0;"
                                   "PRAGMA temp_store = FILE;"
                                   "PRAGMA cache_size = -256;";

/* SQLite's parser, code generator and LIKE are recursive, and a coroutine has 256 KiB of stack: limits keep
 * the deepest statement within half of that (the tests measure it). */
static const struct {
    int limit, most;
} limits[] = {
    {SQLITE_LIMIT_LENGTH, 64 << 20},          {SQLITE_LIMIT_SQL_LENGTH, 4 << 20},
    {SQLITE_LIMIT_EXPR_DEPTH, 200},           {SQLITE_LIMIT_COMPOUND_SELECT, 50},
    {SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 1000}, {SQLITE_LIMIT_VARIABLE_NUMBER, 32766},
    {SQLITE_LIMIT_TRIGGER_DEPTH, 50},         {SQLITE_LIMIT_ATTACHED, 1}, /* needed by VACUUM */
    {SQLITE_LIMIT_WORKER_THREADS, 0},
};

void sqlite_look_every(data_session *session, int steps)
{
    sqlite3_progress_handler(session->handle, steps, sqlite_on_progress, session);
}

static int note_mode(void *is_wal, int columns, char **values, char **names)
{
    (void)names;
    *(bool *)is_wal = columns == 1 && values[0] != NULL && strcmp(values[0], "wal") == 0;
    return 0;
}

static int set_modes(data_session *session)
{
    static const struct {
        int mode, on;
    } modes[] = {
        {SQLITE_DBCONFIG_DEFENSIVE, 1},
        {SQLITE_DBCONFIG_DQS_DDL, 0},
        {SQLITE_DBCONFIG_DQS_DML, 0},
        {SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1}, /* it would block the loop: see sqlite_disconnect */
    };
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        int code = sqlite3_db_config(session->handle, modes[i].mode, modes[i].on, NULL);
        if (code != SQLITE_OK)
            return code;
    }
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
        sqlite3_limit(session->handle, limits[i].limit, limits[i].most);
    sqlite3_extended_result_codes(session->handle, 1);
    int code = sqlite_add_items(session->handle);
    if (code != SQLITE_OK)
        return code;
    sqlite_look_every(session, SQLITE_STEPS_BETWEEN_LOOKS);
    return sqlite3_busy_handler(session->handle, sqlite_on_busy, session);
}

/* SQLite refuses some locks at once, without asking the busy handler: when several processes create the same
 * new database with a log. */
static int run_patiently(data_session *session, const char *sql, sqlite3_callback on_row, void *arg)
{
    int code, times = 0;
    do
        code = sqlite3_exec(session->handle, sql, on_row, arg, NULL);
    while ((code & 0xff) == SQLITE_BUSY && sqlite_on_busy(session, times++));
    return code;
}

/* False with the error set. */
static bool set_up(data_session *session, data_error *error)
{
    const data_database *db = session->queue->db;
    bool is_wal = false;
    int code = set_modes(session);
    if (code == SQLITE_OK)
        code = sqlite3_exec(session->handle, all_settings, NULL, NULL, NULL);
    if (code == SQLITE_OK && !db->is_memory && !db->location.is_read_only) {
        code = run_patiently(session, "PRAGMA journal_mode = WAL", note_mode, &is_wal);
        if (code == SQLITE_OK && !is_wal)
            return data_refuse(error, TERN_DATA_AWAY,
                               "%s: this file system has no shared memory, which the "
                               "write-ahead log needs",
                               db->url);
        if (code == SQLITE_OK)
            code = sqlite3_exec(session->handle, file_settings, NULL, NULL, NULL);
    }
    if (code == SQLITE_OK && !session->queue->writes)
        code = sqlite3_exec(session->handle, "PRAGMA query_only = ON", NULL, NULL, NULL);
    return code == SQLITE_OK || sqlite_answer(session, code, error);
}

/* The log of a writing connection exists once it has read. */
static bool follow_log(data_session *session, data_error *error)
{
    data_database *db = session->queue->db;
    if (db->is_memory || !session->queue->writes)
        return true;
    int code = run_patiently(session, "SELECT 1 FROM sqlite_master", NULL, NULL);
    if (code != SQLITE_OK)
        return sqlite_answer(session, code, error);
    return sqlite_sync_follow(&db->sync, session->handle) ||
           data_refuse(error, TERN_DATA_AWAY, "the write-ahead log cannot be opened: %s", strerror(errno));
}

bool sqlite_connect(data_session *session, data_error *error)
{
    session->is_broken = false;
    session->stop = SQLITE_GO_ON;
    session->deadline_ms = 0;
    session->lost = TERN_DATA_OK;
    int code = sqlite_open_location(&session->queue->db->location, SQLITE_OPEN_CREATE, SQLITE_VFS_NAME,
                                    &session->handle);
    if (code != SQLITE_OK)
        sqlite_answer(session, session->handle != NULL ? sqlite3_extended_errcode(session->handle) : code,
                      error);
    else if (set_up(session, error) && follow_log(session, error))
        return true;
    sqlite_disconnect(session, false);
    return false;
}

void sqlite_disconnect(data_session *session, bool tidies)
{
    sqlite_stop_waiting(session);
    fine_timer_free(&session->timer);
    if (session->handle == NULL)
        return;
    sqlite_prepared_forget(session);
    if (tidies)
        sqlite3_db_config(session->handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
    sqlite3_close_v2(session->handle);
    session->handle = NULL;
}

void sqlite_reset_session(data_session *session)
{
    session->stop = SQLITE_GO_ON;
    session->deadline_ms = 0;
    session->lost = TERN_DATA_OK;
    /* A rollback writes nothing to the WAL, and cancelling the coroutine does not stop it: see must_stop. */
    if (!sqlite3_get_autocommit(session->handle)) {
        coro *self = coro_self();
        if (self != NULL)
            self->cancel_masked++;
        if (sqlite3_exec(session->handle, "ROLLBACK", NULL, NULL, NULL) != SQLITE_OK)
            session->is_broken = true;
        if (self != NULL)
            self->cancel_masked--;
    }
    sqlite3_db_config(session->handle, SQLITE_DBCONFIG_ENABLE_FKEY, 1, NULL);
}

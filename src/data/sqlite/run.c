/*
 * Runs statements on a session.
 *
 * Hot path: sqlite_session_run of a kept statement. It must not allocate or format.
 */
#include "data/sqlite/internal.h"
#include "data/sqlite/vfs.h"

#include <strings.h>

static void begin(data_session *session, data_run *run)
{
    session->stop = SQLITE_GO_ON;
    session->deadline_ms = run->deadline_ms;
    run->affected = 0;
    run->error.fault = TERN_DATA_OK;
    run->error.is_cancelled = false;
}

/* on_row has refused a row. If that was an error, a single insert with RETURNING is undone: its next step is
 * stopped and ends it. Otherwise on_row has what it needs, and the statement ends normally; in a transaction
 * the borrower decides. */
static int end_early(data_session *session, const sqlite_prepared *prepared, const data_run *run)
{
    if (prepared->only_reads || run->error.fault == TERN_DATA_OK || !sqlite3_get_autocommit(session->handle))
        return SQLITE_DONE;
    session->stop = SQLITE_STOP_REFUSED;
    sqlite_look_every(session, 1);
    sqlite3_step(prepared->statement);
    sqlite_look_every(session, SQLITE_STEPS_BETWEEN_LOOKS);
    return SQLITE_DONE;
}

/* Columns are counted after each step: the first step prepares the statement again when another process has
 * changed the tables, and `select *` then has other columns. */
static data_row row_of(const sqlite_prepared *prepared)
{
    return (data_row){.engine = &data_sqlite,
                      .handle = prepared->statement,
                      .columns = (unsigned)sqlite3_column_count(prepared->statement)};
}

static int step_all(data_session *session, const sqlite_prepared *prepared, data_run *run)
{
    int code = sqlite3_step(prepared->statement);
    const data_row row = row_of(prepared);
    bool has_rows = code == SQLITE_ROW;
    for (; code == SQLITE_ROW; code = sqlite3_step(prepared->statement))
        if (run->on_row != NULL && !run->on_row(run, &row))
            return end_early(session, prepared, run);
    if (code == SQLITE_DONE && !has_rows && run->on_row != NULL && run->on_no_rows != NULL)
        run->on_no_rows(run, &row); /* its own error is the run's error */
    return code;
}

/* Runs it with its bound values; sets `run->error`. */
static void run_prepared(data_session *session, sqlite_prepared *prepared, data_run *run)
{
    sqlite3_int64 before = prepared->only_reads ? 0 : sqlite3_total_changes64(session->handle);
    int code = step_all(session, prepared, run);
    bool is_done = code == SQLITE_DONE;
    /* changes64 is for the last statement that changed rows, possibly an earlier one */
    if (is_done && !prepared->only_reads && sqlite3_total_changes64(session->handle) != before)
        run->affected += sqlite3_changes64(session->handle);
    if (!is_done)
        sqlite_answer(session, code, &run->error);
}

static void end(data_session *session, sqlite_prepared *prepared, data_run *run)
{
    int code = sqlite_prepared_give(session, prepared);
    sqlite_stop_waiting(session);
    if (code != SQLITE_OK && run->error.fault == TERN_DATA_OK) /* commits on reset, after an early end */
        sqlite_answer(session, code, &run->error);
}

/* Runs a text of several statements without values, such as a migration; sets `run->error`. */
static void run_script(data_session *session, data_run *run)
{
    const char *sql = run->statement->sql, *sql_end = sql + run->statement->sql_len;
    sqlite_prepared *prepared;
    while (run->error.fault == TERN_DATA_OK &&
           sqlite_prepare_next(session, &sql, sql_end, &prepared, &run->error) && prepared != NULL) {
        prepared->is_in_use = true;
        run_prepared(session, prepared, run);
        end(session, prepared, run);
    }
}

static bool is_rollback(const data_statement *statement)
{
    static const char word[] = "ROLLBACK";
    return statement->sql_len >= sizeof word - 1 && strncasecmp(statement->sql, word, sizeof word - 1) == 0;
}

/* The transaction was rolled back, and the borrower continues: statements are refused until it ends the
 * transaction or returns the session. */
static bool refuse_lost(data_session *session, data_run *run)
{
    if (is_rollback(run->statement)) {
        session->lost = TERN_DATA_OK;
        return true;
    }
    return data_refuse(&run->error, session->lost,
                       "the transaction was rolled back when a statement in it failed");
}

/* Only a commit writes to the log without leaving a transaction open. */
static uint64_t ticket_since(data_session *session, uint64_t log_writes)
{
    data_database *db = session->queue->db;
    if (sqlite_vfs_log_writes() == log_writes || db->is_memory || !sqlite3_get_autocommit(session->handle))
        return 0;
    return ++db->sync.tickets;
}

bool sqlite_session_run(data_session *session, data_run *run, uint64_t *ticket)
{
    uint64_t log_writes = sqlite_vfs_log_writes();
    *ticket = 0;
    begin(session, run);
    if (session->lost != TERN_DATA_OK)
        return refuse_lost(session, run);
    bool was_open = !sqlite3_get_autocommit(session->handle);
    if (run->statement->id == 0 && run->statement->arg_count == 0) {
        run_script(session, run);
    } else {
        sqlite_prepared *prepared = sqlite_prepared_take(session, run->statement, &run->error);
        if (prepared == NULL)
            return false;
        if (sqlite_bind(prepared, run, false))
            run_prepared(session, prepared, run);
        end(session, prepared, run);
    }
    if (run->error.fault == TERN_DATA_OK) {
        *ticket = ticket_since(session, log_writes);
        return true;
    }
    if (was_open && sqlite3_get_autocommit(session->handle))
        session->lost = run->error.fault;
    return false;
}

bool sqlite_stream_open(data_session *session, data_run *run)
{
    begin(session, run);
    run->stream = NULL;
    if (session->lost != TERN_DATA_OK)
        return refuse_lost(session, run);
    sqlite_prepared *prepared = sqlite_prepared_take(session, run->statement, &run->error);
    if (prepared == NULL)
        return false;
    if (!prepared->only_reads &&
        sqlite3_get_autocommit(session->handle)) /* its commit could not be reported */
        data_refuse(&run->error, TERN_DATA_REFUSED, "rows of a statement that writes need a transaction");
    else
        sqlite_bind(prepared, run, true);
    if (run->error.fault != TERN_DATA_OK) {
        end(session, prepared, run);
        return false;
    }
    run->stream = prepared;
    return true;
}

bool sqlite_stream_next(data_session *session, data_run *run, data_row *row)
{
    sqlite_prepared *prepared = run->stream;
    begin(session, run);
    if (prepared->is_at_end) /* another step would begin again */
        return false;
    int code = sqlite3_step(prepared->statement);
    prepared->is_at_end = code != SQLITE_ROW;
    if (code != SQLITE_ROW)
        return code != SQLITE_DONE && sqlite_answer(session, code, &run->error);
    *row = row_of(prepared);
    return true;
}

void sqlite_stream_close(data_session *session, data_run *run)
{
    if (run->stream != NULL)
        sqlite_prepared_give(session, run->stream);
    run->stream = NULL;
}

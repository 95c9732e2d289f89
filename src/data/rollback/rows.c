/*
 * Streams rows while the connection is free for others.
 *
 * Outside a transaction a program may do anything between two rows, because the rows have their own
 * connection. Here there is only one connection, and PostgreSQL's cannot run anything else during a result.
 * So a coroutine reads the whole result, and then waits in on_row for the reader. In general on_row must not
 * wait, because others need the connection; here the connection has been released before.
 */
#include "data/rollback/internal.h"

#include "base/mem.h"

struct rollback_rows {
    data_database *db;
    data_run run;        /* with this file's on_row */
    coro *keeper;        /* the coroutine with the rows */
    coro *reader;        /* the coroutine that wants them */
    const data_row *row; /* the last row: valid until the next one is requested, or until closing */
    bool is_there;       /* the result; the connection is free again */
    bool is_wanted;      /* another row */
    bool is_closed;      /* set by the reader */
    bool has_ended;      /* the keeper has ended: it does not access this again */
};

/* -- the keeper -- */

static bool wait_for_wish(rollback_rows *rows)
{
    while (!rows->is_wanted && !rows->is_closed)
        coro_wait(0);
    return !rows->is_closed;
}

static void come_to_rest(rollback_rows *rows)
{
    rows->is_there = true;
    rollback_give_turn(rows->db);
    coro_wake(rows->reader);
}

static bool hand_over(data_run *run, const data_row *row)
{
    rollback_rows *rows = run->sink;
    if (!rows->is_there) {
        if (!rollback_keep(rows->db, &run->error))
            return false;
        come_to_rest(rows);
        if (!wait_for_wish(rows))
            return false;
    }
    rows->row = row;
    rows->is_wanted = false;
    coro_wake(rows->reader);
    return wait_for_wish(rows);
}

/* Has the connection until the result is complete. */
static void keep_rows(void *arg)
{
    rollback_rows *rows = arg;
    arena memory;
    arena_init(&memory, NULL, 0, SIZE_MAX / 2);
    rows->run.memory = &memory;
    bool is_saved = rollback_save(rows->db, &rows->run.error);
    bool is_done = is_saved && rollback_under->session_run(rows->db->session, &rows->run);
    if (!rows->is_there) { /* it has no row */
        is_done = is_done && rollback_keep(rows->db, &rows->run.error);
        if (is_saved && !is_done)
            rollback_undo(rows->db);
        come_to_rest(rows);
    }
    arena_free(&memory);
    rows->has_ended = true;
    coro_wake(rows->reader);
}

/* -- the reader: the statement's deadline ends each of its waits, so they cannot be cancelled -- */

static void wait_for_end(rollback_rows *rows)
{
    coro *self = coro_self();
    self->cancel_masked++;
    rows->reader = self;
    coro_wake(rows->keeper);
    while (!rows->has_ended)
        coro_wait(0);
    self->cancel_masked--;
}

static void wait_for_result(rollback_rows *rows)
{
    coro *self = coro_self();
    self->cancel_masked++;
    while (!rows->is_there)
        coro_wait(0);
    self->cancel_masked--;
}

bool rollback_rows_open(data_session *session, data_run *run)
{
    data_database *db = session->db;
    rollback_rows *rows = mem_zero(1, sizeof *rows);
    coro *keeper = rows != NULL ? coro_spawn(keep_rows, rows, NULL, NULL) : NULL;
    if (keeper == NULL) {
        mem_free(rows);
        return data_refuse(&run->error, TERN_DATA_BUSY, "out of memory");
    }
    *rows = (rollback_rows){.db = db, .run = *run, .keeper = keeper, .reader = coro_self()};
    rows->run.error = (data_error){0};
    rows->run.on_row = hand_over;
    rows->run.sink = rows;
    db->holder = keeper;
    session->has_turn = false;
    session->rows = rows;
    wait_for_result(rows);
    if (rows->run.error.fault == TERN_DATA_OK)
        return true;
    run->error = rows->run.error;
    rollback_rows_close(session);
    return false;
}

bool rollback_rows_next(data_session *session, data_run *run, data_row *row)
{
    rollback_rows *rows = session->rows;
    coro *self = coro_self();
    run->error.fault = TERN_DATA_OK;
    if (rows->has_ended)
        return false;
    self->cancel_masked++;
    rows->reader = self;
    rows->is_wanted = true;
    coro_wake(rows->keeper);
    while (rows->is_wanted && !rows->has_ended)
        coro_wait(0);
    self->cancel_masked--;
    if (rows->has_ended)
        return false;
    *row = *rows->row;
    return true;
}

void rollback_rows_close(data_session *session)
{
    rollback_rows *rows = session->rows;
    rows->is_closed = true;
    if (!rows->has_ended)
        wait_for_end(rows);
    session->rows = NULL;
    mem_free(rows);
}

#include "data/rollback/internal.h"

#include "base/mem.h"
#include "data/execute.h"
#include "data/statement.h"
#include "data/worker_database.h"
#include "runtime/loop.h"

#include <tern/log.h>

const data_engine *rollback_under;

static bool is_in_files(void)
{
    return rollback_under->is_in_files;
}

/* -- turns -- */

/** On the waiter's stack. */
typedef struct turn_waiter {
    list_link link;
    coro *waiting;
    bool has_turn;
} turn_waiter;

static bool wait_for_turn(data_database *db, uint64_t deadline_ms, data_error *error)
{
    turn_waiter self = {.waiting = coro_self()};
    uint64_t until_ms = loop_after_ms(db->wait_timeout_ms);
    coro_outcome outcome = CORO_WOKEN;
    if (deadline_ms != 0 && deadline_ms < until_ms)
        until_ms = deadline_ms;
    list_append(&db->waiters, &self.link);
    while (!self.has_turn && outcome == CORO_WOKEN)
        outcome = coro_wait(until_ms);
    list_remove(&self.link);
    if (self.has_turn && outcome != CORO_CANCELLED)
        return true;
    if (self.has_turn) /* cancelled in the same loop turn in which it got the connection */
        rollback_give_turn(db);
    data_refuse(error, TERN_DATA_BUSY, "another transaction has the one connection of a test");
    error->is_cancelled = outcome == CORO_CANCELLED;
    return false;
}

void rollback_give_turn(data_database *db)
{
    if (--db->depth != 0)
        return;
    list_link *first = list_take_first(&db->waiters);
    db->holder = NULL;
    if (first == NULL)
        return;
    turn_waiter *next = list_owner(first, turn_waiter, link);
    db->holder = next->waiting;
    db->depth = 1;
    next->has_turn = true;
    coro_wake(next->waiting);
}

/* A reader of SQLite rows keeps the connection while they are open, and may do anything between them. */
static bool hold(data_database *db, uint64_t deadline_ms, data_error *error)
{
    coro *self = coro_self();
    if (db->holder != NULL && (db->holder != self || !is_in_files()))
        return wait_for_turn(db, deadline_ms, error);
    db->holder = self;
    db->depth++;
    return true;
}

/* -- statements of the engine -- */

static bool run_words(data_session *session, bool (*how)(data_session *session, data_run *run),
                      const char *words, data_error *error)
{
    arena memory;
    data_run run = {
        .statement = statement_words(words), .memory = &memory, .deadline_ms = data_deadline_ms()};
    if (run.statement == NULL)
        return data_refuse(error, TERN_DATA_BUSY, "out of memory for a statement");
    arena_init(&memory, NULL, 0, SIZE_MAX / 2);
    bool is_done = how(session, &run);
    arena_free(&memory);
    *error = run.error;
    return is_done;
}

static bool say(data_database *db, const char *words, data_error *error)
{
    return run_words(db->session, rollback_under->session_run, words, error);
}

/* Writers of a file run one after another: SQLite refuses a writer that began by reading. */
static bool open_once(data_database *db, data_error *error)
{
    if (db->is_lost)
        return data_refuse(error, TERN_DATA_AWAY, "the transaction of the test is lost");
    if (db->session != NULL)
        return true;
    data_session *session = rollback_under->acquire(db->under, true, error);
    if (session == NULL)
        return false;
    if (!run_words(session, rollback_under->session_begin,
                   rollback_under->dialect->begin[TERN_ISOLATION_DEFAULT][false], error)) {
        rollback_under->release(session);
        return false;
    }
    db->session = session;
    return true;
}

bool rollback_take_turn(data_database *db, uint64_t deadline_ms, data_error *error)
{
    if (!hold(db, deadline_ms, error))
        return false;
    if (open_once(db, error))
        return true;
    rollback_give_turn(db);
    return false;
}

/* Savepoints share a name, which denotes the innermost one in each engine. */
bool rollback_save(data_database *db, data_error *error)
{
    return say(db, "savepoint tern_test", error);
}

bool rollback_keep(data_database *db, data_error *error)
{
    return say(db, "release tern_test", error);
}

void rollback_undo(data_database *db)
{
    data_error error;
    coro *self = coro_self();
    self->cancel_masked++;
    if (!say(db, "rollback to tern_test", &error) || !rollback_keep(db, &error)) {
        db->is_lost = true;
        tern_log(TERN_LOG_ERROR, "the test's transaction is lost, with all that was done in it: %s",
                 error.message);
    }
    self->cancel_masked--;
}

/* -- single statements -- */

static bool run_alone(data_database *db, data_run *runs, unsigned count)
{
    data_error error = {0};
    if (!rollback_save(db, &runs->error))
        return false;
    bool is_done = count == 1 ? rollback_under->session_run(db->session, runs)
                              : rollback_under->session_run_all(db->session, runs, count);
    if (!is_done) {
        rollback_undo(db);
        return false;
    }
    if (rollback_keep(db, &error))
        return true;
    runs->error = error;
    rollback_undo(db);
    return false;
}

static bool run_all(data_database *db, data_run *runs, unsigned count)
{
    runs->affected = 0;
    if (!rollback_take_turn(db, runs->deadline_ms, &runs->error))
        return false;
    bool is_done = run_alone(db, runs, count);
    rollback_give_turn(db);
    return is_done;
}

static bool run_one(data_database *db, data_run *run)
{
    return run_all(db, run, 1);
}

/* -- sessions -- */

static data_session *acquire(data_database *db, bool writes, data_error *error)
{
    *error = (data_error){0};
    if (!rollback_take_turn(db, 0, error))
        return NULL;
    data_session *session = mem_alloc(sizeof *session);
    if (session == NULL) {
        rollback_give_turn(db);
        data_refuse(error, TERN_DATA_BUSY, "out of memory");
        return NULL;
    }
    *session = (data_session){.db = db, .has_turn = true, .may_write = writes};
    return session;
}

static bool session_run(data_session *session, data_run *run)
{
    return session->has_savepoint ? rollback_under->session_run(session->db->session, run)
                                  : run_alone(session->db, run, 1);
}

static bool session_run_all(data_session *session, data_run *runs, unsigned count)
{
    return session->has_savepoint ? rollback_under->session_run_all(session->db->session, runs, count)
                                  : run_alone(session->db, runs, count);
}

static bool forbid_writing(data_database *db, data_error *error)
{
    return say(db, rollback_under->dialect->read_only, error);
}

static void allow_writing(data_session *session)
{
    data_error error;
    coro *self = coro_self();
    self->cancel_masked++;
    const char *writable = rollback_under->dialect->writable;
    if (!session->may_write && writable != NULL && !say(session->db, writable, &error))
        session->db->is_lost = true;
    self->cancel_masked--;
}

/* `run` begins a transaction, on an isolation level that a savepoint cannot have. */
static bool session_begin(data_session *session, data_run *run)
{
    run->affected = 0;
    if (!rollback_save(session->db, &run->error))
        return false;
    session->has_savepoint = true; /* from now on release undoes it */
    return session->may_write || forbid_writing(session->db, &run->error);
}

static void end_savepoint(data_session *session)
{
    session->has_savepoint = false;
    allow_writing(session);
}

static void release(data_session *session)
{
    if (session->has_savepoint) {
        rollback_undo(session->db);
        end_savepoint(session);
    }
    if (session->has_turn)
        rollback_give_turn(session->db);
    mem_free(session);
}

static bool session_commit(data_session *session, data_run *run)
{
    run->affected = 0;
    bool is_done = rollback_keep(session->db, &run->error);
    if (is_done)
        end_savepoint(session);
    release(session);
    return is_done;
}

/* -- rows one at a time -- */

/* SQLite's connection can run other statements between the rows; PostgreSQL's cannot. */
static bool stream_open(data_session *session, data_run *run)
{
    run->affected = 0;
    if (session->has_savepoint || is_in_files())
        return rollback_under->stream_open(session->db->session, run);
    return rollback_rows_open(session, run);
}

static bool stream_next(data_session *session, data_run *run, data_row *row)
{
    return session->rows != NULL ? rollback_rows_next(session, run, row)
                                 : rollback_under->stream_next(session->db->session, run, row);
}

static void stream_close(data_session *session, data_run *run)
{
    if (session->rows != NULL)
        rollback_rows_close(session);
    else
        rollback_under->stream_close(session->db->session, run);
}

/* -- the database -- */

static data_database *open_database(const data_engine_options *options)
{
    data_database *db = mem_zero(1, sizeof *db);
    if (db == NULL)
        return NULL;
    list_init(&db->waiters);
    db->wait_timeout_ms = options->wait_timeout_ms;
    data_engine_options under = *options;
    if (is_in_files()) /* for the tests of another program, which lock the file while they run */
        under.wait_timeout_ms = data_self.options.query_timeout_ms;
    db->under = rollback_under->open(&under);
    if (db->under != NULL)
        return db;
    mem_free(db);
    return NULL;
}

static void close_database(data_database *db)
{
    if (db->session != NULL)
        rollback_under->release(db->session); /* rolls back */
    rollback_under->close(db->under);
    mem_free(db);
}

static void tidy(data_database *db)
{
    rollback_under->tidy(db->under);
}

const data_engine *data_rollback_before(const data_engine *engine)
{
    static data_engine before;
    rollback_under = engine;
    before = *engine; /* its label, its dialect, and how its rows are read */
    before.open = open_database;
    before.close = close_database;
    before.tidy = tidy;
    before.run = run_one;
    before.run_all = run_all;
    before.acquire = acquire;
    before.session_run = session_run;
    before.session_run_all = session_run_all;
    before.session_begin = session_begin;
    before.session_commit = session_commit;
    before.release = release;
    before.stream_open = stream_open;
    before.stream_next = stream_next;
    before.stream_close = stream_close;
    return &before;
}

/* Connections lent to one coroutine: transactions, migrations, streams. */
#include "data/postgres/faults.h"
#include "data/postgres/pool.h"

#include "base/text.h"

#include <string.h>

const data_statement pg_rollback = {.sql = "rollback", .sql_len = 8, .writes = true};

static data_session *leave_queue(data_database *db, pg_request *want)
{
    if (!want->is_done)
        list_remove(&want->link);
    else if (!want->has_failed)
        pg_release(want->on);
    (void)db;
    return NULL;
}

data_session *pg_acquire(data_database *db, bool writes, data_error *error)
{
    (void)writes; /* replicas are a separate database */
    *error = (data_error){0};
    pg_link *now = pg_pool_lend_now(db);
    if (now != NULL)
        return now;
    pg_request want = {.waiting = coro_self(), .error = error};
    uint64_t until_ms = loop_self.now_ms + db->wait_timeout_ms;
    if (!pg_pool_want(db, &want, error))
        return NULL;
    while (!want.is_done) {
        coro_outcome outcome = coro_wait(until_ms);
        if (outcome == CORO_CANCELLED) {
            *error = (data_error){.is_cancelled = true};
            return leave_queue(db, &want);
        }
        if (!want.is_done && outcome == CORO_TIMEOUT) {
            data_refuse(error, TERN_DATA_BUSY, "no connection became free within %u ms", db->wait_timeout_ms);
            return leave_queue(db, &want);
        }
    }
    return want.has_failed ? NULL : want.on;
}

/* Waits until an abandoned statement and its cancel request have ended: neither may affect what follows. */
static bool await_settled(pg_link *l, data_error *error)
{
    while (l->state == LINK_LENT && (!list_empty(&l->flight) || l->cancel != NULL)) {
        l->reader = coro_self();
        coro_outcome outcome = coro_wait(0);
        l->reader = NULL;
        if (outcome == CORO_CANCELLED) {
            *error = (data_error){.is_cancelled = true};
            return false;
        }
    }
    l->is_given_up = l->was_cancelled = false;
    return true;
}

bool session_is_usable(pg_link *l, data_error *error)
{
    fault_clear(error);
    if (l->state == LINK_LENT && l->is_given_up && !await_settled(l, error))
        return false;
    return l->state == LINK_LENT || data_refuse(error, TERN_DATA_AWAY, "the session's connection was lost");
}

/* Whether a rollback undoes everything that an unprepared statement did to its session. */
static bool leaves_nothing(const char *sql)
{
    static const char *const words[] = {"begin",     "start",   "commit", "end",    "rollback", "abort",
                                        "savepoint", "release", "insert", "update", "delete"};
    sql += strspn(sql, " \t\r\n");
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strnlen(sql, strlen(words[i])) == strlen(words[i]) &&
            text_equal_nocase(sql, words[i], strlen(words[i])))
            return true;
    return false;
}

/* Sends "begin" in the same round trip as the first statement. When it fails, the server skips that
 * statement: the reason is in the log. */
static bool send_begin(pg_link *l)
{
    static const params none;
    data_run unused = {.statement = l->begins,
                       .deadline_ms = UINT64_MAX}; /* the statement after it has one */
    pg_request *r = pg_request_new(l->db, &unused, &none);
    if (r == NULL) {
        link_drop(l, "out of memory");
        return false;
    }
    l->begins = NULL;
    r->waiting = NULL;
    r->is_begin = true;
    r->free_by_ms = UINT64_MAX;
    r->is_plain = l->is_pooled;
    return link_send(l, r);
}

static bool send_behind(data_session *l, pg_request *r)
{
    if (l->begins == NULL || send_begin(l))
        return link_send(l, r);
    r->on = l;
    pg_request_fail(l->db, r, TERN_DATA_AWAY, "the transaction's beginning could not be sent");
    return false;
}

static bool run_once(data_session *l, data_run *run, bool is_plain)
{
    params values;
    run->affected = 0;
    if (!session_is_usable(l, &run->error) || !params_bind(&values, run))
        return false;
    pg_request *r = pg_request_new(l->db, run, &values);
    if (r == NULL)
        return data_refuse(&run->error, TERN_DATA_BUSY, "out of memory");
    const data_statement *s = run->statement;
    r->is_plain = is_plain;
    l->is_dirty |= s->id == 0 && !leaves_nothing(s->sql);
    if (send_behind(l, r))
        link_sync(l);
    return run_await(l->db, r, run);
}

/*
 * Only the first statement of the transaction was sent, and its preparation was outdated: the transaction
 * begins again.
 */
static bool begin_again(data_session *l, const data_statement *begins, data_run *run)
{
    data_run undo = {.statement = &pg_rollback, .deadline_ms = run->deadline_ms};
    if (begins == NULL || run->error.fault == TERN_DATA_OK || !run->error.is_outdated)
        return false;
    if (!run_once(l, &undo, true)) {
        run->error = undo.error;
        return false;
    }
    l->begins = begins;
    return true;
}

bool pg_session_run(data_session *l, data_run *run)
{
    const data_statement *begins = l->begins;
    if (run_once(l, run, false))
        return true;
    bool was_value = run->error.fault == TERN_DATA_BAD_VALUE;
    bool is_done = begin_again(l, begins, run) && run_once(l, run, true);
    l->db->generation += is_done && was_value; /* the value was not the cause */
    return is_done;
}

static bool run_all_once(data_session *l, data_run *runs, unsigned count, bool is_plain)
{
    params values[DATA_RUNS_MOST];
    pg_request *requests[DATA_RUNS_MOST];
    if (!session_is_usable(l, &runs->error) || !run_requests(l->db, runs, count, values, requests))
        return false;
    unsigned sent = 0;
    for (unsigned i = 0; i < count; i++)
        requests[i]->is_plain = is_plain;
    while (sent < count && send_behind(l, requests[sent]))
        sent++;
    if (sent == count)
        link_sync(l);
    for (unsigned unsent = sent + 1; unsent < count; unsent++) /* the one in between has failed */
        pg_request_free(l->db, requests[unsent]);
    return run_await_all(l->db, requests, runs, sent < count ? sent + 1 : count);
}

bool pg_session_run_all(data_session *l, data_run *runs, unsigned count)
{
    const data_statement *begins = l->begins;
    return run_all_once(l, runs, count, false) ||
           (begin_again(l, begins, runs) && run_all_once(l, runs, count, true));
}

bool pg_session_begin(data_session *l, data_run *run)
{
    run->affected = 0;
    if (!session_is_usable(l, &run->error))
        return false;
    l->begins = run->statement;
    return true;
}

static bool commit(data_session *l, data_run *run)
{
    if (l->begins == NULL)
        return pg_session_run(l, run);
    l->begins = NULL; /* nothing was sent on it */
    run->affected = 0;
    return session_is_usable(l, &run->error);
}

void pg_release(data_session *l)
{
    if (l->state == LINK_BROKEN) {
        link_forget(l);
        return;
    }
    l->state = LINK_DRAINING;
    l->begins = NULL;
    link_orphan_all(l);
    link_settle(l);
}

bool pg_session_commit(data_session *l, data_run *run)
{
    bool is_done = commit(l, run);
    pg_release(l);
    return is_done;
}

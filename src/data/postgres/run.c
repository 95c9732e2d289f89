/* Runs statements on any connection, each as its own transaction. */
#include "data/postgres/faults.h"
#include "data/postgres/pool.h"

#include <stdlib.h>

/* The row count reported by an insert, update or delete. */
static int64_t rows_changed(PGresult *result)
{
    const char *tag = libpq.cmdStatus(result);
    switch (tag[0]) {
    case 'I':
    case 'U':
    case 'M':
        break;
    case 'D':
        if (tag[1] == 'E' && tag[2] == 'L')
            break;
        return 0;
    default:
        return 0;
    }
    return strtoll(libpq.cmdTuples(result), NULL, 10);
}

/* After an outdated preparation, clients may simply retry. A value is the more likely cause, though. */
static bool hand_over_error(data_run *run, const pg_request *r)
{
    fault_of_result(r->result, run->statement->sql, &run->error);
    run->error.is_outdated = r->is_outdated;
    if (r->is_outdated && r->generation == 0)
        run->error.fault = TERN_DATA_CONFLICT;
    return false;
}

static bool hand_over(data_run *run, const pg_request *r)
{
    PGresult *result = r->result;
    if (libpq.resultStatus(result) == PGRES_FATAL_ERROR)
        return hand_over_error(run, r);
    run->affected = rows_changed(result);
    if (run->on_row == NULL)
        return true;
    int rows = libpq.ntuples(result);
    data_row row = {&data_postgres, result, 0, (unsigned)libpq.nfields(result)};
    if (rows == 0 && run->on_no_rows != NULL)
        return run->on_no_rows(run, &row);
    for (; row.number < rows; row.number++)
        if (!run->on_row(run, &row))
            return run->error.fault == TERN_DATA_OK;
    return true;
}

/*
 * The caller leaves before its answer has arrived. Waiting for a short statement is better than cancelling
 * it.
 */
static void leave(data_database *db, pg_request *r)
{
    bool is_late = r->deadline_ms != 0 && loop_self.now_ms >= r->deadline_ms;
    if (r->is_done) {
        pg_request_free(db, r);
    } else if (r->on == NULL) {
        list_remove(&r->link);
        pg_request_free(db, r);
    } else {
        r->on->is_given_up |= r->on->state == LINK_LENT;
        link_orphan(r, loop_self.now_ms + (is_late ? 0 : CANCEL_AFTER_MS));
    }
}

/* Whether the wait ends now, as decided by the pool's timer; then the request is abandoned. */
static bool is_over(data_database *db, pg_request *r, data_run *run)
{
    if (r->deadline_ms != 0 && loop_self.now_ms >= r->deadline_ms) {
        leave(db, r);
        data_refuse(&run->error, TERN_DATA_TIMEOUT, "the statement took too long");
        return true;
    }
    if (r->on == NULL && loop_self.now_ms >= r->free_by_ms) {
        leave(db, r);
        data_refuse(&run->error, TERN_DATA_BUSY, "no connection became free within %u ms",
                    db->wait_timeout_ms);
        return true;
    }
    return false;
}

bool run_await(data_database *db, pg_request *r, data_run *run)
{
    pg_pool_watch(db);
    while (!r->is_done) {
        if (coro_wait(0) == CORO_CANCELLED) {
            leave(db, r);
            run->error = (data_error){.is_cancelled = true};
            return false;
        }
        if (!r->is_done && is_over(db, r, run))
            return false;
    }
    bool is_ok = !r->has_failed && hand_over(run, r);
    pg_request_free(db, r);
    return is_ok;
}

bool pg_run(data_database *db, data_run *run)
{
    params values;
    run->affected = 0;
    fault_clear(&run->error);
    if (!params_bind(&values, run))
        return false;
    pg_request *r = pg_request_new(db, run, &values);
    if (r == NULL)
        return data_refuse(&run->error, TERN_DATA_BUSY, "out of memory");
    if (!pg_pool_want(db, r, &run->error)) {
        pg_request_free(db, r);
        return false;
    }
    return run_await(db, r, run);
}

bool run_requests(data_database *db, data_run *runs, unsigned count, params *values, pg_request **requests)
{
    unsigned made = 0;
    for (; made < count; made++) {
        runs[made].affected = 0;
        fault_clear(&runs[made].error);
        if (!params_bind(&values[made], &runs[made]))
            break;
        requests[made] = pg_request_new(db, &runs[made], &values[made]);
        if (requests[made] == NULL) {
            data_refuse(&runs[made].error, TERN_DATA_BUSY, "out of memory");
            break;
        }
    }
    if (made == count)
        return true;
    while (made-- != 0)
        pg_request_free(db, requests[made]);
    return false;
}

bool run_await_all(data_database *db, pg_request **requests, data_run *runs, unsigned count)
{
    unsigned done = 0;
    while (done < count && run_await(db, requests[done], &runs[done]))
        done++;
    for (unsigned i = done + 1; i < count; i++) {
        pg_request *r = requests[i];
        bool goes_on = !runs[done].error.is_cancelled && runs[done].error.fault != TERN_DATA_TIMEOUT;
        if (goes_on && !r->is_done &&
            r->on != NULL) /* a session continues after its answer, which is dropped */
            link_orphan(r, r->deadline_ms != 0 ? r->deadline_ms : UINT64_MAX);
        else
            leave(db, r);
    }
    return done == count;
}

bool pg_run_all(data_database *db, data_run *runs, unsigned count)
{
    params values[DATA_RUNS_MOST];
    pg_request *requests[DATA_RUNS_MOST];
    if (!run_requests(db, runs, count, values, requests))
        return false;
    for (unsigned i = 0; i < count; i++) {
        if (pg_pool_want(db, requests[i],
                         &runs->error)) /* if not, then no connection: the server is unreachable */
            continue;
        for (unsigned unsent = i; unsent < count; unsent++)
            pg_request_free(db, requests[unsent]);
        return false;
    }
    return run_await_all(db, requests, runs, count);
}

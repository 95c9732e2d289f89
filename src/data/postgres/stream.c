/* Reads a result row by row: reads only as much from the socket as the caller needs. */
#include "data/postgres/faults.h"
#include "data/postgres/pool.h"

#include <sys/epoll.h>

/* Single-row mode applies to the statement at the head of the pipeline, so "begin" must not be before it. */
static bool begin_first(data_session *l, data_run *run)
{
    data_run begin = {.statement = l->begins, .deadline_ms = run->deadline_ms};
    l->begins = NULL;
    bool is_done = begin.statement == NULL || pg_session_run(l, &begin);
    run->error = begin.error;
    return is_done;
}

bool pg_stream_open(data_session *l, data_run *run)
{
    params values;
    run->affected = 0;
    if (!begin_first(l, run))
        return false;
    if (!session_is_usable(l, &run->error))
        return false;
    if (!list_empty(&l->flight))
        return data_refuse(&run->error, TERN_DATA_AWAY, "the session's connection was lost");
    if (!params_bind(&values, run))
        return false;
    pg_request *r = pg_request_new(l->db, run, &values);
    if (r == NULL)
        return data_refuse(&run->error, TERN_DATA_BUSY, "out of memory");
    r->is_streamed = true;
    l->streamed = r;
    l->is_streaming = true;
    if (link_send(l, r) && libpq.setSingleRowMode(l->conn) && link_sync(l))
        return true;
    link_drop(l, "out of memory");
    pg_request_free(l->db, r);
    l->streamed = NULL;
    return false;
}

/* Waits until libpq has a result; false, with the error, when there will be none. */
static bool await_result(pg_link *l, data_run *run)
{
    const coro *self = coro_self();
    if (self->is_cancelled && self->cancel_masked == 0) { /* also when rows arrive without waiting */
        run->error = (data_error){.is_cancelled = true};
        return false;
    }
    while (l->state == LINK_LENT && libpq.isBusy(l->conn)) {
        if (!link_read(l)) {
            link_drop(l, "the connection broke in the middle of the rows");
            return false;
        }
        if (!libpq.isBusy(l->conn))
            return true;
        l->reader = coro_self();
        coro_outcome outcome = coro_wait(run->deadline_ms);
        l->reader = NULL;
        if (outcome == CORO_CANCELLED) {
            run->error = (data_error){.is_cancelled = true};
            return false;
        }
        if (outcome == CORO_TIMEOUT && l->state == LINK_LENT) {
            l->is_given_up = true;
            return data_refuse(&run->error, TERN_DATA_TIMEOUT, "the rows took too long");
        }
    }
    return l->state == LINK_LENT;
}

bool pg_stream_next(data_session *l, data_run *run, data_row *row)
{
    pg_request *r = l->streamed;
    if (l->row != NULL)
        libpq.clear(l->row);
    l->row = NULL;
    while (!r->is_done && !l->is_given_up) {
        if (!await_result(l, run))
            return false;
        PGresult *result = libpq.getResult(l->conn);
        if (result != NULL && libpq.resultStatus(result) == PGRES_SINGLE_TUPLE) {
            l->row = result;
            *row = (data_row){&data_postgres, result, 0, (unsigned)libpq.nfields(result)};
            return true;
        }
        if (!link_take(l, result)) /* the end of the rows, or an error */
            return false;
    }
    if (r->result != NULL && libpq.resultStatus(r->result) == PGRES_FATAL_ERROR)
        fault_of_result(r->result, run->statement->sql, &run->error);
    return false;
}

void pg_stream_close(data_session *l, data_run *run)
{
    pg_request *r = l->streamed;
    if (l->row != NULL)
        libpq.clear(l->row);
    l->row = NULL;
    l->streamed = NULL;
    l->is_streaming = false;
    if (r == NULL)
        return;
    if (r->is_done) {
        pg_request_free(l->db, r);
        if (l->state == LINK_LENT)
            link_watch(l, EPOLLIN | EPOLLRDHUP);
        return;
    }
    /* Reads and drops the remaining rows, if the connection will be used again. */
    uint64_t until_ms = run->deadline_ms != 0 ? run->deadline_ms : UINT64_MAX;
    link_orphan(r, l->is_given_up ? loop_self.now_ms : until_ms);
    if (!link_watch(l, EPOLLIN | EPOLLRDHUP))
        link_drop(l, "the socket cannot be watched");
    else
        link_take_answers(l);
}

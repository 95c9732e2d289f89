/*
 * One connection in pipeline mode: statements out, answers in.
 *
 * Hot path: link_send, link_sync, link_on_event. Answers are matched with statements strictly in order;
 * anything that does not fit drops the connection, so that no answer can reach the wrong request.
 */
#include "data/postgres/faults.h"
#include "data/postgres/pool.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>

enum { ATTEMPTS_MOST = 3, TYPES_INLINE = 64 };

/* -- the socket -- */

bool link_watch(pg_link *l, uint32_t events)
{
    int fd = libpq.socket(l->conn);
    if (fd == l->source.fd && events == l->watched)
        return true;
    struct epoll_event event = {.events = events, .data.ptr = &l->source};
    /* While it opens, libpq may have closed the socket and opened another one, even of the same number: this
     * removed the old one's registration. */
    if (fd != l->source.fd || epoll_ctl(loop_self.epoll_fd, EPOLL_CTL_MOD, fd, &event) != 0) {
        l->source.fd = fd;
        if (fd < 0 || epoll_ctl(loop_self.epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0)
            return false;
    }
    l->watched = events;
    return true;
}

/* Sends libpq's buffered data; the rest is sent when the socket becomes writable. */
static bool flush(pg_link *l)
{
    int left = libpq.flush(l->conn);
    if (left < 0)
        return false;
    uint32_t events = (l->is_streaming ? (uint32_t)EPOLLET : 0) | EPOLLIN | EPOLLRDHUP;
    return link_watch(l, left > 0 ? events | EPOLLOUT : events);
}

/* -- statements out -- */

static bool send_with_types(pg_link *l, pg_request *r, const char *name)
{
    const data_statement *s = r->statement;
    Oid few[TYPES_INLINE], *types = few;
    if (s->arg_count > TYPES_INLINE && (types = mem_alloc(s->arg_count * sizeof *types)) == NULL)
        return false;
    params_types(s, types);
    int is_sent = name != NULL
                      ? libpq.sendPrepare(l->conn, name, s->sql, (int)s->arg_count, types)
                      : libpq.sendQueryParams(l->conn, s->sql, r->params->count, types, r->params->values,
                                              r->params->lengths, r->params->formats, 1);
    if (types != few)
        mem_free(types);
    return is_sent != 0;
}

static bool put_statement(pg_link *l, pg_request *r)
{
    const data_statement *s = r->statement;
    char name[NAME_BYTES];
    if (s->id == 0 || l->is_nameless || r->is_plain || r->is_streamed)
        return send_with_types(l, r, NULL);
    if (!prepared_name(l, r, name))
        return false;
    r->is_preparing = !r->is_earlier;
    if (r->is_preparing && !send_with_types(l, r, name))
        return false;
    return libpq.sendQueryPrepared(l->conn, name, r->params->count, r->params->values, r->params->lengths,
                                   r->params->formats, 1) != 0;
}

static link_stage first_stage(const pg_request *r)
{
    return r->is_preparing ? STAGE_PREPARE : STAGE_EXECUTE;
}

bool link_send(pg_link *l, pg_request *r)
{
    r->on = l;
    r->attempts++;
    r->sent_ms = loop_self.now_ms;
    r->is_preparing = r->is_earlier = r->ends_group = false;
    bool is_put = put_statement(l, r);
    if (list_empty(&l->flight))
        l->stage = first_stage(r);
    list_append(&l->flight, &r->link);
    l->in_flight++;
    l->is_unsynced = true;
    if (is_put)
        return true;
    link_drop(l, "a statement could not be sent");
    return false;
}

bool link_sync(pg_link *l)
{
    if (!l->is_unsynced)
        return true;
    pg_request *last = list_owner(l->flight.prev, pg_request, link);
    l->is_unsynced = false;
    last->ends_group = true;
    if (libpq.pipelineSync(l->conn) && flush(l))
        return true;
    link_drop(l, "the connection broke");
    return false;
}

/* -- answers in -- */

/* The SQLSTATE of an error, "" when it is libpq's own; NULL when it is not an error. */
static const char *state_of(const PGresult *result)
{
    if (result == NULL || libpq.resultStatus(result) != PGRES_FATAL_ERROR)
        return NULL;
    const char *state = libpq.resultErrorField(result, PG_DIAG_SQLSTATE);
    return state != NULL ? state : "";
}

/* Whether it is in a session, outside a transaction. */
static void send_again(pg_link *l, pg_request *r)
{
    libpq.clear(r->result);
    r->result = NULL;
    r->is_outdated = false;
    if (link_send(l, r))
        link_sync(l);
}

static void log_begin(const pg_request *r)
{
    char line[300];
    fault_of_closing(r->result, line, sizeof line);
    tern_log(TERN_LOG_ERROR, "PostgreSQL: a transaction could not begin: %s", line);
}

/* Whether an error does not concern the waiter: the statement can be sent again, since nothing was done or
 * it only reads. */
static bool is_passing(pg_link *l, pg_request *r, const char *state)
{
    if (r->is_begin)
        log_begin(r);
    return (r->is_earlier && prepared_is_to_blame(l, r)) ||
           (r->waiting != NULL && !r->statement->writes && fault_of_state(state) == TERN_DATA_AWAY);
}

/*
 * In a session, a statement is skipped because the transaction's "begin" failed, unless another statement in
 * the group did.
 */
static void skipped(pg_link *l, pg_request *r)
{
    data_error *error = r->waiting != NULL ? r->error : NULL;
    pg_request_fail(l->db, r, TERN_DATA_CONFLICT, "the server skipped the statement");
    if (error != NULL)
        error->is_outdated = true;
}

/* The answer is complete, and its transaction has ended if it had its own. */
static void answered(pg_link *l, pg_request *r)
{
    data_database *db = l->db;
    const char *state = state_of(r->result);
    bool is_again = state != NULL && is_passing(l, r, state);
    list_remove(&r->link);
    l->in_flight--;
    l->idle_since_ms = loop_self.now_ms;
    if (l->was_cancelled && (r->is_aborted || (state != NULL && strcmp(state, "57014") == 0))) {
        is_again = true; /* hit by a cancel request for another statement */
        r->attempts--;
    }
    if (state == NULL && r->is_plain && !r->is_aborted)
        prepared_was_to_blame(db, r);
    if (r->is_probe)
        link_learn(l, r);
    if ((is_again || r->is_aborted) && r->waiting != NULL && l->state != LINK_LENT &&
        r->attempts < ATTEMPTS_MOST)
        pg_pool_want_again(db, r);
    else if (r->is_outdated && r->waiting != NULL && r->attempts < ATTEMPTS_MOST &&
             libpq.transactionStatus(l->conn) == PQTRANS_IDLE)
        send_again(l, r);
    else if (r->is_aborted)
        skipped(l, r);
    else
        pg_request_done(db, r);
}

/* Moves on after a complete answer. */
static void next_stage(pg_link *l)
{
    pg_request *r = list_owner(l->flight.next, pg_request, link);
    l->has_answer = false;
    if (l->stage == STAGE_PREPARE) {
        l->stage = STAGE_EXECUTE;
        return;
    }
    if (l->stage == STAGE_EXECUTE && r->ends_group) {
        l->stage = STAGE_SYNC;
        return;
    }
    answered(l, r);
    if (!list_empty(&l->flight))
        l->stage = first_stage(list_owner(l->flight.next, pg_request, link));
}

/* Keeps an error, should a second result come (at a Sync: the transaction could not be committed). */
static void keep_result(pg_request *r, PGresult *result)
{
    if (r->result != NULL && libpq.resultStatus(r->result) == PGRES_FATAL_ERROR) {
        libpq.clear(result);
        return;
    }
    if (r->result != NULL)
        libpq.clear(r->result);
    r->result = result;
}

/* Processes a result that does not end an answer; false when it does not match. Owns it only if it returns
 * true. */
static bool take_result(pg_link *l, pg_request *r, PGresult *result)
{
    ExecStatusType status = libpq.resultStatus(result);
    bool is_first = !l->has_answer;
    if (status == PGRES_SINGLE_TUPLE && r->is_streamed && r->waiting == NULL) {
        libpq.clear(result); /* a row that is no longer needed */
        return true;
    }
    l->has_answer = true;
    if (status == PGRES_FATAL_ERROR) {
        if (l->stage == STAGE_PREPARE)
            prepared_forget(l, r->prepared_id);
        keep_result(r, result);
        return is_first;
    }
    if (status == PGRES_PIPELINE_ABORTED && l->stage != STAGE_SYNC && is_first) {
        if (l->stage == STAGE_PREPARE)
            prepared_forget(l, r->prepared_id);
        r->is_aborted = r->result == NULL; /* otherwise its own Parse failed */
        libpq.clear(result);
        return true;
    }
    if (l->stage == STAGE_PREPARE && status == PGRES_COMMAND_OK && is_first) {
        libpq.clear(result);
        return true;
    }
    bool is_answer = status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK || status == PGRES_EMPTY_QUERY;
    if (l->stage == STAGE_EXECUTE && is_answer && is_first) {
        keep_result(r, result);
        return true;
    }
    return false;
}

bool link_take(pg_link *l, PGresult *result)
{
    pg_request *r = list_owner(l->flight.next, pg_request, link);
    bool is_sync = result != NULL && libpq.resultStatus(result) == PGRES_PIPELINE_SYNC;
    if (is_sync && l->stage == STAGE_SYNC) {
        libpq.clear(result);
        next_stage(l);
        return true;
    }
    if (!is_sync && result != NULL && take_result(l, r, result))
        return true;
    if (result == NULL && l->has_answer) {
        if (l->stage == STAGE_SYNC)
            l->has_answer = false; /* the end of an error; the Sync is still to come */
        else
            next_stage(l);
        return true;
    }
    if (result == NULL && libpq.status(l->conn) == CONNECTION_BAD) {
        link_drop(l, "the connection broke before the answer came");
        return false;
    }
    tern_log(TERN_LOG_ERROR,
             "PostgreSQL: an answer came (%d) that fits no statement; the connection is closed",
             result != NULL ? (int)libpq.resultStatus(result) : -1);
    if (result != NULL)
        libpq.clear(result);
    link_drop(l, "an answer came that fits no statement");
    return false;
}

bool link_take_answers(pg_link *l)
{
    while (!list_empty(&l->flight) && !libpq.isBusy(l->conn)) {
        if (!link_take(l, libpq.getResult(l->conn)))
            return false;
        /* Each answer is used and freed before the next is read: libpq's allocations stay in the cache. */
        if (coro_self() == NULL && !list_empty(&loop_self.ready)) {
            coro_run_ready();
            if (l->state == LINK_BROKEN)
                return false;
        }
    }
    if (list_empty(&l->flight) && l->state != LINK_READY)
        link_settle(l);
    if (l->state != LINK_LENT &&
        !list_empty(&l->db->wants)) /* a lent one does not serve others until its answers arrive */
        pg_pool_pump_later(l->db);
    return l->state != LINK_BROKEN;
}

/* With TLS, OpenSSL may have buffered a record already, which no event reports. */
bool link_read(pg_link *l)
{
    do {
        if (!libpq.consumeInput(l->conn))
            return false;
    } while (l->tls != NULL && libpq.ssl_has_pending != NULL && libpq.ssl_has_pending(l->tls));
    return true;
}

void link_on_event(loop_source *source, uint32_t events)
{
    pg_link *l = list_owner(source, pg_link, source);
    if ((events & EPOLLOUT) && !flush(l)) {
        link_drop(l, "the connection broke");
        return;
    }
    if (l->is_streaming) {
        if (l->reader != NULL)
            coro_wake(l->reader);
        return;
    }
    if (!(events & ~(uint32_t)EPOLLOUT))
        return;
    bool is_whole = link_read(l);
    if (list_empty(&l->flight)) { /* a notice, or the server says good-bye */
        libpq.isBusy(l->conn);
        if (!is_whole || (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)))
            link_drop(l, "the server closed the connection");
        return;
    }
    if (link_take_answers(l) && !is_whole)
        link_drop(l, "the connection broke before the answer came");
}

/* -- the end of a connection -- */

/* Reads the message that the server or a pooler sent before it closed the connection. */
static const char *reason_of(const pg_link *l, const char *reason, char *line, size_t room)
{
    const PGresult *result =
        !list_empty(&l->flight) ? list_owner(l->flight.next, pg_request, link)->result : NULL;
    if (state_of(result) == NULL)
        return reason;
    fault_of_closing(result, line, room);
    return line;
}

/* Ends the statements in flight: whether a write was done is unknown, but a read can be sent on another
 * connection. */
static void fail_flight(pg_link *l, bool was_lent, const char *reason)
{
    list_link *link;
    while ((link = list_take_first(&l->flight)) != NULL) {
        pg_request *r = list_owner(link, pg_request, link);
        if (r->waiting != NULL && !was_lent && !r->statement->writes && r->attempts < ATTEMPTS_MOST)
            pg_pool_want_again(l->db, r);
        else
            pg_request_fail(l->db, r, TERN_DATA_AWAY, reason);
    }
    l->in_flight = 0;
}

void link_drop(pg_link *l, const char *reason)
{
    data_database *db = l->db;
    bool was_lent = l->state == LINK_LENT;
    char line[200];
    if (l->state == LINK_BROKEN)
        return;
    reason = reason_of(l, reason, line, sizeof line);
    if (l->state == LINK_OPENING)
        link_note_failure(l, reason);
    db->opening -= l->state == LINK_OPENING;
    db->count--;
    l->state = LINK_BROKEN;
    cancel_forget(l);
    timer_stop(&loop_self.timers, &l->timer);
    if (l->lookup != NULL)
        side_thread_abandon(&l->lookup->job);
    if (l->source.fd >= 0)
        loop_remove(&l->source);
    if (l->conn != NULL)
        libpq.finish(l->conn);
    l->conn = NULL;
    l->lookup = NULL;
    list_remove(&l->link);
    if (l->reader != NULL)
        coro_wake(l->reader);
    fail_flight(l, was_lent, reason);
    if (!was_lent)
        link_forget(l);
    if (!list_empty(&db->wants))
        pg_pool_pump_later(db);
}

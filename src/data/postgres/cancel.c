/*
 * Orphans (statements without a waiter), and the steps in which a connection returns to the pool.
 *
 * A cancel request names a connection, not a statement: it hits whatever runs there when it arrives. So it is
 * sent once the answers before the orphan's have arrived. Until then the connection accepts nothing new. It
 * is settled when the request's own connection has been closed, which the server does after signalling. A
 * statement in flight that the request hit instead is run again (link.c).
 *
 * The answers of a group arrive together, at its Sync, so it is not known whether the orphan runs or a
 * statement before it. Those before it only read, so after a while they are cancelled with it and run again
 * without it.
 */
#include "data/postgres/pool.h"

#include "base/mem.h"
#include "runtime/side_thread.h"

enum {
    AGAIN_MS = 100,  /* retries a request that arrived before or after its statement ran */
    GRACE_MS = 1000, /* for a cancelled statement to end before its connection is closed */
    LOOK_MS = 5,     /* while an orphan waits for its turn */
    SHARED_MS = 200, /* how long an orphan waits for those before it in its group */
    TIDY_MS = 1000   /* for cleaning up a session before its connection is closed */
};

/* -- the request -- */

struct pg_cancel {
    side_thread job;
    list_link link; /* in db->cancels */
    data_database *db;
    pg_link *on;  /* NULL: dropped in the meantime */
    void *ticket; /* PGcancelConn of libpq 17 and later, PGcancel before */
};

static void send_request(side_thread *job)
{
    char problem[256]; /* no report needed: the statement ends, or its connection is dropped */
    void *ticket = list_owner(job, pg_cancel, job)->ticket;
    if (libpq.cancelCreate != NULL)
        libpq.cancelBlocking(ticket);
    else
        libpq.cancel(ticket, problem, sizeof problem);
}

static void on_sent(side_thread *job)
{
    pg_cancel *c = list_owner(job, pg_cancel, job);
    list_remove(&c->link);
    c->db->cancel_count--;
    if (c->on == NULL)
        return;
    c->on->cancel = NULL;
    link_settle(c->on);
}

static void free_request(side_thread *job)
{
    pg_cancel *c = list_owner(job, pg_cancel, job);
    if (c->ticket != NULL && libpq.cancelCreate != NULL)
        libpq.cancelFinish(c->ticket);
    else if (c->ticket != NULL)
        libpq.freeCancel(c->ticket);
    mem_free(c);
}

/* If a request is under way, or cannot be sent, the next check retries. */
static void cancel(pg_link *l)
{
    data_database *db = l->db;
    pg_cancel *c = NULL;
    if (l->cancel == NULL && db->cancel_count < db->most)
        c = mem_zero(1, sizeof *c);
    if (c == NULL)
        return;
    *c = (pg_cancel){{.work = send_request, .on_done = on_sent, .free = free_request}, .db = db, .on = l};
    c->ticket = libpq.cancelCreate != NULL ? libpq.cancelCreate(l->conn) : (void *)libpq.getCancel(l->conn);
    if (c->ticket == NULL || !side_thread_start(&c->job)) {
        free_request(&c->job);
        return;
    }
    list_append(&db->cancels, &c->link);
    db->cancel_count++;
    l->cancel = c;
    l->was_cancelled = true;
    if (l->state == LINK_READY)
        l->state = LINK_DRAINING;
}

void cancel_forget(pg_link *l)
{
    if (l->cancel != NULL)
        l->cancel->on = NULL;
    l->cancel = NULL;
}

void cancel_abandon_all(data_database *db)
{
    list_link *link;
    while ((link = list_take_first(&db->cancels)) != NULL)
        side_thread_abandon(&list_owner(link, pg_cancel, link)->job);
}

/* -- orphans -- */

/* When the timer must check next; 0 when there is nothing to check. */
static uint64_t next_look_ms(const pg_link *l)
{
    const pg_request *oldest = list_owner(l->flight.next, pg_request, link);
    if (list_empty(&l->flight))
        return l->cancel != NULL ? l->idle_since_ms + GRACE_MS : 0;
    if (oldest->waiting == NULL && oldest->deadline_ms != UINT64_MAX)
        return oldest->free_by_ms < oldest->deadline_ms ? oldest->free_by_ms : oldest->deadline_ms;
    if (oldest->waiting == NULL && oldest->free_by_ms != UINT64_MAX)
        return oldest->free_by_ms;
    list_each (link, &l->flight) {
        const pg_request *r = list_owner(link, pg_request, link);
        if (r->waiting == NULL && (r->free_by_ms != UINT64_MAX || r->deadline_ms != UINT64_MAX))
            return loop_self.now_ms + LOOK_MS;
    }
    return 0;
}

/* The orphan that the server may be running, if its time is over; NULL without one. */
static pg_request *overdue(const pg_link *l)
{
    list_each (link, &l->flight) {
        pg_request *r = list_owner(link, pg_request, link);
        uint64_t patience_ms = link == l->flight.next ? 0 : SHARED_MS;
        if (r->waiting == NULL && r->free_by_ms != UINT64_MAX)
            return loop_self.now_ms >= r->free_by_ms + patience_ms ? r : NULL;
        if (r->ends_group)
            return NULL;
    }
    return NULL;
}

static void on_timer(timer_entry *timer);

static void look_after(pg_link *l)
{
    uint64_t at_ms = next_look_ms(l);
    if (at_ms == 0 || (timer_is_running(&l->timer) && l->timer.at_ms <= at_ms))
        return;
    l->timer.fire = on_timer;
    timer_start(&loop_self.timers, &l->timer, at_ms);
}

static void on_timer(timer_entry *timer)
{
    pg_link *l = list_owner(timer, pg_link, timer);
    uint64_t now_ms = loop_self.now_ms;
    pg_request *oldest = list_owner(l->flight.next, pg_request, link), *late = overdue(l);
    if (list_empty(&l->flight) && l->cancel != NULL && now_ms >= l->idle_since_ms + GRACE_MS) {
        link_drop(l, "the server did not take a cancel request in time");
        return;
    }
    if (!list_empty(&l->flight) && oldest->waiting == NULL && now_ms >= oldest->deadline_ms) {
        link_drop(l, "the server did not answer in time");
        return;
    }
    if (late != NULL) {
        late->free_by_ms = now_ms + AGAIN_MS;
        if (late == oldest && late->deadline_ms > now_ms + GRACE_MS)
            late->deadline_ms = now_ms + GRACE_MS;
        cancel(l);
    }
    look_after(l);
}

void link_orphan(pg_request *r, uint64_t cancel_at_ms)
{
    r->waiting = NULL;
    r->free_by_ms = cancel_at_ms;
    r->deadline_ms = UINT64_MAX;
    look_after(r->on);
}

void link_orphan_all(pg_link *l)
{
    uint64_t at_ms = loop_self.now_ms + CANCEL_AFTER_MS;
    list_each (link, &l->flight) {
        pg_request *r = list_owner(link, pg_request, link);
        r->free_by_ms = r->free_by_ms < at_ms ? r->free_by_ms : at_ms;
    }
    look_after(l);
}

/* -- the way back into the pool -- */

static void put_in_order(pg_link *l, const data_statement *statement)
{
    static const params none;
    data_run unused = {.statement = statement, .deadline_ms = loop_self.now_ms + TIDY_MS};
    pg_request *r = pg_request_new(l->db, &unused, &none);
    if (r == NULL) {
        link_drop(l, "out of memory");
        return;
    }
    r->waiting = NULL;
    r->free_by_ms = UINT64_MAX;
    if (link_send(l, r) && link_sync(l))
        look_after(l);
}

/* Behind a pooler, a session's settings are dropped by closing the connection: "discard all" could run on any
 * server connection. */
static void discard_all(pg_link *l)
{
    static const data_statement discard = {.sql = "discard all", .sql_len = 11, .writes = true};
    l->is_dirty = false;
    prepared_forget_all(l);
    if (l->is_pooled)
        link_drop(l, "its session may have set something");
    else
        put_in_order(l, &discard);
}

void link_settle(pg_link *l)
{
    if (l->state == LINK_LENT && l->reader != NULL)
        coro_wake(l->reader);
    if (l->state != LINK_DRAINING || !list_empty(&l->flight))
        return;
    if (l->cancel != NULL) {
        look_after(l);
        return;
    }
    bool is_open = libpq.transactionStatus(l->conn) != PQTRANS_IDLE;
    if (is_open && l->is_undone) {
        link_drop(l, "its transaction could not be rolled back");
    } else if (is_open) {
        l->is_undone = true;
        put_in_order(l, &pg_rollback);
    } else if (prepared_is_worn(l)) {
        link_drop(l, "it has prepared many statements");
    } else if (l->is_dirty) {
        discard_all(l);
    } else {
        timer_stop(&loop_self.timers, &l->timer);
        l->is_given_up = l->was_cancelled = l->is_undone = false;
        l->state = LINK_READY;
        l->idle_since_ms = loop_self.now_ms;
        pg_pool_pump_later(l->db);
    }
}

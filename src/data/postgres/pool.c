/* Assigns connections to requests. Hot path: pg_pool_want, pg_pool_pump. */
#include "data/postgres/pool.h"

#include "base/mem.h"

#include <stdio.h>

enum {
    WATCH_MS = 20,
    FLIGHT_MOST = 1024, /* statements in flight on one connection */
    STALLED_MS =
        8,       /* without an answer for this long, the oldest is slow, and others use another connection */
    LATE_MS = 16 /* the oldest has waited this long: one connection cannot keep up */
};

/* -- requests -- */

pg_request *pg_request_new(data_database *db, data_run *run, const params *values)
{
    pg_request *r = pool_get(&db->requests);
    if (r != NULL)
        *r = (pg_request){.waiting = coro_self(),
                          .error = &run->error,
                          .statement = run->statement,
                          .params = values,
                          .deadline_ms = run->deadline_ms,
                          .free_by_ms = loop_self.now_ms + db->wait_timeout_ms};
    return r;
}

void pg_request_free(data_database *db, pg_request *r)
{
    if (r->result != NULL)
        libpq.clear(r->result);
    pool_put(&db->requests, r);
}

void pg_request_done(data_database *db, pg_request *r)
{
    r->is_done = true;
    if (r->waiting == NULL)
        pg_request_free(db, r);
    else if (!r->is_streamed)
        coro_wake(r->waiting);
    else if (r->on->reader != NULL) /* otherwise its coroutine may be waiting for something else */
        coro_wake(r->on->reader);
}

void pg_request_fail(data_database *db, pg_request *r, tern_data_fault fault, const char *message)
{
    r->has_failed = true;
    if (r->waiting != NULL)
        data_refuse(r->error, fault, "%s", message);
    pg_request_done(db, r);
}

/* -- the queue -- */

static bool is_away(const data_database *db)
{
    return db->count == 0 && db->failures > 0 && loop_self.now_ms < db->retry_at_ms;
}

void pg_pool_pump_later(data_database *db)
{
    if (db->will_pump || db->is_closing)
        return;
    db->will_pump = true;
    loop_do_later(&db->pump);
}

bool pg_pool_want(data_database *db, pg_request *r, data_error *error)
{
    if (is_away(db))
        return data_refuse(error, TERN_DATA_AWAY, "%s", db->away);
    list_append(&db->wants, &r->link);
    pg_pool_pump_later(db);
    return true;
}

void pg_pool_want_again(data_database *db, pg_request *r)
{
    if (r->result != NULL)
        libpq.clear(r->result);
    r->result = NULL;
    r->on = NULL;
    r->is_aborted = r->is_outdated = false;
    r->is_alone = true;
    list_insert_before(db->wants.next, &r->link);
    pg_pool_pump_later(db);
}

/* -- time-outs of waiters -- */

/* Wakes requests in the list whose time is over; returns whether the list has any requests. */
static bool wake_late(const list_link *head)
{
    list_each (link, head) {
        const pg_request *r = list_owner(link, pg_request, link);
        bool is_late = r->deadline_ms != 0 && loop_self.now_ms >= r->deadline_ms;
        bool is_unserved = r->on == NULL && loop_self.now_ms >= r->free_by_ms;
        if (r->statement != NULL && r->waiting != NULL && !r->is_streamed && (is_late || is_unserved))
            coro_wake(r->waiting);
    }
    return !list_empty(head);
}

void pg_pool_watch(data_database *db)
{
    if (!timer_is_running(&db->watch))
        timer_start(&loop_self.timers, &db->watch, loop_self.now_ms + WATCH_MS);
}

void pg_pool_on_watch(timer_entry *timer)
{
    data_database *db = list_owner(timer, data_database, watch);
    bool is_waited_for = wake_late(&db->wants);
    list_each (link, &db->links)
        is_waited_for |= wake_late(&list_owner(link, pg_link, link)->flight);
    if (is_waited_for)
        pg_pool_watch(db);
}

/* -- assigning connections -- */

static bool is_free(const pg_link *l)
{
    return l->state == LINK_READY && list_empty(&l->flight);
}

/* Whether this statement may be sent after those in flight. */
static bool is_shareable(const pg_link *l, const pg_request *r)
{
    if (l->state != LINK_READY || l->is_held || l->in_flight >= FLIGHT_MOST)
        return false;
    if (list_empty(&l->flight))
        return true;
    if (l->is_pooled && (!l->is_unsynced || r->is_alone)) /* one group at a time */
        return false;
    uint64_t sent_ms = list_owner(l->flight.next, pg_request, link)->sent_ms, now_ms = loop_self.now_ms;
    uint64_t moved_ms = sent_ms > l->idle_since_ms ? sent_ms : l->idle_since_ms; /* since an answer came */
    return now_ms <= moved_ms + STALLED_MS && now_ms <= sent_ms + LATE_MS;
}

/* Takes the first in the list: a few busy connections need fewer system calls than many. */
static pg_link *shareable(data_database *db, const pg_request *r)
{
    list_each (link, &db->links) {
        pg_link *l = list_owner(link, pg_link, link);
        if (is_shareable(l, r))
            return l;
    }
    return NULL;
}

static pg_link *lend(pg_link *l)
{
    l->state = LINK_LENT;
    return l;
}

pg_link *pg_pool_lend_now(data_database *db)
{
    if (!list_empty(&db->wants))
        return NULL;
    list_each (link, &db->links)
        if (is_free(list_owner(link, pg_link, link)))
            return lend(list_owner(link, pg_link, link));
    return NULL;
}

/* Reserves the connection that will be free soonest: it accepts nothing new until then. */
static void hold_one(data_database *db)
{
    pg_link *best = NULL;
    list_each (link, &db->links) {
        pg_link *l = list_owner(link, pg_link, link);
        if (l->state == LINK_READY && !l->is_held && (best == NULL || l->in_flight < best->in_flight))
            best = l;
    }
    if (best != NULL)
        best->is_held = true;
}

/* Lends a connection to a request for exclusive use; false when it must wait. */
static bool serve_alone(data_database *db, pg_request *r)
{
    list_each (link, &db->links) {
        pg_link *l = list_owner(link, pg_link, link);
        if (is_free(l) && !l->is_held) {
            list_remove(&r->link);
            r->on = lend(l);
            pg_request_done(db, r);
            return true;
        }
    }
    hold_one(db);
    return false;
}

/* Puts a statement on a connection. A write is the last of its group: the statements before it only read. */
static void put(pg_link *l, pg_request *r)
{
    if (r->is_alone && !link_sync(l))
        return;
    list_remove(&r->link);
    if (link_send(l, r) && (r->is_alone || r->statement->writes))
        link_sync(l);
}

/* Assigns connections to requests, oldest first; returns how many more connections would be useful. */
static unsigned serve(data_database *db)
{
    unsigned lacking = 0;
    bool is_share_lacking = false;
    pg_link *l = NULL;
    for (list_link *link = db->wants.next, *next; link != &db->wants; link = next) {
        pg_request *r = list_owner(link, pg_request, link);
        next = link->next;
        if (r->statement == NULL) {
            lacking += !serve_alone(db, r);
            if (lacking >= db->most) /* the requests so far need all possible connections */
                break;
            l = NULL;
            continue;
        }
        if (l == NULL || !is_shareable(l, r))
            l = shareable(db, r);
        if (l != NULL) {
            put(l, r);
        } else {
            is_share_lacking = true;
            if (lacking >= db->most)
                break;
        }
    }
    return lacking + is_share_lacking;
}

static void fail_all(data_database *db)
{
    list_link *link;
    while ((link = list_take_first(&db->wants)) != NULL)
        pg_request_fail(db, list_owner(link, pg_request, link), TERN_DATA_AWAY, db->away);
}

void pg_pool_pump(loop_later *later)
{
    data_database *db = list_owner(later, data_database, pump);
    db->will_pump = false;
    list_each (link, &db->links)
        list_owner(link, pg_link, link)->is_held = false;
    unsigned lacking = serve(db);
    for (list_link *link = db->links.next, *next; link != &db->links; link = next) {
        next = link->next;
        link_sync(list_owner(link, pg_link, link));
    }
    if (is_away(db)) {
        fail_all(db);
        return;
    }
    bool may_open = db->failures == 0 || loop_self.now_ms >= db->retry_at_ms;
    while (may_open && db->opening < lacking && db->count < db->most) {
        unsigned count = db->count;
        link_open(db);
        may_open = db->failures == 0 && db->count > count;
    }
}

/* -- blocks of dropped connections -- */

void link_forget(pg_link *l)
{
    data_database *db = l->db;
    list_append(&db->broken, &l->link);
    if (db->will_sweep || db->is_closing)
        return;
    db->will_sweep = true;
    loop_do_later(&db->sweep);
}

void pg_pool_free_broken(data_database *db)
{
    list_link *link;
    while ((link = list_take_first(&db->broken)) != NULL) {
        pg_link *l = list_owner(link, pg_link, link);
        mem_free(l->prepared);
        mem_free(l);
    }
}

void pg_pool_sweep(loop_later *later)
{
    data_database *db = list_owner(later, data_database, sweep);
    db->will_sweep = false;
    pg_pool_free_broken(db);
}

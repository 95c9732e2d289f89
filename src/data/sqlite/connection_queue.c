/*
 * Connections lent to coroutines: the pool's readers, one writer, and a queue for each.
 *
 * Writers of a worker queue here in order, so that only other processes compete for SQLite's lock, which has
 * no queue. A returned session goes to the longest waiter.
 *
 * Hot path: take and give without waiters.
 */
#include "data/sqlite/internal.h"

#include "base/mem.h"
#include "runtime/loop.h"

enum {
    TURN_MS = 8,  /* how long the worker's writers keep the lock among themselves */
    GAP_US = 1300 /* longer than the pauses between attempts (wait.c) */
};

/* On the waiter's stack. */
typedef struct waiter {
    list_link link;
    coro *waiting;
    data_session *given;
} waiter;

bool sqlite_queue_make(sqlite_queue *queue, data_database *db, bool writes, unsigned count)
{
    *queue = (sqlite_queue){.db = db, .writes = writes, .count = count};
    list_init(&queue->idle);
    list_init(&queue->waiters);
    if (count == 0)
        return true;
    queue->sessions = mem_zero(count, sizeof *queue->sessions);
    for (unsigned i = 0; queue->sessions != NULL && i < count; i++) {
        queue->sessions[i].queue = queue;
        list_append(&queue->idle, &queue->sessions[i].link);
    }
    return queue->sessions != NULL;
}

void sqlite_queue_free(sqlite_queue *queue)
{
    for (unsigned i = 0; queue->sessions != NULL && i < queue->count; i++)
        sqlite_disconnect(&queue->sessions[i], true);
    mem_free(queue->sessions);
}

/* Passes `session` to the longest waiter, or puts it back. */
static void pass_on(data_session *session)
{
    sqlite_queue *queue = session->queue;
    list_link *first = list_take_first(&queue->waiters);
    session->holder = NULL;
    if (first != NULL) {
        waiter *next = list_owner(first, waiter, link);
        next->given = session;
        coro_wake(next->waiting);
        return;
    }
    session->idle_since_ms = loop_self.now_ms;
    if (session->handle != NULL)
        list_insert_before(queue->idle.next, &session->link);
    else
        list_append(&queue->idle, &session->link);
}

static void say_cancelled(data_error *error)
{
    data_refuse(error, TERN_DATA_FAILED, "cancelled");
    error->is_cancelled = true;
}

static data_session *wait_in_line(sqlite_queue *queue, uint64_t deadline_ms, data_error *error)
{
    waiter self = {.waiting = coro_self()};
    uint64_t until_ms = loop_after_ms(queue->db->wait_timeout_ms);
    bool ends_at_deadline = deadline_ms != 0 && deadline_ms < until_ms;
    coro_outcome outcome = CORO_WOKEN;
    if (self.waiting == NULL) {
        data_refuse(error, TERN_DATA_BUSY, "no connection is free");
        return NULL;
    }
    list_append(&queue->waiters, &self.link);
    while (self.given == NULL && outcome == CORO_WOKEN)
        outcome = coro_wait(ends_at_deadline ? deadline_ms : until_ms);
    list_remove(&self.link);
    if (outcome != CORO_CANCELLED && self.given != NULL)
        return self.given;
    if (self.given != NULL) /* cancelled in the same loop turn in which it got the session */
        pass_on(self.given);
    if (outcome == CORO_CANCELLED) {
        say_cancelled(error);
    } else if (ends_at_deadline) {
        data_refuse(error, TERN_DATA_TIMEOUT, "the time-out passed before a connection became free");
    } else {
        data_refuse(error, TERN_DATA_BUSY, "no connection was free for %u ms", queue->db->wait_timeout_ms);
    }
    return NULL;
}

/* The single connection of a database in memory can be lent again to the coroutine that has it. */
static data_session *lend_again(sqlite_queue *queue)
{
    data_session *session = &queue->sessions[0];
    if (!queue->db->is_memory || session->holder == NULL || session->holder != coro_self())
        return NULL;
    session->depth++;
    return session;
}

/*
 * Leaves other processes a gap now and then. SQLite's lock goes to the process that tries at the right
 * moment: a worker with a queue takes it again some microseconds after releasing it, so processes that try
 * every millisecond would starve. Does so only when a process has announced that it waits.
 */
static bool step_aside(data_session *session)
{
    sqlite_queue *queue = session->queue;
    if (loop_self.now_ms - queue->turn_ms < TURN_MS || coro_self() == NULL)
        return true;
    queue->turn_ms = loop_self.now_ms;
    return !sqlite_sync_others_wait(&queue->db->sync) ||
           fine_timer_sleep(&session->timer, GAP_US) != CORO_CANCELLED;
}

data_session *sqlite_queue_take(sqlite_queue *queue, uint64_t deadline_ms, data_error *error)
{
    data_session *session = lend_again(queue);
    if (session != NULL)
        return session;
    list_link *first = list_take_first(&queue->idle);
    session = first != NULL ? list_owner(first, data_session, link) : wait_in_line(queue, deadline_ms, error);
    if (session == NULL)
        return NULL;
    session->holder = coro_self();
    session->depth = 1;
    if (queue->writes && !step_aside(session)) {
        say_cancelled(error);
        pass_on(session);
        return NULL;
    }
    if (session->handle == NULL && !sqlite_connect(session, error)) {
        pass_on(session); /* the next waiter tries again */
        return NULL;
    }
    return session;
}

void sqlite_queue_give(data_session *session)
{
    if (--session->depth != 0)
        return;
    if (session->is_broken)
        sqlite_disconnect(session, false);
    pass_on(session);
}

void sqlite_queue_tidy(sqlite_queue *queue, uint64_t before_ms)
{
    for (unsigned i = 0; i < queue->count; i++) {
        data_session *session = &queue->sessions[i];
        bool is_idle = !list_empty(&session->link) && session->handle != NULL;
        if (!is_idle || session->idle_since_ms > before_ms)
            continue;
        sqlite_disconnect(session, false);
        list_remove(&session->link);
        list_append(&queue->idle, &session->link);
    }
}

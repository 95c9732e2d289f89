/**
 * HTTP/1.1 on a connection: events, parking, the coroutine that answers.
 *
 * Hot path: on_event, work_main. They may not allocate, start timers or make further system calls.
 */
#include "http/h1/h1.h"
#include "http/refusal.h"
#include "http/transport.h"

#include "base/mem.h"
#include "runtime/worker.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>

enum {
    LAST_REQUEST_MS = 1000, /* how long a silent client of a stopping server has for its first request */
    LEAVING_MS = 5000       /* that a connection of TLS may be idle for in a worker with a successor */
};

/* -- buffers -- */

void h1_release_input(http_connection *k)
{
    if (k->in == NULL)
        return;
    if (k->in_cap == http_self.block_bytes)
        pool_put(&http_self.blocks, k->in);
    else
        mem_free(k->in);
    k->in = NULL;
    k->in_start = k->in_end = k->in_cap = 0;
}

static void release_output(http_connection *k)
{
    pool_put(&http_self.blocks, k->out);
    k->out = NULL;
    k->out_len = 0;
}

static void release(http_connection *k)
{
    h1_release_input(k);
    release_output(k);
}

/* -- parking -- */

/** A parked connection of a draining server: handed over or closed (true), or kept for one last answer or until
 * the successor has room (false). */
static bool retire(http_connection *k)
{
    if (k->has_tls && http_self.has_successor) { /* closed at once, it could lose a request on its way */
        k->must_close = true;
        if (k->deadline_ms > loop_self.now_ms + LEAVING_MS)
            connection_set_deadline(k, loop_self.now_ms + LEAVING_MS);
        return false;
    }
    if (http_self.has_successor) {
        if (!worker_hand_over(k->source.fd, connection_arrival(k))) {
            k->must_close = true;
            server_hand_over_later();
            return false;
        }
        connection_close(k); /* closes our copy of the descriptor: the connection goes on elsewhere */
        return true;
    }
    if (transport_has_input(k)) { /* its next request is on the way: answer it, then close */
        k->must_close = true;
        return false;
    }
    if (k->requests == 0) { /* its first one may be, unless it is a connection kept in reserve */
        k->must_close = true;
        if (k->deadline_ms > loop_self.now_ms + LAST_REQUEST_MS)
            connection_set_deadline(k, loop_self.now_ms + LAST_REQUEST_MS);
        return false;
    }
    connection_close(k);
    return true;
}

/** Keeps an unfinished head in a block of its size, so that a slow peer costs only the bytes it sent. */
static bool keep_beginning(http_connection *k)
{
    uint32_t len = k->in_end - k->in_start;
    if (!k->has_begun_head) {
        k->has_begun_head = true;
        k->head_began_ms = loop_self.now_ms;
    }
    if (k->in_cap != http_self.block_bytes)
        return true;
    char *kept = mem_alloc(len);
    if (kept == NULL)
        return false;
    memcpy(kept, k->in + k->in_start, len);
    h1_release_input(k);
    k->in = kept;
    k->in_end = k->in_cap = len;
    return true;
}

static void park(http_connection *k)
{
    const http_limits *limits = &http_self.limits;
    if (k->peer_closed) { /* all it sent has been read, and no event will tell of it again */
        connection_close(k);
    } else if (k->in_start == k->in_end) {
        h1_release_input(k);
        k->has_begun_head = false;
        if (http_self.is_draining && retire(k))
            return;
        uint64_t patience = k->requests > 0 ? limits->idle_ms : limits->head_ms;
        connection_set_deadline(k, loop_self.now_ms + patience);
    } else if (!keep_beginning(k)) {
        connection_close(k);
    } else {
        connection_set_deadline(k, k->head_began_ms + limits->head_ms);
    }
    /* More were taken in while all of them were busy, or nothing is accepted any more: now one can go. */
    if (limits->connections != 0 && http_self.count > limits->connections)
        server_make_place();
}

/* -- the runner -- */

/** Makes room after in_end for more of an unfinished head; false when it fills the block. */
static bool make_room(http_connection *k)
{
    if (k->in_start > 0) {
        memmove(k->in, k->in + k->in_start, k->in_end - k->in_start);
        k->in_end -= k->in_start;
        k->in_start = 0;
    }
    return k->in_end < k->in_cap;
}

static void finish_work(http_connection *k)
{
    bool unread = k->has_unread_body || k->in_start != k->in_end || k->is_readable;
    k->stream.runner = NULL;
    k->stream.has_suspended = false;
    if (k->stream.is_broken && k->tunnel == NULL)
        connection_close(k);
    else if (!k->is_finished)
        park(k);
    else if (k->tunnel != NULL)
        h1_tunnel_start(k);
    else if (TERN_WITH_HTTP2 && k->protocol != &http1)
        k->protocol->begin(k);
    else if (unread)
        connection_linger(k);
    else
        connection_close(k);
}

static void work_main(void *arg)
{
    http_connection *k = arg;
    k->stream.runner = coro_self();
    for (;;) {
        h1_serve_buffered(k);
        output_send(k, NULL, 0);
        if (k->is_finished || k->stream.is_broken || !k->is_readable || !make_room(k))
            break;
        if (!stream_take_turns(&k->stream, BUDGET_SYSTEM_CALL))
            k->stream.is_broken = true;
        if (k->stream.is_broken)
            break;
        long n = input_receive(k, k->in + k->in_end, k->in_cap - k->in_end);
        if (n == 0)
            k->peer_closed = true;
        if (n <= 0)
            break;
        k->in_end += (uint32_t)n;
    }
    finish_work(k);
}

void h1_watch(http_connection *k)
{
    presence_watch(k);
    http_exchange *x = k->stream.exchange;
    uint64_t look_ms = x != NULL ? h1_of(x)->look_ms : 0;
    if (x == NULL || (x->deadline_ms == 0 && look_ms == 0))
        return;
    bool looks_first = x->deadline_ms == 0 || (look_ms != 0 && look_ms < x->deadline_ms);
    connection_set_deadline(k, looks_first ? look_ms : x->deadline_ms);
}

/** After the runner was started: a suspended one gets its deadline watched, and what it has answered so far
 * is sent. */
static void watch_suspended(http_connection *k)
{
    k->stream.has_suspended = true;
    if (k->stream.writer == NULL)
        output_try(k);
    h1_watch(k);
}

static void start_work(http_connection *k)
{
    if (!coro_start(work_main, k)) {
        if (k->kind == LISTENER_PLAIN)
            refusal_send(k->source.fd, "the service has too many requests in work", 1);
        connection_close(k);
        return;
    }
    if (!k->is_closed && k->stream.runner != NULL)
        watch_suspended(k);
}

/* -- events -- */

/** Takes a full-sized block, moving the kept beginning of a head into it. */
static bool take_block(http_connection *k)
{
    char *block = pool_get(&http_self.blocks);
    if (block == NULL)
        return false;
    uint32_t len = k->in_end - k->in_start;
    if (k->in != NULL) {
        memcpy(block, k->in + k->in_start, len);
        mem_free(k->in);
    }
    k->in = block;
    k->in_start = 0;
    k->in_end = len;
    k->in_cap = (uint32_t)http_self.block_bytes;
    return true;
}

/** Whether parsing again can find more than the last time: a line has ended, or a limit may be exceeded.
 * Keeps the cost of a head that arrives byte by byte linear. */
static bool is_worth_parsing(const http_connection *k, uint32_t before)
{
    return before == 0 || memchr(k->in + before, '\n', k->in_end - before) != NULL ||
           k->in_end >= http_self.limits.head.head_bytes || k->in_end >= http_self.limits.head.target_bytes;
}

/** Nothing more has arrived, or nothing more can. */
static void on_nothing(http_connection *k, long n)
{
    if (n == 0 || (errno != EAGAIN && errno != EWOULDBLOCK))
        connection_close(k);
    else if (k->in_end == 0)
        h1_release_input(k);
    else if (!keep_beginning(k))
        connection_close(k);
}

static void on_readable(http_connection *k)
{
    if (!take_block(k)) {
        connection_close(k);
        return;
    }
    for (;;) {
        uint32_t before = k->in_end;
        long n = input_receive(k, k->in + before, k->in_cap - before);
        if (n <= 0) {
            on_nothing(k, n);
            return;
        }
        k->in_end = before + (uint32_t)n;
        if (is_worth_parsing(k, before)) {
            start_work(k);
            return;
        }
        if (!k->is_readable || k->peer_closed) { /* of TLS, a record at a time is received */
            park(k);
            return;
        }
    }
}

/** The socket of a connection in work: wakes the runner if it waits for this, cancels it when the client has
 * left. */
static void on_event_in_work(http_connection *k, uint32_t events)
{
    if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
        k->is_readable = true;
    bool has_left = (events & (EPOLLHUP | EPOLLERR)) != 0;
    if (has_left)
        k->stream.is_broken = true;
    if (k->stream.reader != NULL && k->is_readable)
        coro_wake(k->stream.reader);
    if (k->stream.writer != NULL && (has_left || (events & EPOLLOUT)))
        coro_wake(k->stream.writer);
    bool is_told =
        k->stream.reader == k->stream.runner || k->stream.writer == k->stream.runner || k->stream.is_yielding;
    if (has_left && !is_told)
        stream_cancel(&k->stream);
    else if (events & EPOLLRDHUP)
        h1_watch(k);
}

static void on_event(loop_source *source, uint32_t events)
{
    http_connection *k = list_owner(source, http_connection, source);
    events = transport_events(k, events);
    if (events & EPOLLRDHUP)
        k->peer_closed = true;
    if (k->stream.runner != NULL)
        on_event_in_work(k, events);
    else if (!(events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)))
        return;
    else
        on_readable(k);
}

static void on_timer_in_work(http_connection *k)
{
    http_exchange *x = k->stream.exchange;
    if (x != NULL && x->deadline_ms != 0 && x->deadline_ms <= loop_self.now_ms) {
        x->is_late = true;
        coro_cancel(k->stream.runner);
        return;
    }
    uint64_t look_ms = x != NULL ? h1_of(x)->look_ms : 0;
    if (look_ms != 0 && look_ms <= loop_self.now_ms)
        presence_look(k);
    h1_watch(k);
}

static void on_timer(timer_entry *timer)
{
    http_connection *k = list_owner(timer, http_connection, timer);
    uint64_t now = loop_self.now_ms;
    if (k->stream.runner != NULL) {
        on_timer_in_work(k);
        return;
    }
    if (k->deadline_ms > now)
        timer_start(&loop_self.timers, timer, k->deadline_ms);
    else if (k->in == NULL)
        connection_close(k);
    else
        start_work(k); /* h1_serve_buffered sees that the head is late, and answers 408 */
}

/* -- for the server -- */

static void begin(http_connection *k)
{
    k->source.on_event = on_event;
    k->timer.fire = on_timer;
}

static bool is_idle(const http_connection *k)
{
    return k->stream.runner == NULL;
}

static bool drain(http_connection *k)
{
    if (k->stream.runner != NULL)
        return true; /* seen to when it parks or closes */
    if (k->in != NULL) {
        k->must_close = true;
        return true;
    }
    return retire(k) || !connection_has_heir(k);
}

static void cancel(http_connection *k)
{
    if (k->stream.runner == NULL)
        connection_close(k);
    else
        coro_cancel(k->stream.runner);
}

const http_protocol http1 = {begin, is_idle, drain, cancel, release};

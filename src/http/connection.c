/**
 * A connection's life: events, parking, lingering, closing.
 *
 * Hot path: on_event, work_main. They may not allocate, start timers or make a system call of their own.
 */
#include "http/connection.h"

#include "base/mem.h"
#include "runtime/worker.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    LINGER_MS = 2000,
    LINGER_BYTES = 4 * 1024 * 1024,
    LAST_REQUEST_MS = 1000 /* what a silent client of a stopping server has left for its first request */
};

static void on_event(loop_source *source, uint32_t events);
static void on_timer(timer_entry *timer);

/* -- opening and closing -- */

http_connection *connection_open(int fd)
{
    http_connection *k = pool_get(&http_self.frames);
    if (k == NULL)
        return NULL;
    *k = (http_connection){.source = {.fd = fd, .on_event = on_event}, .timer.fire = on_timer};
    k->must_close = http_self.is_draining;
    list_init(&k->write_turns);
    if (!loop_add(&k->source, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET)) {
        pool_put(&http_self.frames, k);
        return NULL;
    }
    list_append(&http_self.connections, &k->link);
    http_self.count++;
    /* A peer that connects and says nothing has as long as one that sends its head too slowly. */
    k->deadline_ms = loop_self.now_ms + http_self.limits.head_ms;
    timer_start(&loop_self.timers, &k->timer, k->deadline_ms);
    return k;
}

static void free_later(loop_later *later)
{
    pool_put(&http_self.frames, list_owner(later, http_connection, later));
}

static void release_input(http_connection *k)
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

/** Forgets the socket without closing it: it is closed or handed over by the caller. */
static void connection_forget(http_connection *k)
{
    k->is_closed = true;
    loop_remove(&k->source);
    timer_stop(&loop_self.timers, &k->timer);
    release_input(k);
    release_output(k);
    if (http_self.hand == &k->link)
        http_self.hand = k->link.next;
    list_remove(&k->link);
    http_self.count--;
    k->later.run = free_later;
    loop_do_later(&k->later);
}

void connection_close(http_connection *k)
{
    int fd = k->source.fd;
    connection_forget(k);
    close(fd); /* EINTR and EIO leave nothing to do: the descriptor is gone either way */
    worker_connection_closed();
    if (http_self.is_draining && http_self.count == 0 && !http_self.has_told_drained) {
        http_self.has_told_drained = true;
        worker_drained();
    }
}

/** Starts or corrects the timer; the usual case, a deadline later than the running timer's, is one
 * comparison. */
static void set_deadline(http_connection *k, uint64_t at_ms)
{
    k->deadline_ms = at_ms;
    if (!timer_is_running(&k->timer) || k->timer.at_ms > at_ms)
        timer_start(&loop_self.timers, &k->timer, at_ms);
}

bool connection_retire(http_connection *k)
{
    if (http_self.has_successor) {
        if (!worker_hand_over(k->source.fd)) {
            k->must_close = true;
            server_hand_over_later();
            return false;
        }
        connection_close(k); /* closes our copy of the descriptor: the connection goes on elsewhere */
        return true;
    }
    char byte;
    bool has_input = recv(k->source.fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
    if (has_input) { /* its next request is on the way: answer it, then close */
        k->must_close = true;
        return false;
    }
    if (k->requests == 0) { /* its first one may be, unless it is a connection kept in reserve */
        k->must_close = true;
        if (k->deadline_ms > loop_self.now_ms + LAST_REQUEST_MS)
            set_deadline(k, loop_self.now_ms + LAST_REQUEST_MS);
        return false;
    }
    connection_close(k);
    return true;
}

/* -- parking -- */

static void linger(http_connection *k)
{
    release_input(k);
    release_output(k);
    if (shutdown(k->source.fd, SHUT_WR) != 0) {
        connection_close(k);
        return;
    }
    k->is_lingering = true;
    set_deadline(k, loop_self.now_ms + LINGER_MS);
    on_event(&k->source, EPOLLIN); /* what is here already brings no new edge */
}

/** Keeps an unfinished head in a block of its own size, so that a slow peer costs what it sent. */
static bool keep_beginning(http_connection *k)
{
    uint32_t len = k->in_end - k->in_start;
    if (k->head_began_ms == 0)
        k->head_began_ms = loop_self.now_ms;
    if (k->in_cap != http_self.block_bytes)
        return true;
    char *kept = mem_alloc(len);
    if (kept == NULL)
        return false;
    memcpy(kept, k->in + k->in_start, len);
    release_input(k);
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
        release_input(k);
        k->head_began_ms = 0;
        if (http_self.is_draining && connection_retire(k))
            return;
        uint64_t patience = k->requests > 0 ? limits->idle_ms : limits->head_ms;
        set_deadline(k, loop_self.now_ms + patience);
    } else if (!keep_beginning(k)) {
        connection_close(k);
    } else {
        set_deadline(k, k->head_began_ms + limits->head_ms);
    }
    /* More were taken in while all of them were busy, or nothing is accepted any more: now one can go. */
    if (limits->connections != 0 && http_self.count > limits->connections)
        server_make_place();
}

/* -- the worker -- */

/** Makes room behind in_end for more of an unfinished head; false when the block is full of it. */
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
    k->worker = NULL;
    k->has_suspended = false;
    if (k->is_broken)
        connection_close(k);
    else if (!k->is_finished)
        park(k);
    else if (unread)
        linger(k); /* closing with unread input would send RST, which may destroy the reply on its way */
    else
        connection_close(k);
}

static void work_main(void *arg)
{
    http_connection *k = arg;
    k->worker = coro_self();
    for (;;) {
        serve_buffered(k);
        output_send(k, NULL, 0);
        if (k->is_finished || k->is_broken || !k->is_readable || !make_room(k))
            break;
        if (!connection_take_turns(k, BUDGET_SYSTEM_CALL))
            k->is_broken = true;
        if (k->is_broken)
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

void connection_watch_deadline(http_connection *k)
{
    if (k->exchange != NULL && k->exchange->deadline_ms != 0)
        set_deadline(k, k->exchange->deadline_ms);
}

void http_set_deadline(http_exchange *x, uint64_t at_ms)
{
    x->deadline_ms = at_ms;
    if (x->connection->has_suspended)
        connection_watch_deadline(x->connection);
}

/** The peer has closed its side while the worker waits for something else than the socket. A client that only
 *  half-closes can't be told from one that is gone, so both cancel the handler. */
static void cancel_for_absence(http_connection *k)
{
    if (k->exchange != NULL)
        k->exchange->has_client_left = true;
    coro_cancel(k->worker);
}

static bool waits_for_socket(const http_connection *k)
{
    return k->reader != NULL || k->writer != NULL || k->is_yielding || k->worker->is_yielding;
}

/** After the worker was started: a suspended one gets its deadline watched, and what it has answered so far
 * is sent. */
static void watch_suspended(http_connection *k)
{
    k->has_suspended = true;
    if (k->writer == NULL)
        output_try(k);
    if (k->peer_closed && !waits_for_socket(k))
        cancel_for_absence(k);
    else
        connection_watch_deadline(k);
}

static void start_work(http_connection *k)
{
    if (!coro_start(work_main, k)) {
        static const char busy[] =
            "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        ssize_t sent = send(k->source.fd, busy, sizeof busy - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
        (void)sent; /* the connection ends either way */
        connection_close(k);
        return;
    }
    if (!k->is_closed && k->worker != NULL)
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

/** Whether parsing anew can tell more than the last time: a line has ended, or a limit may be passed. Keeps
 * the cost of a head that comes byte by byte linear. */
static bool is_worth_parsing(const http_connection *k, uint32_t before)
{
    return before == 0 || memchr(k->in + before, '\n', k->in_end - before) != NULL ||
           k->in_end >= http_self.limits.head.head_bytes || k->in_end >= http_self.limits.head.target_bytes;
}

static void on_readable(http_connection *k)
{
    if (!take_block(k)) {
        connection_close(k);
        return;
    }
    uint32_t before = k->in_end;
    long n = input_receive(k, k->in + before, k->in_cap - before);
    if (n <= 0) {
        if (n == 0 || (errno != EAGAIN && errno != EWOULDBLOCK))
            connection_close(k);
        else if (before == 0)
            release_input(k);
        else if (!keep_beginning(k))
            connection_close(k);
        return;
    }
    k->in_end = before + (uint32_t)n;
    if (is_worth_parsing(k, before))
        start_work(k);
    else
        park(k);
}

static void on_linger(http_connection *k)
{
    char scrap[16 * 1024];
    for (;;) {
        ssize_t n = recv(k->source.fd, scrap, sizeof scrap, MSG_DONTWAIT);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return;
        if (n > 0)
            k->lingered_bytes += (uint64_t)n;
        if (n <= 0 || k->lingered_bytes > LINGER_BYTES) {
            connection_close(k);
            return;
        }
    }
}

/** The socket of a connection in work: wakes the worker if it waits for this, cancels it when the client has
 * left. */
static void on_event_in_work(http_connection *k, uint32_t events)
{
    if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
        k->is_readable = true;
    bool has_left = (events & (EPOLLHUP | EPOLLERR)) != 0;
    if (has_left)
        k->is_broken = true;
    if (k->reader != NULL && k->is_readable)
        coro_wake(k->reader);
    if (k->writer != NULL && (has_left || (events & EPOLLOUT)))
        coro_wake(k->writer);
    bool is_told =
        k->reader == k->worker || k->writer == k->worker || k->is_yielding || k->worker->is_yielding;
    if (!is_told && (has_left || ((events & EPOLLRDHUP) && !waits_for_socket(k))))
        cancel_for_absence(k);
}

static void on_event(loop_source *source, uint32_t events)
{
    http_connection *k = list_owner(source, http_connection, source);
    if (events & EPOLLRDHUP)
        k->peer_closed = true;
    if (k->worker != NULL)
        on_event_in_work(k, events);
    else if (!(events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)))
        return;
    else if (k->is_lingering)
        on_linger(k);
    else
        on_readable(k);
}

static void on_timer(timer_entry *timer)
{
    http_connection *k = list_owner(timer, http_connection, timer);
    uint64_t now = loop_self.now_ms;
    if (k->worker != NULL) {
        http_exchange *x = k->exchange;
        if (x != NULL && x->deadline_ms != 0 && x->deadline_ms <= now) {
            x->is_late = true;
            coro_cancel(k->worker);
        } else if (x != NULL && x->deadline_ms != 0) {
            set_deadline(k, x->deadline_ms);
        }
        return;
    }
    if (k->deadline_ms > now)
        timer_start(&loop_self.timers, timer, k->deadline_ms);
    else if (k->in == NULL || k->is_lingering)
        connection_close(k);
    else
        start_work(k); /* serve_buffered sees that the head is late, and answers 408 */
}

/* -- waiting -- */

static bool wait_socket(http_connection *k, coro **waiting, uint64_t at_ms)
{
    if (k->is_broken)
        return false;
    *waiting = coro_self();
    coro_outcome outcome = coro_wait(at_ms);
    *waiting = NULL;
    return outcome == CORO_WOKEN;
}

bool connection_wait_read(http_connection *k, uint64_t at_ms)
{
    return wait_socket(k, &k->reader, at_ms);
}

bool connection_wait_write(http_connection *k, uint64_t at_ms)
{
    return wait_socket(k, &k->writer, at_ms) && !k->is_broken;
}

bool connection_yield(http_connection *k)
{
    k->is_yielding = true;
    bool goes_on = coro_yield();
    k->is_yielding = false;
    return goes_on;
}

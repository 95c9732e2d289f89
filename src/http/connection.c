/**
 * A connection's life: events, parking, lingering, closing.
 *
 * Hot path: on_event, work_main. They may not allocate, start timers or make further system calls.
 */
#include "http/connection.h"

#include "base/mem.h"
#include "http/refusal.h"
#include "runtime/worker.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    LINGER_MS = 30000,                /* that a peer may go on sending after our last reply */
    LINGER_SILENCE_MS = 5000,         /* of it without a byte */
    LINGER_DRAINING_MS = 2000,        /* all of it when the server stops */
    LINGER_BYTES = 256 * 1024 * 1024, /* discarded at most; the rest stays with the peer */
    LINGER_TURN_BYTES = 512 * 1024,   /* of them before other connections get their turn */
    LAST_REQUEST_MS = 1000 /* how long a silent client of a stopping server has for its first request */
};

static void on_event(loop_source *source, uint32_t events);
static void on_timer(timer_entry *timer);

/* -- opening and closing -- */

http_connection *connection_open(int fd, worker_arrival arrival)
{
    http_connection *k = pool_get(&http_self.structures);
    if (k == NULL)
        return NULL;
    *k = (http_connection){.source = {.fd = fd, .on_event = on_event}, .timer.fire = on_timer};
    k->must_close = http_self.is_draining;
    k->kind = (uint8_t)arrival.kind;
    list_init(&k->write_turns);
    if (!loop_add(&k->source, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET)) {
        pool_put(&http_self.structures, k);
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
    pool_put(&http_self.structures, list_owner(later, http_connection, later));
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
    if (http_self.is_draining)
        server_report_drained();
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
        if (!worker_hand_over(k->source.fd, (worker_arrival){.is_begun = true})) {
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

/** How long to wait for a lingering peer to close, as long as nothing more comes. */
static uint64_t linger_deadline(const http_connection *k)
{
    uint64_t silence = loop_self.now_ms + LINGER_SILENCE_MS;
    return k->linger_end_ms < silence ? k->linger_end_ms : silence;
}

/** Closes in stages: RFC 9112 section 9.6. Closing with unread input would send RST, and a peer that still
 * sends would lose the reply on its way; many proxies read no reply before they have sent all. */
static void linger(http_connection *k)
{
    release_input(k);
    release_output(k);
    if (shutdown(k->source.fd, SHUT_WR) != 0) {
        connection_close(k);
        return;
    }
    k->is_lingering = true;
    k->linger_end_ms = loop_self.now_ms + (http_self.is_draining ? LINGER_DRAINING_MS : LINGER_MS);
    set_deadline(k, linger_deadline(k));
    on_event(&k->source, EPOLLIN); /* bytes that have arrived already cause no new edge */
}

void connection_hurry(http_connection *k)
{
    uint64_t end = loop_self.now_ms + LINGER_DRAINING_MS;
    if (!k->is_lingering || k->linger_end_ms <= end)
        return;
    k->linger_end_ms = end;
    set_deadline(k, linger_deadline(k));
}

/** Keeps an unfinished head in a block of its size, so that a slow peer costs only the bytes it sent. */
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
    k->runner = NULL;
    k->has_suspended = false;
    if (k->is_broken)
        connection_close(k);
    else if (!k->is_finished)
        park(k);
    else if (unread)
        linger(k);
    else
        connection_close(k);
}

static void work_main(void *arg)
{
    http_connection *k = arg;
    k->runner = coro_self();
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

void connection_watch(http_connection *k)
{
    http_exchange *x = k->exchange;
    presence_watch(k);
    if (x == NULL || (x->deadline_ms == 0 && x->look_ms == 0))
        return;
    bool looks_first = x->deadline_ms == 0 || (x->look_ms != 0 && x->look_ms < x->deadline_ms);
    set_deadline(k, looks_first ? x->look_ms : x->deadline_ms);
}

void http_set_deadline(http_exchange *x, uint64_t at_ms)
{
    x->deadline_ms = at_ms;
    if (x->connection->has_suspended)
        connection_watch(x->connection);
}

/** After the runner was started: a suspended one gets its deadline watched, and what it has answered so far
 * is sent. */
static void watch_suspended(http_connection *k)
{
    k->has_suspended = true;
    if (k->writer == NULL)
        output_try(k);
    connection_watch(k);
}

static void start_work(http_connection *k)
{
    if (!coro_start(work_main, k)) {
        if (k->kind == LISTENER_PLAIN)
            refusal_send(k->source.fd, "the service has too many requests in work", 1);
        connection_close(k);
        return;
    }
    if (!k->is_closed && k->runner != NULL)
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

/**
 * Discards some of what a lingering peer sends. 0: nothing more for now; 1: there may be more; -1: its end.
 *
 */
static int drop_some(http_connection *k)
{
    static char scrap[64 * 1024];
    /* Of TCP the kernel drops it without a copy. */
    ssize_t n = recv(k->source.fd, scrap, sizeof scrap, MSG_DONTWAIT | MSG_TRUNC);
    if (n > 0) {
        k->lingered_bytes += (uint64_t)n;
        return 1;
    }
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        return 0;
    return n < 0 && errno == EINTR ? 1 : -1;
}

static void on_linger(http_connection *k)
{
    uint64_t before = k->lingered_bytes;
    int more = 1;
    while (more == 1 && k->lingered_bytes - before < LINGER_TURN_BYTES && k->lingered_bytes < LINGER_BYTES)
        more = drop_some(k);
    bool is_over = k->lingered_bytes >= LINGER_BYTES && k->peer_closed;
    if (more < 0 || is_over) {
        connection_close(k);
        return;
    }
    k->is_readable = more == 1 && k->lingered_bytes < LINGER_BYTES;
    if (k->is_readable) /* others get their turn; the rest causes no further edge */
        set_deadline(k, loop_self.now_ms + 1);
    else if (k->lingered_bytes != before)
        set_deadline(k, linger_deadline(k));
}

/** The socket of a connection in work: wakes the runner if it waits for this, cancels it when the client has
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
    bool is_told = k->reader == k->runner || k->writer == k->runner || k->is_yielding;
    if (has_left && !is_told)
        presence_cancel(k);
    else if (events & EPOLLRDHUP)
        connection_watch(k);
}

static void on_event(loop_source *source, uint32_t events)
{
    http_connection *k = list_owner(source, http_connection, source);
    if (events & EPOLLRDHUP)
        k->peer_closed = true;
    if (k->runner != NULL)
        on_event_in_work(k, events);
    else if (!(events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)))
        return;
    else if (k->is_lingering)
        on_linger(k);
    else
        on_readable(k);
}

static void on_timer_in_work(http_connection *k)
{
    http_exchange *x = k->exchange;
    if (x != NULL && x->deadline_ms != 0 && x->deadline_ms <= loop_self.now_ms) {
        x->is_late = true;
        coro_cancel(k->runner);
        return;
    }
    if (x != NULL && x->look_ms != 0 && x->look_ms <= loop_self.now_ms)
        presence_look(k);
    connection_watch(k);
}

static void on_timer(timer_entry *timer)
{
    http_connection *k = list_owner(timer, http_connection, timer);
    uint64_t now = loop_self.now_ms;
    if (k->runner != NULL) {
        on_timer_in_work(k);
        return;
    }
    if (k->is_lingering && k->is_readable && now < k->linger_end_ms)
        on_linger(k);
    else if (k->deadline_ms > now)
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

#include "load.h"

#include "reply.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    EVENTS = 256,
    READ_BYTES = 256 * 1024,
    RETRIES = 3, /* of a request whose connection was closed before it was answered */
    GRACE_S = 2  /* for answers after the last request was due */
};

static const uint64_t SECOND = 1000000000;

typedef struct connection {
    int fd;
    uint32_t index;
    uint64_t due, answered; /* requests of this connection so far: due by now, and done with */
    size_t sent;            /* bytes of the request in flight */
    bool is_busy;
    unsigned tries; /* of the request in flight */
    reply in;
} connection;

typedef struct load {
    const load_plan *plan;
    load_result *result;
    connection *connections;
    int epoll_fd;
    uint64_t started, counted_from, ends; /* ns */
    uint64_t last_answer;
    char buffer[READ_BYTES];
} load;

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * SECOND + (uint64_t)now.tv_nsec;
}

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "rate: %s: %s\n", what, strerror(errno));
    exit(1);
}

static uint64_t due_at(const load *l, uint64_t number)
{
    return l->started + (uint64_t)((double)number * 1e9 / l->plan->rate);
}

/** When the request in flight of a connection was due. */
static uint64_t due_of(const load *l, const connection *c, uint64_t turn)
{
    return due_at(l, turn * l->plan->connections + c->index);
}

static void open_connection(load *l, connection *c)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(l->plan->port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int on = 1;
    /* Connecting blocks; on the loopback it is done at once. */
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (c->fd < 0 || connect(c->fd, (const struct sockaddr *)&address, sizeof address) != 0 ||
        setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0)
        die("cannot connect");
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = c};
    if (epoll_ctl(l->epoll_fd, EPOLL_CTL_ADD, c->fd, &event) != 0)
        die("epoll");
    reply_reset(&c->in);
    c->sent = 0;
}

static void reopen(load *l, connection *c)
{
    close(c->fd);
    open_connection(l, c);
}

/** Sends what the socket takes; the rest goes when it is writable again. A broken connection shows at
 * reading. */
static void push(const load *l, connection *c)
{
    while (c->is_busy && c->sent < l->plan->request_len) {
        ssize_t sent = send(c->fd, l->plan->request + c->sent, l->plan->request_len - c->sent,
                            MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0)
            return;
        c->sent += (size_t)sent;
    }
}

/** Sends the connection's next request if one is due and none is in flight. */
static void send_next(load *l, connection *c)
{
    if (c->is_busy || c->answered == c->due)
        return;
    c->is_busy = true;
    c->sent = 0;
    c->tries = 1;
    push(l, c);
}

/** The request in flight is done with, answered (`status`) or not (0). */
static void finish(load *l, connection *c, int status)
{
    uint64_t due = due_of(l, c, c->answered), now = now_ns();
    c->answered++;
    c->is_busy = false;
    if (due < l->counted_from)
        return;
    if (status == 0) {
        l->result->broken++;
        return;
    }
    l->last_answer = now;
    l->result->answered++;
    bool is_ok = status >= 200 && status <= 299;
    if (!is_ok)
        l->result->status_errors++;
    histogram_add(is_ok ? &l->result->ok_ns : &l->result->refused_ns, now > due ? now - due : 0);
    histogram_add(&l->result->latency_ns, now > due ? now - due : 0);
}

/** The server closed: between two requests it may, and then the one that crossed it is sent again. */
static void on_close(load *l, connection *c)
{
    bool was_idle = c->in.state == REPLY_HEAD && c->in.head_len == 0;
    reopen(l, c);
    if (!c->is_busy)
        return;
    if (was_idle && c->tries < RETRIES) {
        c->tries++;
        push(l, c);
        return;
    }
    finish(l, c, 0);
    send_next(l, c);
}

/** One reply has come whole; false when its connection was replaced by a new one. */
static bool on_reply(load *l, connection *c)
{
    bool closes = c->in.closes;
    finish(l, c, c->in.status);
    reply_reset(&c->in);
    if (closes)
        reopen(l, c);
    send_next(l, c);
    return !closes;
}

static void on_readable(load *l, connection *c)
{
    for (;;) {
        ssize_t got = recv(c->fd, l->buffer, READ_BYTES, MSG_DONTWAIT);
        if (got < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (got <= 0) {
            on_close(l, c);
            return;
        }
        size_t at = 0;
        while (at < (size_t)got) {
            size_t taken;
            reply_result result =
                c->is_busy ? reply_take(&c->in, l->buffer + at, (size_t)got - at, &taken) : REPLY_BROKEN;
            if (result == REPLY_BROKEN) { /* not to be read, or not asked for */
                c->in.state = REPLY_TRAILER;
                on_close(l, c);
                return;
            }
            at += taken;
            if (result == REPLY_DONE && !on_reply(l, c))
                return;
        }
        if (got < READ_BYTES)
            return;
    }
}

static void wait_until(load *l, uint64_t when)
{
    struct epoll_event events[EVENTS];
    uint64_t now = now_ns(), left = when > now ? when - now : 0;
    struct timespec timeout = {.tv_sec = (time_t)(left / SECOND), .tv_nsec = (long)(left % SECOND)};
    int count = epoll_pwait2(l->epoll_fd, events, EVENTS, &timeout, NULL);
    if (count < 0 && errno != EINTR)
        die("epoll");
    for (int i = 0; i < count; i++) {
        connection *c = events[i].data.ptr;
        if ((events[i].events & EPOLLOUT) != 0)
            push(l, c);
        if ((events[i].events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0)
            on_readable(l, c);
    }
}

static bool is_all_answered(const load *l)
{
    for (size_t i = 0; i < l->plan->connections; i++) {
        if (l->connections[i].answered != l->connections[i].due)
            return false;
    }
    return true;
}

/** What was due and has no answer at the end counts with the age it has, which is less than it would have
 * had. */
static void count_unanswered(load *l)
{
    uint64_t now = now_ns();
    for (size_t i = 0; i < l->plan->connections; i++) {
        const connection *c = &l->connections[i];
        for (uint64_t turn = c->answered; turn < c->due; turn++) {
            uint64_t due = due_of(l, c, turn);
            if (due < l->counted_from)
                continue;
            l->result->unanswered++;
            histogram_add(&l->result->latency_ns, now - due);
        }
    }
}

static void prepare(load *l)
{
    l->connections = calloc(l->plan->connections, sizeof *l->connections);
    l->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (l->connections == NULL || l->epoll_fd < 0)
        die("cannot start");
    for (size_t i = 0; i < l->plan->connections; i++) {
        l->connections[i].index = (uint32_t)i;
        open_connection(l, &l->connections[i]);
    }
    l->started = now_ns();
    l->counted_from = l->started + (uint64_t)(l->plan->warm_up_s * 1e9);
    l->ends = l->counted_from + (uint64_t)(l->plan->seconds * 1e9);
    l->last_answer = l->counted_from;
}

void load_run(const load_plan *plan, load_result *result)
{
    static load l;
    l = (load){.plan = plan, .result = result};
    *result = (load_result){0};
    prepare(&l);
    uint64_t next = 0, gives_up = l.ends + GRACE_S * SECOND;
    for (;;) {
        uint64_t now = now_ns(), due = due_at(&l, next);
        while (due <= now && due < l.ends) {
            connection *c = &l.connections[next % plan->connections];
            c->due++;
            send_next(&l, c);
            due = due_at(&l, ++next);
        }
        if (due >= l.ends && (now >= gives_up || is_all_answered(&l)))
            break;
        wait_until(&l, due < l.ends ? due : gives_up);
    }
    count_unanswered(&l);
    result->seconds = (double)(l.last_answer - l.counted_from) / 1e9;
    for (size_t i = 0; i < plan->connections; i++)
        close(l.connections[i].fd);
    close(l.epoll_fd);
    free(l.connections);
}

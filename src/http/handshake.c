/**
 * The handshake of TLS, at the beginning of a connection.
 *
 * A connection has no session before its peer has sent a byte. Each step of a handshake may compute for a part of a
 * millisecond, so steps are queued: a turn of the loop takes one, or as many as fit in a short time, and the requests
 * of open connections are not kept waiting by a flood of new ones. When too many handshakes are under way, new ones
 * are closed: their clients try again, and those that have begun come to their end.
 */
#include "http/connection.h"
#include "http/transport.h"

#include "base/clock.h"
#include "base/log_limit.h"

#include <tern/log.h>

#include <string.h>
#include <sys/epoll.h>

enum {
    TURN_NS = 100 * 1000, /* of a turn of the loop, after which no further step begins */
    LAST_CHANCE_MS = 1000 /* for the handshakes of a stopping server */
};

static void log_end(const char *reason)
{
    static log_limit limit;
    if (!tern_log_enabled(TERN_LOG_DEBUG) || !log_limit_allows(&limit, 10, loop_self.now_ms))
        return;
    const tern_log_field fields[] = {{"reason", reason, 0}};
    tern_log_event(TERN_LOG_DEBUG, "TLS handshake failed", fields, 1);
}

static void log_flood(void)
{
    static log_limit limit;
    if (!log_limit_allows(&limit, 1, loop_self.now_ms))
        return;
    const tern_log_field fields[] = {{"handshakes", NULL, http_self.handshaking},
                                     {"left_out", NULL, limit.left_out}};
    tern_log_event(TERN_LOG_WARN, "too many TLS handshakes at once: new connections are closed", fields, 2);
    limit.left_out = 0;
}

/** A client that speaks HTTP to the port of HTTPS: people see why it fails. */
static void refuse_plain(http_connection *k)
{
    static const char reply[] = "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\n"
                                "Content-Length: 61\r\nConnection: close\r\n\r\n"
                                "This port speaks HTTPS: begin the address with https://, too\n";
    struct iovec part = {(void *)(uintptr_t)reply, sizeof reply - 1};
    transport_send(k, &part, 1, false);
    connection_linger(k);
}

/** The version of HTTP that was agreed on. */
static const http_protocol *agreed(const http_connection *k)
{
    size_t len = 0;
    const char *name = tls_protocol(k->tls, &len);
    bool is_2 = TERN_WITH_HTTP2 && name != NULL && len == 2 && memcmp(name, "h2", 2) == 0;
    return is_2 ? &http2 : &http1;
}

/** After the handshake: looks for a first request at once. */
static void begin_http(http_connection *k)
{
    k->protocol = agreed(k);
    k->protocol->begin(k);
    if (k->is_closed)
        return;
    connection_set_deadline(k, loop_self.now_ms + http_self.limits.head_ms);
    k->source.on_event(&k->source, EPOLLIN);
}

/** Opens the session of a connection whose peer has begun to speak TLS; false when it was closed instead. */
static bool open_session(http_connection *k)
{
    switch (tls_greet(k->source.fd)) {
    case TLS_GREETING_HELLO:
        break;
    case TLS_GREETING_NONE:
        return false;
    case TLS_GREETING_PLAIN:
        refuse_plain(k);
        return false;
    default:
        connection_close(k);
        return false;
    }
    if (http_self.limits.handshakes != 0 && http_self.handshaking >= http_self.limits.handshakes) {
        log_flood();
        connection_close(k);
        return false;
    }
    tls_context_refresh(http_self.tls, loop_self.now_ms);
    k->tls = tls_session_open(http_self.tls, k->source.fd);
    k->has_tls = k->tls != NULL;
    if (!k->has_tls)
        connection_close(k);
    else
        http_self.handshaking++;
    return k->has_tls;
}

static void step(http_connection *k)
{
    if (!k->has_tls && !open_session(k))
        return;
    switch (tls_handshake(k->tls)) {
    case TLS_WANTS_READ:
    case TLS_WANTS_WRITE: /* the edge comes */
        break;
    case TLS_FAILED:
        log_end(tls_failure(k->tls));
        connection_close(k);
        break;
    case TLS_DONE:
        if (tls_is_challenge(k->tls)) {
            connection_close(k);
            break;
        }
        http_self.handshaking--;
        begin_http(k);
    }
}

static void run_steps(loop_later *later)
{
    uint64_t began_ns = clock_ns();
    list_link *link;
    do {
        link = list_take_first(&http_self.handshakes);
        if (link != NULL)
            step(list_owner(link, http_connection, handshake));
    } while (link != NULL && clock_ns() - began_ns < TURN_NS);
    http_self.handshakes_later.run = NULL;
    if (!list_empty(&http_self.handshakes)) {
        later->run = run_steps;
        loop_do_later(later);
    }
}

static void on_event(loop_source *source, uint32_t events)
{
    http_connection *k = list_owner(source, http_connection, source);
    if (events & EPOLLRDHUP)
        k->peer_closed = true;
    if (!k->has_tls && !(events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)))
        return; /* a new socket is writable */
    if (list_empty(&k->handshake))
        list_append(&http_self.handshakes, &k->handshake);
    if (http_self.handshakes_later.run == NULL) {
        http_self.handshakes_later.run = run_steps;
        loop_do_later(&http_self.handshakes_later);
    }
}

static void on_timer(timer_entry *timer)
{
    http_connection *k = list_owner(timer, http_connection, timer);
    if (k->deadline_ms > loop_self.now_ms) {
        timer_start(&loop_self.timers, timer, k->deadline_ms);
        return;
    }
    if (k->has_tls)
        log_end("it took too long");
    connection_close(k);
}

static void begin(http_connection *k)
{
    list_init(&k->handshake);
    k->source.on_event = on_event;
    k->timer.fire = on_timer;
}

static bool is_idle(const http_connection *k)
{
    (void)k;
    return true;
}

static bool drain(http_connection *k)
{
    k->must_close = true;
    if (k->deadline_ms > loop_self.now_ms + LAST_CHANCE_MS)
        connection_set_deadline(k, loop_self.now_ms + LAST_CHANCE_MS);
    return true;
}

static void release(http_connection *k)
{
    list_remove(&k->handshake);
    if (k->has_tls)
        http_self.handshaking--;
}

const http_protocol tls_handshaking = {begin, is_idle, drain, connection_close, release};

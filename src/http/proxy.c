#include "http/proxy.h"

#include "base/log_limit.h"
#include "base/mem.h"
#include "http/network.h"
#include "http/peer.h"
#include "http/proxy_header.h"
#include "runtime/worker.h"
#include <tern/log.h>

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

enum { LAST_HEADER_MS = 1000 /* how long a proxy of a stopping server has for its header */ };

bool proxy_is_expected(int fd)
{
    struct sockaddr_storage peer = {0};
    socklen_t len = sizeof peer;
    const struct sockaddr *address = (const struct sockaddr *)&peer;
    return getpeername(fd, (struct sockaddr *)&peer, &len) != 0 || /* it is gone: its next read says so */
           http_network_has(http_self.limits.proxies, http_self.limits.proxy_count, address);
}

static void refuse(http_connection *k, const char *reason)
{
    static log_limit limit;
    if (log_limit_allows(&limit, 1, loop_self.now_ms)) {
        char address[PEER_BYTES];
        peer_print(k->source.fd, address);
        const tern_log_field fields[] = {{.name = "reason", .text = reason},
                                         {.name = "address", .text = address}};
        tern_log_event(TERN_LOG_WARN, "connection refused", fields, 2);
    }
    connection_close(k);
}

/** The bytes that have arrived, which stay in the socket: those after the header are not ours to read. */
static ssize_t peek(http_connection *k, void *into, size_t size)
{
    ssize_t n;
    do
        n = recv(k->source.fd, into, size, MSG_PEEK | MSG_DONTWAIT);
    while (n < 0 && errno == EINTR);
    return n;
}

/** Takes the header out of the socket; false when the connection broke meanwhile. */
static bool take(http_connection *k, void *scrap, size_t len)
{
    while (len > 0) {
        ssize_t n = recv(k->source.fd, scrap, len, MSG_DONTWAIT);
        if (n <= 0 && !(n < 0 && errno == EINTR))
            return false;
        len -= n > 0 ? (size_t)n : 0;
    }
    return true;
}

static void begin_after(http_connection *k, const proxy_header *header, bool has_more)
{
    if (!connection_note_client(k, &header->peer)) {
        connection_close(k);
        return;
    }
    connection_begin(k);
    connection_set_deadline(k, k->deadline_ms);
    if (has_more || k->peer_closed) /* it has arrived already, so it causes no event */
        k->source.on_event(&k->source, EPOLLIN);
}

static void on_event(loop_source *source, uint32_t events)
{
    http_connection *k = list_owner(source, http_connection, source);
    char bytes[PROXY_HEADER_MAX];
    proxy_header header;
    if (events & EPOLLRDHUP)
        k->peer_closed = true;
    if (!(events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)))
        return;
    ssize_t n = peek(k, bytes, sizeof bytes);
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        return;
    if (n <= 0) {
        connection_close(k);
        return;
    }
    proxy_result result = proxy_header_read(bytes, (size_t)n, &header);
    if (result == PROXY_BAD)
        refuse(k, "a proxy named by --proxy-protocol began without a valid PROXY header");
    else if (result == PROXY_MORE && k->peer_closed)
        refuse(k, "a proxy closed in the middle of its PROXY header");
    else if (result == PROXY_DONE && !take(k, bytes, header.len))
        connection_close(k);
    else if (result == PROXY_DONE)
        begin_after(k, &header, (size_t)n > header.len);
}

static void on_timer(timer_entry *timer)
{
    http_connection *k = list_owner(timer, http_connection, timer);
    char byte;
    if (k->deadline_ms > loop_self.now_ms)
        timer_start(&loop_self.timers, timer, k->deadline_ms);
    else if (peek(k, &byte, 1) > 0)
        refuse(k, "a proxy's PROXY header came too slowly");
    else
        connection_close(k);
}

/* -- for the server -- */

static void begin(http_connection *k)
{
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
    if (http_self.has_successor) { /* nothing has been taken out of the socket: it is as fresh as it was */
        if (!worker_hand_over(k->source.fd, (worker_arrival){.kind = (listener_kind)k->kind})) {
            server_hand_over_later();
            return false;
        }
        connection_close(k);
    } else if (k->deadline_ms > loop_self.now_ms + LAST_HEADER_MS) {
        connection_set_deadline(k, loop_self.now_ms + LAST_HEADER_MS);
    }
    return true;
}

static void release(http_connection *k)
{
    (void)k;
}

static const http_protocol waiting = {begin, is_idle, drain, connection_close, release};

void proxy_begin(http_connection *k)
{
    k->protocol = &waiting;
    begin(k);
    k->deadline_ms = loop_self.now_ms + http_self.limits.head_ms;
}

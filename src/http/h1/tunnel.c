/** A connection of HTTP/1.1 that has become a tunnel: RFC 9110 section 7.8. */
#include "http/tunnel.h"
#include "http/h1/h1.h"
#include "http/transport.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>

/* -- what its user calls -- */

/** Bytes that came with the request's head. */
static ssize_t take_buffered(http_connection *k, void *into, size_t size)
{
    size_t len = k->in_end - k->in_start;
    if (len > size)
        len = size;
    memcpy(into, k->in + k->in_start, len);
    k->in_start += (uint32_t)len;
    if (k->in_start == k->in_end)
        h1_release_input(k);
    return (ssize_t)len;
}

static ssize_t receive(http_tunnel *t, void *into, size_t size)
{
    http_connection *k = t->of;
    if (k->in != NULL && k->in_start != k->in_end)
        return take_buffered(k, into, size);
    if (!k->is_readable) {
        errno = EAGAIN;
        return -1;
    }
    ssize_t n = input_receive(k, into, size);
    if (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK)
        tunnel_tell_later(t, TUNNEL_LOST);
    return n;
}

static ssize_t send_parts(http_tunnel *t, struct iovec *parts, size_t count)
{
    http_connection *k = t->of;
    ssize_t n;
    do
        n = transport_send(k, parts, count, false);
    while (n < 0 && errno == EINTR);
    if (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK) {
        k->stream.is_broken = true;
        tunnel_tell_later(t, TUNNEL_LOST);
    }
    return n;
}

static void close_tunnel(http_tunnel *t, bool is_whole)
{
    http_connection *k = t->of;
    if (is_whole && !k->stream.is_broken) {
        connection_linger(k);
        return;
    }
    if (!k->stream.is_broken)
        transport_reset(k);
    connection_close(k);
}

static const http_tunnel_wire wire = {receive, send_parts, close_tunnel, NULL};

/* -- events -- */

static void on_event(loop_source *source, uint32_t events)
{
    http_connection *k = list_owner(source, http_connection, source);
    unsigned told = 0;
    events = transport_events(k, events);
    if (events & EPOLLRDHUP)
        k->peer_closed = true;
    if (events & (EPOLLIN | EPOLLRDHUP)) {
        k->is_readable = true;
        told |= TUNNEL_READABLE;
    }
    if (events & EPOLLOUT)
        told |= TUNNEL_WRITABLE;
    if (events & (EPOLLHUP | EPOLLERR)) {
        k->stream.is_broken = true;
        told = TUNNEL_LOST;
    }
    tunnel_tell(k->tunnel, told);
}

static void on_timer(timer_entry *timer)
{
    (void)timer; /* the one that the request had; its user has its own */
}

static void begin(http_connection *k)
{
    unsigned told = TUNNEL_READABLE; /* what has arrived already causes no edge */
    k->source.on_event = on_event;
    k->timer.fire = on_timer;
    if (k->stream.is_broken)
        told = TUNNEL_LOST;
    else if (http_self.is_draining)
        told |= TUNNEL_DRAIN;
    tunnel_tell_later(k->tunnel, told);
}

static bool is_idle(const http_connection *k)
{
    (void)k;
    return false;
}

static bool drain(http_connection *k)
{
    tunnel_tell_later(k->tunnel, TUNNEL_DRAIN);
    return true;
}

static void cancel(http_connection *k)
{
    tunnel_tell_later(k->tunnel, TUNNEL_CANCEL);
}

static void release(http_connection *k)
{
    h1_release_input(k);
    pool_put(&http_self.blocks, k->out);
    k->out = NULL;
    k->out_len = 0;
    k->tunnel = NULL; /* freed by its user's close */
}

static const http_protocol tunnelled = {begin, is_idle, drain, cancel, release};

void h1_tunnel_take(http_exchange *x)
{
    http_connection *k = x->connection;
    if (tunnel_begin(x, &wire, k))
        k->tunnel = x->tunnel;
    else
        k->stream.is_broken = true;
}

void h1_tunnel_start(http_connection *k)
{
    k->protocol = &tunnelled;
    begin(k);
}

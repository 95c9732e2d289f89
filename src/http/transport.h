/**
 * The bytes of a connection: one place for every call on its socket.
 *
 * Hot path: transport_receive and transport_send are inline.
 */
#ifndef HTTP_TRANSPORT_H
#define HTTP_TRANSPORT_H

#include "http/connection.h"

#include <sys/socket.h>
#include <sys/uio.h>

/** As recv(2), without waiting. */
static inline ssize_t transport_receive(http_connection *k, void *into, size_t size)
{
    if (__builtin_expect(k->has_tls, 0))
        return tls_receive(k->tls, into, size);
    return recv(k->source.fd, into, size, MSG_DONTWAIT);
}

/** Whether another receive may find bytes without another edge, after one that returned `got` (> 0) of `size`. A FIN
 * that has arrived already causes no edge. */
static inline bool transport_has_more(const http_connection *k, ssize_t got, size_t size)
{
    return got == (ssize_t)size || k->peer_closed || (k->has_tls && tls_has_pending(k->tls));
}

/** The slow half of transport_events. */
uint32_t transport_tls_events(http_connection *k, uint32_t events);

/** The events of the socket as its reader and writer take them: call it for each event first. A session of TLS notes
 * them, and may have to send before it can receive. */
static inline uint32_t transport_events(http_connection *k, uint32_t events)
{
    return __builtin_expect(k->has_tls, 0) ? transport_tls_events(k, events) : events;
}

/** As sendmsg(2) of `count` (at least 1) parts, without waiting. `more`: more follows at once. */
static inline ssize_t transport_send(http_connection *k, struct iovec *parts, size_t count, bool more)
{
    if (__builtin_expect(k->has_tls, 0))
        return tls_send(k->tls, parts, count, more);
    int flags = MSG_NOSIGNAL | MSG_DONTWAIT | (more ? MSG_MORE : 0);
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = count};
    return count == 1 ? send(k->source.fd, parts->iov_base, parts->iov_len, flags)
                      : sendmsg(k->source.fd, &message, flags);
}

/** As sendfile(2): moves `*offset` on. */
ssize_t transport_send_file(http_connection *k, int fd, off_t *offset, size_t size);

/* transport.c */
/** Closes the socket, after telling a peer of TLS that nothing more comes. */
void transport_close(http_connection *k);
/** Tells the peer that nothing more will be sent. False when it is gone. */
bool transport_finish(http_connection *k);
/** Has the connection end with a reset when it is closed, so that the peer takes no part for the whole. */
void transport_reset(http_connection *k);
/** Discards some of what the peer sends: as recv(2). */
ssize_t transport_discard(http_connection *k);
/** Whether bytes have arrived that were not received yet. */
bool transport_has_input(const http_connection *k);
/** Bytes that the kernel holds for the peer: not sent, or not acknowledged. */
uint64_t transport_in_flight(const http_connection *k);

#endif

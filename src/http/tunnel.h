/**
 * Bytes both ways on the place of a request, after its reply: what carries a WebSocket.
 *
 * A request that wants a tunnel is answered by http_reply_tunnel. After its exchange has ended, the stream of HTTP/2,
 * or the whole connection of HTTP/1.1, belongs to the tunnel's user until http_tunnel_close. The user cannot tell which
 * version carries it: it has the calls of a non-blocking socket, and is told of events.
 *
 * Nothing here waits or needs a coroutine, so a tunnel without traffic holds no stack and no buffer.
 */
#ifndef HTTP_TUNNEL_H
#define HTTP_TUNNEL_H

#include "http/exchange.h"
#include "runtime/loop.h"

#include <sys/types.h>
#include <sys/uio.h>

/** What the user of a tunnel is told, always on the loop's stack and never within a call of its own. Each may call
 * http_tunnel_close. */
typedef struct http_tunnel_user {
    /**
     * The exchange ends: takes over what the tunnel needs of it. Its request, and all that was taken from its arena, are
     * in heap memory of that arena, which the user may take over (arena_join). Runs in the request's coroutine; nothing may
     * be sent yet. False without memory: the tunnel ends here, and the user is not called again.
     */
    bool (*begin)(http_tunnel *t, http_exchange *x);
    /** Bytes or the end may have arrived since http_tunnel_receive found none. */
    void (*on_readable)(http_tunnel *t);
    /** http_tunnel_send may take more than it did. */
    void (*on_writable)(http_tunnel *t);
    /** The peer is gone: nothing can be received or sent any more. The tunnel must still be closed. */
    void (*on_lost)(http_tunnel *t);
    /** The server is draining: the user should say goodbye, and close. */
    void (*on_drain)(http_tunnel *t);
    /** The server stops now: the user must end its work and close. */
    void (*on_cancel)(http_tunnel *t);
} http_tunnel_user;

/** What a version of HTTP does for a tunnel. */
typedef struct http_tunnel_wire {
    ssize_t (*receive)(http_tunnel *t, void *into, size_t size);
    ssize_t (*send)(http_tunnel *t, struct iovec *parts, size_t count);
    void (*close)(http_tunnel *t, bool is_whole);
    /** on_writable has returned, and may not have sent; NULL: nothing to do. */
    void (*after_writable)(http_tunnel *t);
} http_tunnel_wire;

struct http_tunnel {
    const http_tunnel_user *user;
    void *self; /* the user's own */
    /* http's own */
    const http_tunnel_wire *wire;
    void *of;       /* an http_connection or an h2_stream */
    uint8_t events; /* that are to be told: TUNNEL_... */
    bool is_lost, is_closed;
    bool is_queued;  /* `later` runs at the end of this turn */
    bool is_telling; /* a function of the user runs */
    loop_later later;
};

/** Answers a request that wants a tunnel: with 101 and the headers so far, or in HTTP/2 with 200. The tunnel begins
 * when the exchange ends. False without memory, or when the client has left: nothing was sent then, or it does not
 * matter. */
bool http_reply_tunnel(http_exchange *x, const http_tunnel_user *user, void *self);

/** As recv(2) without waiting: 0 at the peer's end, -1 with errno; EAGAIN: on_readable tells when to call again. Any other
 * error: on_lost follows. */
static inline ssize_t http_tunnel_receive(http_tunnel *t, void *into, size_t size)
{
    return t->wire->receive(t, into, size);
}
/** As sendmsg(2) without waiting: how many of the bytes in `parts` were taken, at most `count` (2 at the most) of them.
 * Changes `parts`. -1 with EAGAIN: on_writable tells when to call again. */
static inline ssize_t http_tunnel_send(http_tunnel *t, struct iovec *parts, size_t count)
{
    return t->wire->send(t, parts, count);
}
/** Calls on_readable again at the end of this turn: the user has left some for later. */
void http_tunnel_again(http_tunnel *t);
/** Ends it; once, and also after on_lost. `is_whole`: all was said, and the peer may read it to its end; otherwise the
 * connection or the stream is reset. The user is not called again. */
void http_tunnel_close(http_tunnel *t, bool is_whole);

/* -- for the versions of HTTP -- */

enum { TUNNEL_READABLE = 1, TUNNEL_WRITABLE = 2, TUNNEL_LOST = 4, TUNNEL_DRAIN = 8, TUNNEL_CANCEL = 16 };

/** Gives the tunnel of an exchange that ends to its user. False when there is none any more. */
bool tunnel_begin(http_exchange *x, const http_tunnel_wire *wire, void *of);
/** Tells the user, now: from the loop, with nothing of the connection in work. `t` may be freed when this returns. */
void tunnel_tell(http_tunnel *t, unsigned events);
/** The same at the end of this turn. */
void tunnel_tell_later(http_tunnel *t, unsigned events);

/** Moves what the head of a request that wants a tunnel consists of to heap memory of its arena, before anything else
 * is in it. False when out of memory. */
bool tunnel_keep_head(http_exchange *x);

#endif

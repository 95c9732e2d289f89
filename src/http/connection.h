/**
 * A client's connection: its socket, timer and state, under one version of HTTP.
 *
 * The version that speaks on it handles its events (http_protocol). At its end it may be lingering: our side is
 * closed, and what the peer still sends is discarded, so that it can read our last reply.
 */
#ifndef HTTP_CONNECTION_H
#define HTTP_CONNECTION_H

#include "base/list.h"
#include "base/pool.h"
#include "http/body_block.h"
#include "http/exchange.h"
#include "http/stream.h"
#include "runtime/loop.h"
#include "tls/context.h"
#include "tls/session.h"

/** A version of HTTP on a connection. */
typedef struct http_protocol {
    /** Takes the connection over: sets source.on_event and timer.fire. Bytes that have arrived are in `in`. */
    void (*begin)(http_connection *k);
    /** Whether it waits for a request: it may be dropped to make room, or handed over. */
    bool (*is_idle)(const http_connection *k);
    /** The server is draining: closes or hands over an idle connection; others close after their current
     * requests. False when the successor's channel is full: try again later. */
    bool (*drain)(http_connection *k);
    /** Ends the requests in work; an idle connection is closed. */
    void (*cancel)(http_connection *k);
    /** Frees what the version holds for the connection. */
    void (*release)(http_connection *k);
} http_protocol;

extern const http_protocol http1, http2;
/** Before a version of HTTP: the handshake of TLS, which agrees on one (handshake.c). */
extern const http_protocol tls_handshaking;

struct http_connection {
    /* Two cache lines hold all that an ordinary request of HTTP/1.1 touches. */
    loop_source source;
    char *in; /* block of input: pooled while in work, exact while parked; NULL when empty */
    uint32_t in_start, in_end, in_cap;
    uint32_t out_len;     /* bytes waiting in `out` */
    char *out;            /* pooled block of replies not yet sent; NULL without any */
    uint64_t deadline_ms; /* parked: when to give up (the timer is corrected lazily) */
    uint32_t requests;    /* served so far */
    bool is_readable;     /* an edge came since recv last found the socket empty */
    bool peer_closed;     /* EPOLLRDHUP: no more input after what is buffered */
    bool must_close;      /* its next reply is its last */
    bool is_finished;     /* it has been */
    /* the second one */
    bool has_unread_body; /* its last reply went out before the request was read to its end */
    bool has_begun_head;  /* an unfinished head is in `in`, and head_began_ms is set */
    bool is_lingering;
    bool is_closed;
    uint8_t kind;  /* a listener_kind: what the client speaks first */
    bool has_tls;  /* `tls` is not NULL */
    uint8_t trust; /* in what its peer forwards: forwarded.c's */
    timer_entry timer;
    http_stream stream; /* HTTP/1.1's */
    /* and others */
    const http_protocol *protocol;
    struct h2_connection *h2; /* HTTP/2's own */
    worker_peer *client; /* as a proxy has announced it, or the socket's peer; NULL: nobody has asked yet */
    tls_session *tls;    /* what encrypts; NULL: nothing, or not yet */
    list_link handshake; /* in the queue of handshakes that can go on; see handshake.c */
    uint64_t head_began_ms; /* first byte of an unfinished head */
    uint64_t lingered_bytes, linger_end_ms;
    list_link link;   /* http_self.connections */
    loop_later later; /* frees it at the end of the turn */
};

/** The HTTP server of this process. */
typedef struct http_server {
    http_service service;
    http_limits limits;
    http_defaults defaults;
    list_link connections; /* all of them */
    list_link *hand;       /* walks round `connections` when one must be dropped: where it looked last */
    unsigned count;
    bool is_draining, has_successor, has_reported_drained;
    bool checks_plain;     /* requests of connections without TLS are not answered before secure_check */
    timer_entry hand_over; /* runs while the successor's channel is full */
    size_t block_bytes;    /* of `blocks`, one byte less than allocated: room for a NUL */
    pool blocks;           /* input and output blocks */
    pool structures;       /* http_connection structures */
    body_blocks bodies;    /* of long bodies */
    tls_context *tls;      /* of https listeners; NULL without */
    list_link handshakes;  /* that can go on; a few in each turn of the loop */
    loop_later handshakes_later;
    unsigned handshaking; /* sessions whose handshake is under way */
} http_server;

extern http_server http_self;

/* server.c */
/** Drops one of the connections idle longest, to make room for a new one: idle clients cannot keep others
 * out. */
void server_make_place(void);
/** Reports once, when no connection is left, that this draining server is done. */
void server_report_drained(void);
/** Tries again soon to hand idle connections over: the successor's channel was full. */
void server_hand_over_later(void);

/* h2/connection.c */
bool h2_server_can_open(const char **problem);
/** Free what connections of HTTP/2 have shared: all of it, or what was not needed since the last call. */
void h2_server_close(void);
void h2_server_tidy(void);

/* connection.c */
http_connection *connection_open(int fd, worker_arrival arrival);
/** Begins what the client speaks first, TLS or HTTP, once nothing of a proxy's is before it, and sets its
 * deadline; the caller has the timer watch it. */
void connection_begin(http_connection *k);
/** Notes the client that a proxy has announced, or that the kernel has named, so that it is asked once for each
 * connection; of AF_UNSPEC: none. False without memory. */
bool connection_note_client(http_connection *k, const worker_peer *peer);
/** How the connection arrives at the worker that it is handed over to, once some of it was read. */
worker_arrival connection_arrival(const http_connection *k);
/** Closes the socket at once and frees the connection at the end of the turn. */
void connection_close(http_connection *k);
/** Whether a new generation takes the connection over when it is idle: never one of TLS, whose keys are in this
 * process. */
static inline bool connection_has_heir(const http_connection *k)
{
    return http_self.has_successor && !k->has_tls;
}
/** Starts or corrects the timer; the usual case, a deadline later than the running timer's, is one
 * comparison. */
void connection_set_deadline(http_connection *k, uint64_t at_ms);
/** Closes in stages: RFC 9112 section 9.6. Closing with unread input would send RST, and a peer that still
 * sends would lose the reply on its way; many proxies read no reply before they have sent all. */
void connection_linger(http_connection *k);
/** Gives a lingering connection at most `ms`. */
void connection_cut(http_connection *k, uint64_t ms);
/** Gives a lingering connection of a draining server less time. */
void connection_hurry(http_connection *k);

#endif

/**
 * A client's connection, as the files of this folder share it.
 *
 * A connection is either parked (no coroutine: it waits for the first bytes of a request and holds no buffer
 * but a request's unfinished beginning), in work (a coroutine answers its requests one after the other), or
 * lingering (our side is closed; what the peer still sends is discarded, so that it can read our last reply)
 * .
 *
 * Hot path: a parked connection becomes readable, one recv, parse, handle, one send, parked again. Nothing on
 * that path allocates, starts a timer or calls epoll_ctl.
 */
#ifndef HTTP_CONNECTION_H
#define HTTP_CONNECTION_H

#include "base/list.h"
#include "base/pool.h"
#include "http/body_block.h"
#include "http/exchange.h"
#include "runtime/budget.h"
#include "runtime/coro.h"
#include "runtime/loop.h"

struct http_connection {
    /* Two cache lines hold all that an ordinary request touches. */
    loop_source source;
    coro *runner; /* the coroutine in work; NULL while parked or lingering */
    char *in;     /* block of input: pooled while in work, exact while parked; NULL when empty */
    uint32_t in_start, in_end, in_cap;
    uint32_t out_len;     /* bytes waiting in `out` */
    char *out;            /* pooled block of replies not yet sent; NULL without any */
    uint64_t deadline_ms; /* parked: when to give up (the timer is corrected lazily) */
    /* the second one */
    http_exchange *exchange; /* the request in work */
    uint32_t requests;       /* served so far */
    bool is_readable;        /* an edge came since recv last found the socket empty */
    bool is_yielding;        /* suspended only to let others run */
    bool has_suspended;      /* `runner` has been suspended since it was started */
    bool peer_closed;        /* EPOLLRDHUP: no more input after what is buffered */
    bool is_broken;          /* no further byte can be sent */
    bool is_corked;          /* more follows at once: the kernel may wait for it before it sends a packet */
    bool must_close;         /* its next reply is its last */
    bool is_finished;        /* it has been */
    bool has_unread_body;    /* its last reply went out before the request was read to its end */
    bool is_lingering;
    bool is_closed;
    uint8_t kind; /* a listener_kind: what the client speaks first */
    timer_entry timer;
    uint64_t head_began_ms; /* first byte of an unfinished head; 0: none */
    uint64_t lingered_bytes, linger_end_ms;
    coro *reader, *writer; /* suspended for the socket: `runner` or a task of its request */
    list_link write_turns; /* tasks that wait for `writer` to end */
    list_link link;        /* http_self.connections */
    loop_later later;      /* frees it at the end of the turn */
};

/** The HTTP server of this process. */
typedef struct http_server {
    http_service service;
    http_limits limits;
    list_link connections; /* all of them */
    list_link *hand;       /* walks round `connections` when one must be dropped: where it looked last */
    unsigned count;
    bool is_draining, has_successor, has_reported_drained;
    timer_entry hand_over; /* runs while the successor's channel is full */
    size_t block_bytes;    /* of `blocks`, one byte less than allocated: room for a NUL */
    pool blocks;           /* input and output blocks */
    pool structures;       /* http_connection structures */
    body_blocks bodies;    /* of long bodies */
} http_server;

extern http_server http_self;

/* server.c */
/**
 * Drops one of the connections parked longest, to make room for a new one: idle clients cannot keep others
 * out.
 *
 */
void server_make_place(void);
/** Reports once, when no connection is left, that this draining server is done. */
void server_report_drained(void);
/** Tries again soon to hand parked connections over: the successor's channel was full. */
void server_hand_over_later(void);

/* connection.c */
http_connection *connection_open(int fd, worker_arrival arrival);
/** Closes the socket at once and frees the connection at the end of the turn. */
void connection_close(http_connection *k);
/** A draining server's parked connection: handed over or closed (true), or kept for one last answer or until
 * the successor has room (false). */
bool connection_retire(http_connection *k);
/** Gives a lingering connection of a draining server less time. */
void connection_hurry(http_connection *k);
/** Lets the timer watch the deadline of the request in work, and a peer that may have left. */
void connection_watch(http_connection *k);
/** Suspends the running coroutine (the runner, or a task of its request) until the socket is ready; false on
 * time-out (`at_ms`, 0: none), cancellation or a dead peer. */
bool connection_wait_read(http_connection *k, uint64_t at_ms);
bool connection_wait_write(http_connection *k, uint64_t at_ms);
/** Lets other connections run; false when the request was cancelled. */
bool connection_yield(http_connection *k);
/** Spends `units` of the running coroutine's budget and yields when they are used up: a peer on a fast line,
 * which is never waited for, would otherwise keep the loop busy alone. False when the request was
 * cancelled. */
static inline bool connection_take_turns(http_connection *k, unsigned units)
{
    return !budget_is_spent(units) || connection_yield(k);
}
/** The units of a system call that moved `bytes`. */
static inline unsigned connection_units(size_t bytes)
{
    return BUDGET_SYSTEM_CALL + (unsigned)(bytes >> 10);
}

/* presence.c */
/** Has a peer that has closed its sending side looked for, if it has. */
void presence_watch(http_connection *k);
/** Looks for it: a peer that is gone ends the request in work, now or with the event that follows. */
void presence_look(http_connection *k);
/** Ends the request in work: its client has left. */
void presence_cancel(http_connection *k);

/* input.c */
/** Receives at least one byte after in_end, waiting until `at_ms`. 1: received some; 0: end of input; -1:
 * error, time-out. */
int input_fill(http_connection *k, uint64_t at_ms);
/** Receives without waiting into a free part of the block: as recv(2) with EAGAIN as -1. */
long input_receive(http_connection *k, char *into, size_t size);

/* output.c */
/** Room for `size` bytes at the end of `out`, after sending what takes its room; NULL when broken or too
 * large . */
char *output_room(http_connection *k, size_t size);
/** Sends all of `out` and then `data`, waiting for a slow reader; false (and is_broken) when it can't. */
bool output_send(http_connection *k, const void *data, size_t len);
/** Sends as much of `out` as it can without waiting; for a runner that is suspended for another reason. */
void output_try(http_connection *k);
/** Latest time by which a peer that has moved `bytes` since `began_ms` must move more; 0: none. */
uint64_t rate_deadline(uint64_t began_ms, uint64_t bytes);

/** How fast a slow reader takes a reply; zeroed before the first wait. */
typedef struct output_pace {
    uint64_t began_ms;
    uint64_t behind; /* bytes that were on their way to the peer when it began */
    uint64_t sent;   /* bytes given to the kernel since then */
} output_pace;

/** Waits until the kernel takes more; false when the peer reads too slowly, is gone, or the request is
 * cancelled. The peer's pace counts what it has received, not what the kernel holds for it. */
bool output_wait(http_connection *k, output_pace *pace);
/** Waits until no other task of the request is in the middle of sending. */
bool output_wait_turn(http_connection *k);

/* serve.c */
/** Answers every complete request in the input block; runs in the runner. */
void serve_buffered(http_connection *k);

/* body.c */
/** Sets up reading of the body after a complete head. */
void body_begin(http_exchange *x);
/** Reads the whole body into x->body; false when it is refused (http_body_error says why). */
bool body_read_whole(http_exchange *x);
/** Skips a body that has arrived; false when it has not (then the connection must close). */
bool body_skip_buffered(http_exchange *x);

/* reply.c */
/** The plain answer to a request that HTTP itself refuses. */
void reply_refusal(http_exchange *x, int status, const char *detail);

#endif

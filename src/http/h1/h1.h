/**
 * HTTP/1.1 on a connection, as the files of this folder share it.
 *
 * A connection is either parked (no coroutine: it waits for the first bytes of a request and holds no buffer
 * but a request's unfinished beginning), or in work (a coroutine answers its requests one after the other).
 *
 * Hot path: a parked connection becomes readable, one recv, parse, handle, one send, parked again. Nothing on
 * that path allocates, starts a timer or calls epoll_ctl.
 */
#ifndef HTTP_H1_H1_H
#define HTTP_H1_H1_H

#include "http/connection.h"
#include "http/h1/chunk.h"
#include "http/h1/head.h"
#include "http/wire.h"

/** One exchange; on the runner's stack. */
typedef struct h1_exchange {
    bool keeps_alive; /* decided when the reply's head is written */
    bool is_chunked_reply;
    bool must_continue; /* a 100 (Continue) is owed before the body is read */
    /* bytes of the reply's head, or of its next chunk, that the peer has been sent already */
    uint8_t sent_ahead;
    uint64_t body_left; /* with Content-Length */
    uint64_t look_ms;   /* when to look whether a peer that has closed its side is there; 0: it has not */
    char *head_block;   /* the block of the head, once input goes to another one */
    http_exchange base;

    /* The members above are zeroed for each request, up to base.address; those below are set where they are
     * used. */
    h1_chunk chunk; /* with chunked */
    h1_head head;
} h1_exchange;

static inline h1_exchange *h1_of(const http_exchange *x)
{
    return list_owner(x, h1_exchange, base);
}

extern const http_wire h1_wire;

/* connection.c */
/** Lets the timer watch the deadline of the request in work, and a peer that may have left. */
void h1_watch(http_connection *k);

void h1_release_input(http_connection *k);

/* tunnel.c */
/** The exchange of a tunnel ends: gives it to its user. */
void h1_tunnel_take(http_exchange *x);
/** The coroutine of the request has ended: the connection is the tunnel's. */
void h1_tunnel_start(http_connection *k);

/* serve.c */
/** Answers every complete request in the input block; runs in the runner. */
void h1_serve_buffered(http_connection *k);

/* input.c */
/** Receives at least one byte after in_end, waiting until `at_ms`. 1: received some; 0: end of input; -1:
 * error, time-out. */
int input_fill(http_connection *k, uint64_t at_ms);
/** Receives without waiting into a free part of the block: as recv(2) with EAGAIN as -1. */
long input_receive(http_connection *k, char *into, size_t size);

/* output.c */
/** Room for `size` bytes at the end of `out`, after sending what takes its room; NULL when broken or too
 * large. */
char *output_room(http_connection *k, size_t size);
/** Sends all of `out` and then `data`, waiting for a slow reader; false (and is_broken) when it can't. */
bool output_send(http_connection *k, const void *data, size_t len);
/** Sends as much of `out` as it can without waiting; for a runner that is suspended for another reason. */
void output_try(http_connection *k);

/** How fast a slow reader takes a reply; zeroed before the first wait. */
typedef struct output_pace {
    uint64_t began_ms;
    uint64_t behind; /* bytes that were on their way to the peer when it began */
    uint64_t sent;   /* bytes given to the kernel since then */
} output_pace;

/** Waits until the kernel takes more; false when the peer reads too slowly, is gone, or the request is
 * cancelled. The peer's pace counts what it has received, not what the kernel holds for it. */
bool output_wait(http_connection *k, output_pace *pace);

/* body.c */
/** Sets up reading of the body after a complete head. */
void h1_body_begin(http_exchange *x);
bool h1_read_whole(http_exchange *x);
long h1_read_piece(http_exchange *x, size_t most, char **piece);
/** Skips a body that has arrived; false when it has not (then the connection must close). */
bool h1_skip_body(http_exchange *x);

/* presence.c */
/** Has a peer that has closed its sending side looked for, if it has. */
void presence_watch(http_connection *k);
/** Looks for it: a peer that is gone ends the request in work, now or with the event that follows. */
void presence_look(http_connection *k);

#endif

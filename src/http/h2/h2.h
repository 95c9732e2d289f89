/**
 * HTTP/2 on a connection, as the files of this folder share it.
 *
 * Frames are read on the loop's stack, as their bytes arrive (input.c, frames.c); nothing waits for a whole frame. A
 * complete head starts the coroutine of its stream (stream.c), whose replies are frames in one block of output for
 * the whole connection (reply.c, output.c). The block is sent once at the end of a turn of the loop.
 *
 * A coroutine that cannot send, for want of a window or of room in the block, waits in `senders`; out_pump wakes
 * the one whose turn it is (RFC 9218). So nothing is queued for a stream but the frames in the block.
 *
 * Nothing here closes a connection in the middle of something: settle() does at the end of the turn.
 */
#ifndef HTTP_H2_H2_H
#define HTTP_H2_H2_H

#include "http/h2/encoder.h"
#include "http/h2/frame.h"
#include "http/h2/head.h"
#include "http/h2/nghttp2.h"
#include "http/tunnel.h"
#include "http/wire.h"

enum {
    H2_OUT_BYTES = 64 * 1024,  /* frames not yet sent, at most */
    H2_OUT_RESERVE = 4 * 1024, /* of them for frames that answer frames */
    H2_BUCKETS = 16,           /* of open streams, by number */
    H2_RESETS_KNOWN = 128,     /* streams that were reset last */
    H2_EARLY_PRIORITIES = 4,   /* priorities kept for streams that are not open yet */
    H2_CONNECTION_WINDOW = 1024 * 1024
};

typedef struct h2_connection h2_connection;

/** What the client has put on a stream's place in the order of sending. */
typedef struct h2_priority {
    uint32_t id;
    uint8_t urgency; /* 0 is sent first, 7 last */
    bool is_incremental;
} h2_priority;

typedef struct h2_stream {
    http_stream base;
    h2_connection *h;
    h2_head *head;         /* NULL once it is a tunnel */
    http_tunnel *tunnel;   /* what it is after its exchange; NULL: nothing */
    list_link link;        /* in its bucket */
    list_link send_link;   /* in h->senders while it waits to send */
    h2_priority priority;  /* its number, too */
    bool is_remote_closed; /* the client has sent the end of its request */
    bool is_local_closed;  /* the end of the reply, or a reset, is in the output */
    bool is_starting;      /* stream_start has not returned */
    bool is_over;          /* its coroutine has ended meanwhile */
    bool is_lingering;     /* its coroutine has ended; the client may send the rest of its body */
    bool has_length;       /* `length` bytes of a body were announced */
    bool is_whole_body;    /* the body is read to the end: the client may send it as fast as it can */
    bool must_continue;    /* a 100 (Continue) is owed before the body is read */
    bool needs_window;     /* what it waits to send is DATA */
    uint32_t room_wanted;  /* bytes of the output that it waits for */
    int64_t window;        /* bytes that may be sent */
    int64_t credit;        /* bytes that the client may send */
    uint32_t consumed;     /* bytes of the body since the last WINDOW_UPDATE */
    uint64_t received;     /* bytes of the body so far */
    uint64_t length;
    uint64_t pace_began_ms, pace_bytes; /* how fast the client takes the reply; 0: it was never waited for */
    size_t body_at;                     /* of `body`: where the unread part begins */
    buf body;                           /* received */
    timer_entry timer;                  /* the exchange's deadline */
} h2_stream;

/** Where the reader of frames is. */
typedef enum h2_phase { H2_READ_PREFACE, H2_READ_HEAD, H2_READ_FIXED, H2_READ_PAYLOAD } h2_phase;

typedef struct h2_input {
    uint8_t gathered[64]; /* the preface, the head of a frame or its first bytes, until they are whole */
    uint8_t have, need;
    uint8_t phase; /* an h2_phase */
    uint8_t type, flags;
    bool has_settings; /* the client's first frame was SETTINGS */
    bool is_head_read; /* the part of a head in this frame was given to headers_piece */
    uint32_t id;
    uint32_t left;     /* bytes of the payload that have not been read */
    uint32_t pad;      /* of them padding */
    h2_stream *stream; /* of a DATA frame; NULL when its bytes are discarded */
} h2_input;

/** A supply of something that a client may use up in a burst, and that comes again with time. */
typedef struct h2_budget {
    uint32_t left;
    uint64_t filled_ms;
} h2_budget;

struct h2_connection {
    http_connection *k;
    char *out; /* pooled; NULL without frames to send */
    uint32_t out_len;
    uint32_t stream_count;
    uint32_t ended;                       /* streams whose last frame is still in `out` */
    bool is_settling;                     /* settle() runs at the end of this turn */
    bool is_blocked;                      /* the socket takes no more */
    bool is_dead;                         /* the connection is lost: no byte is sent or received any more */
    bool has_failed;                      /* GOAWAY with an error was sent: nothing is read any more */
    bool is_released;                     /* the http_connection has ended */
    uint8_t leaving;                      /* an h2_leaving */
    bool peer_leaves;                     /* the client has sent GOAWAY */
    uint32_t last_id;                     /* highest that the client has used */
    uint32_t last_taken;                  /* after GOAWAY: the highest that is still served */
    int64_t window;                       /* bytes that may be sent on all streams */
    int64_t first_window;                 /* of a new stream */
    int64_t credit;                       /* bytes that the client may send on all streams */
    uint32_t consumed;                    /* of them since the last WINDOW_UPDATE */
    uint64_t sent_bytes;                  /* of bodies, ever */
    uint64_t stall_began_ms, stall_bytes; /* since the socket is full; 0: it is not */
    uint64_t idle_began_ms, leave_ms;
    h2_input input;
    /* a head that is being received */
    h2_head *head;
    uint32_t head_id, head_bytes; /* its stream, 0: there is none; bytes of it so far */
    unsigned continuations;
    bool head_ends;         /* the stream ends with it */
    bool head_is_self;      /* it names its own stream as its parent */
    h2_stream *head_stream; /* of trailers */
    uint64_t head_began_ms;
    h2_priority head_priority;
    h2_budget resets, frames;
    uint32_t resets_known[H2_RESETS_KNOWN]; /* a ring */
    uint8_t resets_next, early_next;
    h2_priority early[H2_EARLY_PRIORITIES];
    h2_stream *granted; /* was woken to send */
    list_link senders;
    list_link buckets[H2_BUCKETS];
    h2_encoder encoder;
    nghttp2_hd_inflater *inflater;
    loop_later later;
    timer_entry again; /* input was left for the next turn */
};

/** What the connection does before it ends: RFC 9113 section 6.8. */
typedef enum h2_leaving {
    H2_STAYS,
    H2_ANNOUNCED, /* GOAWAY without a last stream was sent: requests may be on the way */
    H2_LEAVES     /* GOAWAY with the last stream was sent */
} h2_leaving;

/** What the connections of this process share. */
typedef struct h2_server {
    bool is_open;
    pool connections, streams, heads, outputs;
} h2_server;

extern h2_server h2_self;
extern const http_wire h2_wire;

static inline h2_stream *h2_of(const http_exchange *x)
{
    return list_owner(x->stream, h2_stream, base);
}

/* -- connection.c -- */

/** Has what follows from this turn done at its end: sending, waking senders, closing. */
static inline void h2_settle_later(h2_connection *h)
{
    if (!h->is_settling) {
        h->is_settling = true;
        loop_do_later(&h->later);
    }
}
/** The connection is lost: ends every stream. */
void h2_lose(h2_connection *h);
/** An error of the connection: sends GOAWAY and ends every stream. `reason`: a short static clause for the log. */
void h2_fail(h2_connection *h, h2_error error, const char *reason);
/** No further requests: sends GOAWAY, in two steps, and ends with the last stream. */
void h2_leave(h2_connection *h);
/** The client has answered the first step, or has had time to. */
void h2_leave_now(h2_connection *h);

/* -- input.c -- */

void input_begin(h2_input *in);
/** Reads frames from `data`; returns how many bytes were used. Fewer than `len`: the rest must wait for room in the
 * output, or nothing is read any more. */
size_t input_read(h2_connection *h, const char *data, size_t len);
/** Whether the next frame may be read: there is room for what answers it. */
bool input_may_go_on(const h2_connection *h);

/* -- frames.c: what each frame means; false after h2_fail -- */

bool frame_begins(h2_connection *h);
/** The first bytes of a frame are in input.gathered. */
bool frame_fixed(h2_connection *h);
bool frame_data(h2_connection *h, const char *data, size_t len);
bool frame_head_piece(h2_connection *h, const char *data, size_t len);
/** After the last byte of a frame. */
bool frame_ends(h2_connection *h);

/* -- headers.c -- */

/** A HEADERS frame begins: finds out what its head belongs to. */
bool headers_begin(h2_connection *h);
/** The priority in its first five bytes. */
void headers_priority(h2_connection *h, const uint8_t *at);
/** Decodes some of a head. */
bool headers_piece(h2_connection *h, const char *data, size_t len, bool is_last);
/** Frees a head that was not completed. */
void headers_drop(h2_connection *h);

/* -- calm.c -- */

/** Spends `count` of a budget that holds `most` and is filled within `H2_BUDGET_MS`; false when it is used up. */
enum { H2_BUDGET_MS = 30 * 1000 };
bool budget_take(h2_budget *budget, uint32_t most, uint32_t count);
/** Gives some back for work that was done. */
void budget_earn(h2_budget *budget, uint32_t most, uint32_t count);
/** Counts a frame that costs us something and the client nothing; false after h2_fail. */
bool calm_frame(h2_connection *h);
/** Counts a stream that was reset, by whom ever; false after h2_fail. */
bool calm_reset(h2_connection *h);

/* -- stream.c -- */

/** The open stream of that number; NULL without one. */
h2_stream *stream_find(h2_connection *h, uint32_t id);
/** Starts the request in `head`, which the stream keeps. */
void stream_start(h2_connection *h, h2_head *head, uint32_t id, bool ends, const h2_priority *priority);
/** Ends a stream that the client has reset, or whose connection is lost: cancels its coroutine, once. */
void stream_abort(h2_stream *s);
/** Frees a lingering stream. */
void stream_free_lingering(h2_stream *s);
/** Resets an open stream for a mistake of the client; false after h2_fail. */
bool stream_refuse(h2_stream *s, h2_error error);
/** Resets an open stream that cannot go on, from its own coroutine. */
void stream_give_up(h2_stream *s, h2_error error);
/** Resets a stream that is not open; false after h2_fail. */
bool stream_refuse_id(h2_connection *h, uint32_t id, h2_error error);
/** Whether what the client still sends for a stream that is not open is ignored: we have reset it not long ago, or it
 * was opened after our GOAWAY. */
bool stream_is_ignored(const h2_connection *h, uint32_t id);
/** The deadline of its exchange. */
void stream_watch(http_exchange *x);

/** After the tunnel that it was. */
void stream_end_tunnel(h2_stream *s);

/* -- tunnel.c -- */

/** The exchange of a tunnel ends: gives it to its user. */
void h2_tunnel_take(http_exchange *x);
/** Tells the users of all tunnels, at the end of this turn. */
void h2_tunnels_tell(h2_connection *h, unsigned events);

/* -- reply.c -- */

/** Takes `n` bytes at the end of the output, after a frame's head, as DATA. */
void reply_put_data(h2_stream *s, size_t n, bool ends);

/* -- body.c -- */

/** Some of a body has arrived. False after h2_fail. */
bool body_add(h2_stream *s, const char *data, size_t len);
/** Its end has arrived. False after h2_fail. */
bool body_end(h2_stream *s);
/** The client may send `len` more bytes on the connection. */
void body_consume(h2_connection *h, size_t len);
/** The stream's reader has taken `len` bytes. */
void body_take(h2_stream *s, size_t len);
bool body_whole(http_exchange *x);
long body_piece(http_exchange *x, size_t most, char **piece);

/* -- output.c -- */

/** Adds a small frame that answers something; there is room (input_may_go_on). */
void out_control(h2_connection *h, h2_type type, unsigned flags, uint32_t id, const void *payload,
                 size_t len);
void out_reset(h2_connection *h, uint32_t id, h2_error error);
void out_window(h2_connection *h, uint32_t id, uint32_t bytes);
/** Sends what is in `out` until the socket is full. */
void out_flush(h2_connection *h);
/** Wakes the sender whose turn it is, if it could send. */
void out_pump(h2_connection *h);
/** Room for `size` bytes of frames at the end of `out`, after waiting for it; NULL when nothing can be sent any
 * more. */
char *out_room(h2_stream *s, size_t size);
/** As out_room for a DATA frame of at most `want` bytes (at least one): how many of them can be sent now; 0 when
 * nothing can be sent any more. The place is out_end(h). */
size_t out_data_room(h2_stream *s, size_t want);
/** As out_data_room without waiting, for a tunnel: 0 when its user will be told. */
size_t out_data_try(h2_stream *s, size_t want);
/** A tunnel ends: it does not wait to send any more. */
void out_forget(h2_stream *s);
static inline char *out_end(h2_connection *h)
{
    return h->out + h->out_len;
}

#endif

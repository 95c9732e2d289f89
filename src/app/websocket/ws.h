/**
 * A WebSocket of a worker, as the files of this folder share it.
 *
 * Bytes are read on the loop's stack when they arrive, into the one buffer of the message that is being received, and
 * control frames are answered there. A message that is whole waits for tern_ws_receive, and until it was taken nothing
 * more is read: that is the back-pressure. Frames to send go to the tunnel at once; what it does not take waits in
 * `queue`. So an idle WebSocket holds this structure, its request, its coroutine, and no buffer.
 *
 * It ends in two steps: the tunnel is closed when the connection is lost or both sides have said Close; the structure is
 * freed when also the body of TERN_WEBSOCKET has returned and no other coroutine waits to send.
 */
#ifndef APP_WEBSOCKET_WS_H
#define APP_WEBSOCKET_WS_H

#include "app/ctx.h"
#include "base/buf.h"
#include "codec/codec.h"
#include "http/tunnel.h"
#include "http/ws/frame.h"
#include "http/ws/handshake.h"
#include "runtime/loop.h"

#include <tern/security.h>
#include <tern/websocket.h>

/** What tern_websocket declares; in the application's memory. */
typedef struct ws_declared {
    tern_websocket_options o; /* with its defaults filled in */
    tern_socket socket;
    const tern_origins *origins;
    tern_app *app;
} ws_declared;

/** What a handshake has agreed on; in the request's memory, which becomes the WebSocket's. */
typedef struct ws_opening {
    const ws_declared *of;
    void *in; /* the input */
    ws_deflate deflate;
    const char *subprotocol;
} ws_opening;

typedef struct ws_input {
    ws_head head;                         /* of the frame that is being read */
    uint64_t read;                        /* bytes of its payload so far */
    uint8_t gathered[WS_HEAD_MOST], have; /* of the next head */
    bool in_frame;
    uint8_t kind; /* of the message that is being received, a tern_message_kind; 0: none is */
    bool is_compressed;
    bool is_ready;       /* it waits to be taken: nothing more is read */
    bool is_taken;       /* the body has it: until it receives again */
    bool is_whole;       /* its last frame has been read */
    bool is_held;        /* larger than .max_message, and nobody has said yet whether it is wanted in parts */
    bool takes_parts;    /* the body receives by tern_ws_receive_part */
    bool has_chosen;     /* it has received by some way */
    bool has_given_part; /* of this message */
    bool drops;          /* the rest of a message of which a part was taken, and no more is wanted */
    uint8_t control_have;
    unsigned fragments; /* of the message */
    size_t checked;     /* bytes of `message` that are known to be UTF-8 */
    uint8_t tail_have;
    char tail[4]; /* bytes after the part that was given: the beginning of a character */
    buf message;
    buf rest; /* received, but not read yet */
    size_t rest_at;
    codec_decoder *decoder; /* of a compressed message */
    uint8_t *control;       /* payload of a control frame; WS_CONTROL_MOST bytes, NULL until needed */
    /* budgets */
    uint64_t rate_ms, calm_ms;
    uint32_t rate_left, calm_left;
} ws_input;

struct tern_ws {
    http_tunnel *tunnel; /* NULL once it is closed */
    const ws_declared *of;
    tern_ctx *c;
    const ws_opening *opening;
    http_exchange x;   /* what is left of the request's; its arena is that of the message in work */
    arena kept;        /* memory that lasts as long as the WebSocket */
    coro *runner;      /* of the body; NULL before and after it */
    coro *receiver;    /* it, while it waits for a message */
    list_link senders; /* coroutines that wait for room in the queue, or for their turn */
    coro *parts_of;    /* has sent a message in part; NULL: nobody */
    unsigned users;    /* coroutines other than the body that are in a call */
    uint16_t code;     /* why it is closed; 0: it is open */
    bool has_begun;    /* the body was started */
    bool has_ended;    /* it has returned */
    bool has_said_close, has_heard_close;
    bool is_resting; /* its coroutine holds only the pages of its stack that it uses */
    bool is_heard;   /* something came since the last ping was due */
    bool is_pinged;  /* that ping has no answer yet */
    bool owes_pong;  /* the last ping is not answered yet, because the queue is full: in `pong` */
    uint8_t pong_len;
    uint8_t *pong;
    const char *reason; /* the peer's; NULL: none */
    uint64_t skipped;
    size_t queue_at;
    buf queue; /* frames that the tunnel did not take */
    timer_entry timer;
    ws_input in;
    struct { /* what the arena must not forget: see memory.c */
        scope_defer *defers;
        void *holds;
        list_link *last_task;
        ctx_after *after;
        struct data_request *data;
        uint64_t locals;
        bool has_begun;
    } seen;
};

/** Whether messages can be received and sent. */
static inline bool ws_is_open(const tern_ws *ws)
{
    return ws->tunnel != NULL && !ws->has_said_close && !ws->has_heard_close;
}
static inline size_t ws_queued(const tern_ws *ws)
{
    return ws->queue.len - ws->queue_at;
}

/* -- session.c -- */
extern const http_tunnel_user ws_tunnel_user;
/** Ends it by the first close code, when that is known. */
void ws_note_code(tern_ws *ws, unsigned code);
/** Says Close, and gives the peer time to answer; nothing if it is not open. */
void ws_say_close(tern_ws *ws, unsigned code, const char *reason);
/** The peer broke the protocol or a limit: says Close with `code`, and reads nothing more. `why`: a short static clause. */
void ws_fail(tern_ws *ws, unsigned code, const char *why);
/** The connection is lost, or useless. */
void ws_lose(tern_ws *ws);
/** The peer has said Close: answers. `reason` of `len` bytes is copied. */
void ws_hear_close(tern_ws *ws, unsigned code, const char *reason, size_t len);
/** Closes the tunnel, and frees `ws`, if it is time to. */
void ws_settle(tern_ws *ws);

/* -- input.c -- */
/** Reads what has arrived, until a message is whole. */
void ws_pump(tern_ws *ws);
/** The message that was ready has been taken: makes room for the next one. `takes_parts`: how the next one is wanted. */
void ws_input_next(tern_ws *ws, bool takes_parts);
/** This side has said Close: messages are read no more, only the peer's Close. */
void ws_input_drop(tern_ws *ws);
void ws_input_free(ws_input *in);
/** Frees what an idle WebSocket does not need. */
void ws_input_rest(ws_input *in);

/* -- inflate.c -- */
/** Undoes the compression of some of a message; `is_last`: of all that came. False after ws_fail. */
bool ws_inflate(tern_ws *ws, const uint8_t *data, size_t len, bool is_last);
/** Gives a decoder back, NULL is allowed; and frees the one that the worker keeps. */
void ws_inflate_give(codec_decoder *d);
void ws_inflate_tidy(void);

/* -- output.c -- */
/** Sends a frame, or has it wait. It does not wait itself. */
void ws_put(tern_ws *ws, unsigned first, const void *data, size_t len);
/** Sends Close, once; `code` 0: without one. */
void ws_put_close(tern_ws *ws, unsigned code, const char *reason, size_t len);
void ws_put_pong(tern_ws *ws, const uint8_t *data, size_t len);
/** Sends what waits. */
void ws_flush(tern_ws *ws);
/** A coroutine in `senders`, on its stack. */
typedef struct ws_sender {
    list_link link;
    coro *waiting;
} ws_sender;
void ws_wake_senders(tern_ws *ws);
void ws_output_rest(tern_ws *ws);

/* -- memory.c -- */
/** Before the next message: frees what was allocated for the last one, unless something still needs it. */
void ws_forget(tern_ws *ws);

#endif

/**
 * WebSockets (RFC 6455), over HTTP/1.1 and HTTP/2 (RFC 8441): straight code on a coroutine of its own.
 *
 *     TERN_WEBSOCKET(echo)
 *     {
 *         tern_message m;
 *         while (tern_ws_receive(ws, &m))
 *             tern_ws_send_text(ws, m.data);
 *     }
 *
 *     tern_websocket(app, "/echo", echo);
 *
 * The route is a GET: middleware, groups, parameters and inputs work as for any handler, and see the reply 101. After
 * it the body of TERN_WEBSOCKET runs, with `tern_ctx *c` and `tern_ws *ws`, for as long as it likes. Pings, pongs and
 * the closing handshake need no code. When the body returns, the WebSocket is closed with 1000.
 *
 * Memory of a long life: what is allocated from the request's memory (tern_sprintf, rows, bodies of messages) after the
 * first tern_ws_receive lasts until the next one. What was allocated before the first one lasts as long as the
 * WebSocket; so does all that is there when a tern_defer, a tern_go or a lock that began meanwhile still needs it.
 *
 * Other coroutines of the same worker may send on a WebSocket, too: only its own receives. A pointer to it is valid until
 * its body has returned and what it deferred has run, so keep those of a room in a list, and take them off by
 * tern_defer.
 */
#ifndef TERN_WEBSOCKET_H
#define TERN_WEBSOCKET_H

#include <tern/app.h>
#include <tern/context.h>
#include <tern/json.h>

typedef struct tern_ws tern_ws;

typedef enum tern_message_kind { TERN_TEXT = 1, TERN_BINARY = 2 } tern_message_kind;

/** A message, or with tern_ws_receive_part a part of it. */
typedef struct tern_message {
    tern_message_kind kind; /* TERN_TEXT: it is valid UTF-8 */
    const char *data;       /* `len` bytes and a NUL after them, until the next call that receives */
    size_t len;
    bool is_last; /* the message ends with this part; always true for tern_ws_receive */
} tern_message;

/** What happens to a message for a peer that does not read what is waiting for it already (.max_queue). */
typedef enum tern_ws_slow {
    TERN_WS_WAIT, /* the sending coroutine waits */
    TERN_WS_SKIP, /* this message is left out: tern_ws_send returns true, tern_ws_skipped counts it */
    TERN_WS_CLOSE /* the WebSocket is closed with 1013 */
} tern_ws_slow;

/** What TERN_WEBSOCKET declares. */
typedef struct tern_socket {
    const char *name;
    void (*run)(tern_ctx *c, tern_ws *ws, void *in);
    const char *file;
    int line;
    tern_type *input;
    void (*frame)(void);
} tern_socket;

/**
 * Declares a WebSocket: a name, and a model if its address has an input.
 *
 *     TERN_WEBSOCKET(chat) { ... }
 *     TERN_WEBSOCKET(chat, Room, in) { ... in->name ... }
 *
 * The input comes from the path and the query; a wrong one is answered with 422, before the WebSocket begins.
 */
#define TERN_WEBSOCKET(...) TERN_PAIRED_(TERN_WEBSOCKET_, __VA_ARGS__)(__VA_ARGS__)
#define TERN_WEBSOCKET_0(socket)                                                                             \
    static void socket##_talk(tern_ctx *c, tern_ws *ws);                                                     \
    static void socket##_run(tern_ctx *c, tern_ws *ws, void *in __attribute__((unused)))                     \
    {                                                                                                        \
        socket##_talk(c, ws);                                                                                \
    }                                                                                                        \
    static const tern_socket socket[1] = {                                                                   \
        {#socket, socket##_run, __FILE__, __LINE__, NULL, tern_frame_of_file_}};                             \
    static void socket##_talk(tern_ctx *c __attribute__((unused)), tern_ws *ws __attribute__((unused)))
#define TERN_WEBSOCKET_1(socket, X, x)                                                                       \
    static void socket##_talk(tern_ctx *c, tern_ws *ws, X *x);                                               \
    static void socket##_run(tern_ctx *c, tern_ws *ws, void *in)                                             \
    {                                                                                                        \
        socket##_talk(c, ws, in);                                                                            \
    }                                                                                                        \
    static const tern_socket socket[1] = {                                                                   \
        {#socket, socket##_run, __FILE__, __LINE__, TERN_TYPE(X), tern_frame_of_file_}};                     \
    static void socket##_talk(tern_ctx *c __attribute__((unused)), tern_ws *ws __attribute__((unused)),      \
                              X *x __attribute__((unused)))
#define TERN_WEBSOCKET_2 TERN_WEBSOCKET_WRONG_
#define TERN_WEBSOCKET_3 TERN_WEBSOCKET_WRONG_
#define TERN_WEBSOCKET_4 TERN_WEBSOCKET_WRONG_
#define TERN_WEBSOCKET_5 TERN_WEBSOCKET_WRONG_
#define TERN_WEBSOCKET_6 TERN_WEBSOCKET_WRONG_
#define TERN_WEBSOCKET_7 TERN_WEBSOCKET_WRONG_
#define TERN_WEBSOCKET_WRONG_(socket, ...)                                                                   \
    _Static_assert(0, "TERN_WEBSOCKET takes a name, and a model and what it is called: "                     \
                      "TERN_WEBSOCKET(chat, Room, in)");                                                     \
    static void socket##_talk(tern_ctx *c, tern_ws *ws)

/** 0 is the default in the comment. */
typedef struct tern_websocket_options {
    const char *file; /* where it is registered; filled in by the macro */
    int line;
    size_t max_message; /* bytes of a message after decompression: 1009 beyond; 1 MiB */
    size_t max_frame;   /* bytes of a frame on the wire: 1009 beyond; as .max_message */
    unsigned
        max_rate; /* messages a second that the peer may send, after a burst of as many: 1008 beyond; no limit */
    size_t max_queue;  /* bytes waiting for a slow reader; 1 MiB */
    tern_ws_slow slow; /* what happens beyond .max_queue */
    unsigned
        ping_s; /* a ping after so many seconds of silence, and 1006 after as many more without an answer; 25.
                         * At most an hour */
    bool no_pings; /* instead */
    /* What this service speaks, the best first: "chat.v2, chat.v1". The first that the client names, too, is agreed on
     * (tern_ws_subprotocol). */
    const char *subprotocols;
    /* Pages of other origins that may connect, as of tern_origins, or "*" for all. By default a page of another origin is
     * answered with 403: a browser would send the user's cookies with its request. Clients that are no browser send no
     * Origin, and may connect. */
    const char *origins;
    bool
        compress; /* permessage-deflate (RFC 7692) with clients that offer it, for messages from 512 bytes. No connection
                    * keeps a window between messages */
    tern_type *receives, *sends; /* what its messages are, for documentation: TERN_TYPE(ChatMessage) */
    tern_route_options
        route; /* all else that a route may have: .route = {.summary = "Talk", .use = TERN_USE(...)} */
} tern_websocket_options;

void tern_websocket_with(tern_group *group, const char *pattern, const tern_socket *socket,
                         const tern_websocket_options *options);
/** Registers a WebSocket for GET requests to `pattern` (see tern_route), on an application or a group:
 * `tern_websocket(app, "/chat/{room}", chat, .max_message = 4096, .subprotocols = "chat.v1")`. */
#define tern_websocket(where, pattern, socket, ...)                                                          \
    tern_websocket_with(TERN_GROUP_OF(where), pattern, socket,                                               \
                        &(tern_websocket_options){.file = __FILE__, .line = __LINE__, __VA_ARGS__})

/* -- receiving: in the body only -- */

/**
 * Waits for the next message.
 *
 * @param message  receives it, whole: its fragments are joined, text is checked, compression is undone. Valid until the
 *                 next call that receives.
 * @return false when there are no more: the peer has closed, was lost or broke the protocol, this side has closed, or the
 *         server is draining (then the peer was sent 1001). tern_ws_close_code says which.
 *
 * RFC 6455 sections 5.4, 5.6 and 7.
 */
bool tern_ws_receive(tern_ws *ws, tern_message *message);
/** As tern_ws_receive, and false with `*has_timed_out` after `ms` milliseconds without a message. */
bool tern_ws_receive_within(tern_ws *ws, tern_message *message, uint64_t ms, bool *has_timed_out);
/**
 * Waits for the next part of a message, which may be of any size: at most 64 KiB of it at a time, as they arrive. `is_last`
 * ends the message, maybe with no bytes. Text is checked, and parted between characters.
 * .max_message does not hold.
 */
bool tern_ws_receive_part(tern_ws *ws, tern_message *part);

/**
 * Waits for the next message that is JSON of a model: `ChatMessage *m = tern_ws_receive_as(ws, ChatMessage)`, in the
 * request's memory until the next call that receives. NULL when there are no more.
 *
 * A message that is not is answered with a problem as JSON, as a request's body would be ({"type":..., "title":...,
 * "status":422, "errors":[...]}), and the next one is waited for: the connection stays. Binary messages are refused so,
 * too.
 */
#define tern_ws_receive_as(ws, Model) ((Model *)tern_ws_receive_of(ws, TERN_TYPE(Model)))
void *tern_ws_receive_of(tern_ws *ws, const tern_type *type);

/* -- sending: from any coroutine of this worker -- */

/* Each returns false when the WebSocket is closed or lost, or will be: nothing was sent. True says that the message is on
 * its way, not that it has arrived. */

/** A text of UTF-8 with a NUL after it. A text that is not UTF-8 is a mistake: it is logged, and not sent. */
bool tern_ws_send_text(tern_ws *ws, const char *text);
bool tern_ws_send_textf(tern_ws *ws, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool tern_ws_send_binary(tern_ws *ws, const void *data, size_t len);
bool tern_ws_send_bytes(tern_ws *ws, tern_message_kind kind, const void *data, size_t len);
/** `*value` as JSON: `tern_ws_send(ws, ChatMessage, &m)`. In builds with assertions its rules are checked, as tern_json's are. */
#define tern_ws_send(ws, Model, ...)                                                                         \
    tern_ws_send_of(ws, TERN_TYPE(Model), TERN_POINTER_TO_(Model, __VA_ARGS__), TERN_CHECKS_REPLIES_)
bool tern_ws_send_of(tern_ws *ws, const tern_type *type, const void *value, bool checks);
/**
 * Sends a message in parts, for one that is not in memory as a whole: each but the last with `is_last` false. Other
 * coroutines that send wait until the last one; one that never comes keeps them waiting. It always waits for a slow
 * reader, and is not compressed.
 */
bool tern_ws_send_part(tern_ws *ws, tern_message_kind kind, const void *data, size_t len, bool is_last);

/**
 * Begins the closing handshake: what waits is sent first, then Close with `code` and `reason` (at most 123 bytes of UTF-8;
 * NULL: none). Nothing can be received or sent after it. A code that may not be sent (RFC 6455 section 7.4) is a
 * mistake: 1011 is sent. Closing twice does nothing.
 */
void tern_ws_close(tern_ws *ws, unsigned code, const char *reason);

/** Frees what was allocated from the request's memory since the last call that receives, as that does: for a body that
 * only sends. */
void tern_ws_forget(tern_ws *ws);

/* -- facts -- */

/** Whether messages can still be sent. */
bool tern_ws_is_open(const tern_ws *ws);
/** Why it is closed: the code that was sent or received first; 1005: the peer gave none; 1006: it was lost; 0: it is
 * open. */
unsigned tern_ws_close_code(const tern_ws *ws);
/** What the peer said with it; "" if nothing. Valid as long as the WebSocket. */
const char *tern_ws_close_reason(const tern_ws *ws);
/** The subprotocol that was agreed on; "" without one. */
const char *tern_ws_subprotocol(const tern_ws *ws);
/** The request it began with: its parameters, headers, user. */
tern_ctx *tern_ws_ctx(const tern_ws *ws);
/** Bytes that wait for a slow reader. */
size_t tern_ws_queued(const tern_ws *ws);
/** Messages that TERN_WS_SKIP has left out. */
uint64_t tern_ws_skipped(const tern_ws *ws);

#endif

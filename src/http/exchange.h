/**
 * One request and its answer: what the app layer sees of HTTP.
 *
 * An exchange lives on the stack of its coroutine, from the complete head until the connection has the last
 * byte of the answer. Every call here that waits suspends that coroutine, and leaves it by
 * unwind_throw(UNWIND_CANCELLED) when the client is gone, the request's deadline has passed or the worker
 * gives up. A client that has only closed its sending side gets its answer.
 */
#ifndef HTTP_EXCHANGE_H
#define HTTP_EXCHANGE_H

#include "base/arena.h"
#include "base/buf.h"
#include "http/defaults.h"
#include "http/network.h"
#include "http/request.h"
#include "runtime/worker.h"

#include <tern/str.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct http_connection http_connection;
typedef struct http_stream http_stream;
typedef struct http_wire http_wire;
typedef struct http_tunnel http_tunnel;
typedef struct tls_context tls_context;
typedef struct tls_session tls_session;

/** A header of the reply; both NUL-terminated, already checked (no CR, LF, NUL; name a token). */
typedef struct http_field {
    const char *name, *value;
    uint32_t name_len, value_len;
} http_field;

/** A field after the body of a streamed reply. */
typedef struct http_trailer {
    struct http_trailer *next;
    http_field field;
} http_trailer;

/** Body policy of one request; the service sets it in `accept_head`. */
typedef struct http_body_policy {
    size_t max_bytes; /* 413 beyond */
    bool is_streamed; /* the handler reads it with http_body_read; otherwise it is whole before `handle` runs
                       */
} http_body_policy;

/** The pace of a request's body and of its reply, where it is not the server's. Rates are in bytes a second. */
typedef struct http_pace {
    uint64_t min_body_rate, min_reply_rate; /* of the slowest client; 0: the server's */
    uint64_t reply_rate;                    /* the most that is sent of a reply's body; 0: no limit */
    uint64_t reply_free;                    /* the first bytes of a body, which are not slowed down */
} http_pace;

/** What the client speaks, as a trusted proxy says it. */
typedef enum http_scheme { HTTP_SCHEME_OF_CONNECTION, HTTP_SCHEME_HTTP, HTTP_SCHEME_HTTPS } http_scheme;

typedef struct http_exchange {
    http_connection *connection;
    http_stream *stream;         /* its place on the connection */
    const http_wire *wire;       /* the version that carries it */
    const http_request *request; /* its head */
    arena arena;
    tern_str body; /* the whole body when buffered, with a NUL after it */
    http_body_policy policy;
    const http_pace *pace; /* set by the app with the policy; NULL: the server's */
    http_field *fields;    /* the reply's extra headers, in the arena */
    unsigned field_count, field_room;
    http_trailer *trailers; /* of a streamed reply, in order, in the arena */
    uint64_t deadline_ms;   /* loop time at which the request is cancelled; 0: none */
    bool is_late;           /* it was cancelled because the deadline passed */
    bool has_client_left;   /* it was cancelled because the client left */
    bool wants_close;       /* set by the app: close after this reply */
    bool has_replied;
    int reply_status;
    uint64_t sent_bytes; /* body bytes of the reply so far */
    void *app;           /* the app layer's own */

    /* http's own */
    bool omits_body;
    bool is_streaming; /* between http_reply_begin and http_reply_end */
    bool body_is_read; /* the request body has been consumed to its end */
    uint8_t hints;     /* interim replies of http_early_hints so far */
    uint8_t scheme;    /* an http_scheme */
    uint16_t port;     /* the peer's, with `address` */
    int body_status;   /* why the body could not be read: 400, 408, 413, 503; 0 while all is well */
    const char *body_reason;
    uint64_t body_bytes; /* received so far */
    uint64_t body_began_ms;
    uint64_t reply_left;                  /* of an announced length */
    uint64_t paced_bytes, paced_began_ms; /* of a reply with a limited rate */
    http_tunnel *tunnel; /* what the stream becomes after the exchange (tunnel.h); NULL: nothing */
    buf body_buf;        /* a buffered body in a block of its own */

    char address[48]; /* the peer's; "" until asked for */
} http_exchange;

/** What http serves, filled in by the app layer. */
typedef struct http_service {
    void *self;
    /** The head is there, the body not yet. Sets x->policy and x->deadline_ms; may answer at once (a 404, a
     * 405: then the body is drained or the connection closed). Runs in the connection's coroutine. May be
     * NULL. */
    void (*accept_head)(void *self, http_exchange *x);
    /** Answers the request: exactly one http_reply_* call, or http_reply_begin .. http_reply_end. Not called
     * when accept_head has replied. */
    void (*handle)(void *self, http_exchange *x);
    /** Answers a request that HTTP itself refuses (a bad head, too large a body, a time-out). `detail` is a
     * short static clause. The connection is closed after it when the framing is lost. NULL: a plain
     * problem+json reply. */
    void (*refuse)(void *self, http_exchange *x, int status, const char *detail);
} http_service;

/** To whom interim replies are sent over HTTP/1.1; over HTTP/2 all clients understand them. */
typedef enum http_hints {
    HTTP_HINTS_AUTO, /* to browsers that open a page */
    HTTP_HINTS_ALWAYS,
    HTTP_HINTS_NEVER /* nor over HTTP/2 */
} http_hints;

typedef struct http_limits {
    http_head_limits head;
    uint64_t handshake_ms;     /* of TLS, from accept to its end */
    unsigned handshakes;       /* of TLS at once; new ones above it are closed */
    uint64_t head_ms;          /* from the first byte of a request to its whole head: 408 and close */
    uint64_t idle_ms;          /* between requests */
    uint64_t body_ms;          /* whole body; 0: no absolute bound, only the rate */
    uint64_t min_rate_bytes_s; /* slowest body in, and slowest reader of a reply, after a grace of 5 s */
    size_t body_bytes;         /* default of http_body_policy.max_bytes */
    size_t arena_bytes;        /* heap a request may take */
    unsigned connections;      /* above it the longest parked ones are dropped for new ones; 0: no limit */
    unsigned requests_per_connection; /* 0: no limit */
    bool h2c;                         /* HTTP/2 in clear text, for clients that begin with its preface */
    unsigned h2_streams;              /* requests at a time on a connection of HTTP/2; 0: 100 */
    unsigned h2_window;               /* bytes of a body ahead of its reader, 65535 at least; 0: 256 KiB */
    unsigned h2_resets;               /* streams that may be reset within 30 s; 0: 500 */
    unsigned h2_frames;               /* frames within 30 s that ask for nothing; 0: 5,000 */
    bool
        redirects_to_https; /* plain requests are answered with 308, but those for /.well-known/acme-challenge/ */
    uint16_t https_port;     /* of that address */
    const char *hsts;        /* value of Strict-Transport-Security in replies over TLS; NULL: none */
    const char *server_name; /* value of the Server header; NULL: none */
    /* peers whose connections begin with a PROXY header (proxy_header.h); they outlive the server */
    const http_network *proxies;
    unsigned proxy_count; /* 0: none */
    /* peers whose Forwarded fields count (forwarded.h), and which of these fields; they outlive the server */
    const http_network *trusted;
    unsigned trusted_count; /* 0: none */
    unsigned forwarded;     /* FORWARDED_... */
    const char *alt_svc;    /* value of the Alt-Svc header of replies over TLS; NULL: none */
    http_hints early_hints;
    const http_default *defaults; /* fields of every reply (defaults.h); their texts outlive the server */
    unsigned default_count;
} http_limits;

/** Sets x->deadline_ms, and has it watched where the request has waited already (for its body, say). */
void http_set_deadline(http_exchange *x, uint64_t at_ms);

/* -- the request's body, for streamed policies -- */

/** Reads the whole body now, by the policy so far. False when that failed: see
 * http_body_error. */
bool http_body_read_whole(http_exchange *x);
/** Waits for the next piece of the body: at least one byte, at most `size`. 0 at the end of the body; -1 when
 * it is broken, too slow, too large or cut short (the reply should be http_body_error's status). */
long http_body_read(http_exchange *x, char *out, size_t size);
/** After -1: 400, 408 or 413, with `*detail`. */
int http_body_error(const http_exchange *x, const char **detail);

/* -- the reply -- */

/** Whether a name/value may stand in a reply (RFC 9110 section 5: name a token; value without CR, LF,
 * NUL). */
bool http_field_is_valid(const char *name, size_t name_len, const char *value, size_t value_len);
/** The same for a value alone, of a name that was checked before. */
bool http_field_value_is_valid(const char *value, size_t len);
/** Adds a header to the reply; `replace` removes those of the same name first. False when out of memory
 * (the text, NUL-terminated, must outlive the exchange: literals or the arena). */
bool http_field_put_text(http_exchange *x, tern_str name, tern_str value, bool replace);
/** The reply's header of that name, or NULL. */
const http_field *http_field_find(const http_exchange *x, tern_str name);
void http_field_drop(http_exchange *x, tern_str name);

/* The same by names and values as C has them: inline, so that the lengths of literals are constants. */

static inline bool http_field_put(http_exchange *x, const char *name, const char *value, bool replace)
{
    return http_field_put_text(x, (tern_str){name, strlen(name)}, (tern_str){value, strlen(value)}, replace);
}

static inline const http_field *http_field_get(const http_exchange *x, const char *name)
{
    return http_field_find(x, (tern_str){name, strlen(name)});
}

static inline void http_field_remove(http_exchange *x, const char *name)
{
    http_field_drop(x, (tern_str){name, strlen(name)});
}

/** Sends status, the reply's headers, `type` (Content-Type, NULL for none) and a whole body. HEAD, 204 and
 * 304 send no body; `len` is then still announced for HEAD. Small replies are batched with those of pipelined
 * requests. */
void http_reply(http_exchange *x, int status, const char *type, const void *body, size_t len);

/** Starts a streamed reply: chunked, or until close for HTTP/1.0; `length` >= 0 announces it instead. */
void http_reply_begin(http_exchange *x, int status, const char *type, int64_t length);
/** Sends some of the body, waiting while the client is slow. */
void http_reply_write(http_exchange *x, const void *data, size_t len);
/** Sends what has been written so far. */
void http_reply_flush(http_exchange *x);
/** Whether the client accepts trailers: `TE: trailers`, in HTTP/1.1 or later, and not after HEAD. */
bool http_accepts_trailers(const http_exchange *x);
/** Whether a trailer can have this name and value: a valid field that a client may process after the body. */
bool http_trailer_is_allowed(const char *name, const char *value);
/** Adds an allowed field after the body of a streamed reply, which http_reply_end sends to a client that
 * accepts trailers. False when there are 32 or they are too large for a block, and when out of memory. The
 * texts must outlive the exchange. */
bool http_reply_trailer(http_exchange *x, const char *name, const char *value);
/** Sends 103 (Early Hints) with these fields before the reply. False when the client would not understand it,
 * after the reply's head, and after 8 of them. */
bool http_early_hints(http_exchange *x, const http_field *fields, unsigned count);

/** Ends a streamed reply. A reply that is never ended (the handler failed half-way) closes the connection, so
 * that no client takes a part for the whole. */
void http_reply_end(http_exchange *x);
/** Sends `length` bytes of `fd` from `offset` with sendfile(2); a file that has shrunk closes the
 * connection. */
void http_reply_file(http_exchange *x, int status, const char *type, int fd, uint64_t offset,
                     uint64_t length);

/** Bytes to send from memory, and after them a part of a file. */
typedef struct http_file_part {
    tern_str before;
    uint64_t offset, length;
} http_file_part;

/** A file: its descriptor, or its bytes in memory. */
typedef struct http_file {
    int fd;
    const char *bytes; /* NULL: those of `fd` */
} http_file;

/** Sends `count` parts of a file like http_reply_file, and `end` after the last one. */
void http_reply_file_parts(http_exchange *x, int status, const char *type, http_file file,
                           const http_file_part *parts, size_t count, tern_str end);

/** Whether the reply broke off: its end was not given to the connection, or the client is known to have
 * left. */
bool http_reply_is_cut_off(const http_exchange *x);

/** The client's address as text ("192.0.2.1", "unix:"), as a proxy has announced it or the socket knows it;
 * NUL-terminated, valid during the exchange. */
const char *http_remote_address(http_exchange *x);
uint16_t http_remote_port(http_exchange *x);
/** What encrypts the connection (tls/session.h); NULL when nothing does. */
const tls_session *http_tls(const http_exchange *x);
/** Whether the client speaks TLS: to this process, or to the trusted proxy that forwards the request. */
bool http_is_secure(const http_exchange *x);

/** "OK", "Not Found"; "Unknown" for a status of no name. */
const char *http_status_text(int status);

/* -- the server -- */

/** Whether this program can speak HTTP/2: false, with `*problem`, without the library. */
bool http_can_speak_2(const char **problem);
/** Prepares this process to serve: pools, limits. Call after fork with the loop open. The structs are
 * copied. */
bool http_server_open(const http_service *service, const http_limits *limits);
/** Has TLS connections served with `tls`, which stays the caller's. */
void http_server_set_tls(tls_context *tls);
/** Frees what the process holds for serving. All connections must be closed. */
void http_server_close(void);
/** The callbacks of worker_service. */
void http_server_on_connection(void *unused, int fd, worker_arrival arrival);
/** 503 with `detail` on a plain connection, which is then closed; one that would begin with TLS is closed
 * without a byte. */
void http_refuse(void *unused, int fd, listener_kind kind, const char *detail, unsigned retry_after_s);
void http_server_drain(void *unused, bool successor);
void http_server_abort(void *unused);
void http_server_tidy(void *unused);
/** Connections open now. */
unsigned http_server_count(void);

#endif

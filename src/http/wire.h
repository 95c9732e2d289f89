/**
 * What a version of HTTP does for an exchange, and what all versions share for it.
 *
 * exchange.h is the side of the layers above: it keeps the rules that do not depend on the version (one
 * reply, announced lengths, bodies that are omitted) and calls a wire for the bytes.
 */
#ifndef HTTP_WIRE_H
#define HTTP_WIRE_H

#include "http/connection.h"

/** Every function that returns false has marked x->stream as broken, or has been cancelled: no more can be
 * sent. All of them run in a coroutine of the request, and may wait unless they say that they do not. */
struct http_wire {
    http_version version; /* the highest that it speaks */
    /** Sends a whole reply: x->reply_status, x->fields, the content type (NULL: none) and `len` bytes, unless
     * x->omits_body. */
    bool (*reply)(http_exchange *x, const char *type, const void *body, size_t len);
    /** Sends the head of a streamed reply; `length` < 0: unknown. */
    bool (*begin)(http_exchange *x, const char *type, int64_t length);
    /** Sends a part of a streamed reply; `len` is not 0. */
    bool (*write)(http_exchange *x, const void *data, size_t len);
    /** Sends `length` bytes of a file as a part of a streamed reply; false for a file that has shrunk,
     * too. */
    bool (*send_file)(http_exchange *x, int fd, uint64_t offset, uint64_t length);
    /** Sends what has been written so far. */
    bool (*flush)(http_exchange *x);
    /** Ends a streamed reply, with x->trailers if the client accepts them. */
    bool (*end)(http_exchange *x);
    /** Sends an interim reply (1xx) now: before the reply, and only with fields that fit into a block. */
    bool (*inform)(http_exchange *x, int status, const http_field *fields, unsigned count);
    /** The handler gave up half-way through a streamed reply: tells the client that it is not whole. */
    void (*abandon)(http_exchange *x);
    /** Reads the request's body into x->body, NUL-terminated; false with body_fail called. Not called when
     * x->body_is_read. */
    bool (*read_whole)(http_exchange *x);
    /** Waits for a piece of the body, at most `most` bytes, valid until the next call. 0 at its end, with
     * x->body_is_read set; -1 with body_fail called. Counts x->body_bytes. */
    long (*read_piece)(http_exchange *x, size_t most, char **piece);
    /** Watches x->deadline_ms while the request waits. Does not wait. */
    void (*watch)(http_exchange *x);
};

/* -- exchange.c -- */

/** The memory of an exchange's arena that its stack lends. */
enum { EXCHANGE_LENT_BYTES = 2048 };

/** Begins an exchange. All members of `x` before `address` are zero, but those that say where it came from:
 * connection, stream, wire and request. */
static inline void exchange_begin(http_exchange *x, char lent[EXCHANGE_LENT_BYTES])
{
    x->address[0] = '\0';
    x->body.data = "";
    x->policy.max_bytes = http_self.limits.body_bytes;
    arena_init(&x->arena, lent, EXCHANGE_LENT_BYTES, http_self.limits.arena_bytes);
    arena_check(&x->arena);
    x->stream->exchange = x;
}
/** Answers it: calls the service, unless HTTP itself refuses the request. */
void exchange_answer(http_exchange *x);
/** Answers a request that HTTP itself refuses; `detail` is a short static clause. */
void exchange_refuse(http_exchange *x, int status, const char *detail);
/** Gives a reply that was left half-way to the wire, and frees what the exchange holds. */
static inline void exchange_end(http_exchange *x)
{
    if (x->is_streaming)
        x->wire->abandon(x);
    x->stream->exchange = NULL;
    if (arena_holds(&x->arena))
        arena_free(&x->arena);
    if (x->body_buf.data != NULL)
        body_block_put(&http_self.bodies, &x->body_buf);
}

/* -- body.c -- */

/** Reads the whole body, which has not been read, into x->body; false when it is refused (http_body_error
 * says why). */
bool body_read_whole(http_exchange *x);
/** Notes why the body cannot be read, unless that is known already; returns false. */
bool body_fail(http_exchange *x, int status, const char *reason);
/** Whether the announced length may be read at all; otherwise body_fail was called. */
bool body_is_allowed(http_exchange *x);
/** When the client must have sent more of its body; 0: no bound. The time a handler takes before it reads
 * does not count against the client. */
uint64_t body_deadline(http_exchange *x);
/** Latest time by which a peer that has moved `bytes` since `began_ms` must move more; 0: none. */
uint64_t rate_deadline(uint64_t rate, uint64_t began_ms, uint64_t bytes);
/** The rate at which the client must take the reply of an exchange, which may be NULL. */
uint64_t reply_min_rate(const http_exchange *x);

/* -- trailers.c -- */

/** The room that the lines of x->trailers and 8 bytes more need. */
size_t trailers_bytes(const http_exchange *x);

/* -- reply.c -- */

/** Sets the status, and whether it allows a body. */
static inline void reply_set_status(http_exchange *x, int status)
{
    x->reply_status = status;
    x->omits_body = x->request->method == HTTP_HEAD || status == 204 || status == 205 || status == 304;
}
enum { REPLY_NO_LENGTH = -1 };
/** The length that a whole reply of `len` bytes announces, REPLY_NO_LENGTH for none. */
static inline int64_t reply_length(const http_exchange *x, size_t len)
{
    if (!x->omits_body)
        return (int64_t)len;
    if (x->reply_status == 204 || (x->reply_status == 304 && len == 0))
        return REPLY_NO_LENGTH;
    return x->reply_status == 205 ? 0 : (int64_t)len; /* RFC 9110 section 15.3.6 */
}
/** Whether a header can contain `type`; it may come from an upload, and is left out, with a line in the log,
 * if not. */
bool reply_type_is_valid(const char *type, size_t len);

#endif

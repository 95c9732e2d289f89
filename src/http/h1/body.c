/** The body of a request in HTTP/1.1: with a length, or chunked. */
#include "http/h1/h1.h"

#include <errno.h>
#include <string.h>

enum {
    FIRST_BODY_BYTES = 64 * 1024,
    TIMES_ARRIVED = 16, /* memory taken, as a multiple of what has arrived, not of what is claimed */
    CHUNK_OVERHEAD_BYTES = 16 * 1024,
    TRAILER_BYTES = 8 * 1024
};

void h1_body_begin(http_exchange *x)
{
    http_connection *k = x->connection;
    h1_exchange *own = h1_of(x);
    if (own->head.is_chunked)
        own->chunk = (h1_chunk){0};
    own->body_left = x->request->length;
    x->body_is_read = !own->head.is_chunked && own->body_left == 0;
    if (x->body_is_read)
        return;
    own->must_continue = own->head.expects_continue && k->in_start == k->in_end;
}

/** A client that waits for leave to send its body gets it, once (RFC 9110 section 10.1.1). */
static bool send_continue(http_exchange *x)
{
    h1_exchange *own = h1_of(x);
    static const char line[] = "HTTP/1.1 100 Continue\r\n\r\n";
    if (!own->must_continue)
        return true;
    own->must_continue = false;
    if (x->has_replied) /* no 100 after the final status */
        return true;
    size_t ahead = own->sent_ahead; /* of a status line, and this one begins like any */
    own->sent_ahead = 0;
    return output_send(x->connection, line + ahead, sizeof line - 1 - ahead);
}

/** Why input_fill or a receive gave nothing. */
static bool fail_by(http_exchange *x, long got)
{
    if (got == 0)
        return body_fail(x, 400, "the body was cut short");
    return body_fail(x, 408, "the body came too slowly");
}

static bool fill(http_exchange *x)
{
    http_connection *k = x->connection;
    if (!send_continue(x))
        return body_fail(x, 400, "the client has left");
    int got = input_fill(k, body_deadline(x));
    return got == 1 ? true : fail_by(x, got);
}

/** Decodes what is in the block; `*piece` receives body bytes in place, possibly none. */
static long take_chunked(http_exchange *x, size_t most, char **piece)
{
    h1_exchange *own = h1_of(x);
    http_connection *k = x->connection;
    const h1_chunk_limits limits = {x->policy.max_bytes, CHUNK_OVERHEAD_BYTES, TRAILER_BYTES};
    size_t len = k->in_end - k->in_start, used = 0;
    if (len > most)
        len = most;
    *piece = k->in + k->in_start;
    h1_chunk_result result = h1_chunk_decode(&own->chunk, &limits, *piece, &len, &used);
    if (result == H1_CHUNK_ERROR) {
        body_fail(x, own->chunk.status, own->chunk.reason);
        return -1;
    }
    k->in_start += (uint32_t)used;
    x->body_is_read = result == H1_CHUNK_END;
    return (long)len;
}

long h1_read_piece(http_exchange *x, size_t most, char **piece)
{
    h1_exchange *own = h1_of(x);
    http_connection *k = x->connection;
    if (!body_is_allowed(x))
        return -1;
    while (!x->body_is_read) {
        if (k->in_start == k->in_end && !fill(x))
            return -1;
        long len;
        if (own->head.is_chunked) {
            len = take_chunked(x, most, piece);
        } else {
            len = (long)(k->in_end - k->in_start);
            if ((uint64_t)len > own->body_left)
                len = (long)own->body_left;
            if ((size_t)len > most)
                len = (long)most;
            *piece = k->in + k->in_start;
            k->in_start += (uint32_t)len;
            own->body_left -= (uint64_t)len;
            x->body_is_read = own->body_left == 0;
        }
        if (len > 0)
            x->body_bytes += (uint64_t)len;
        if (len != 0)
            return len;
    }
    return 0;
}

/** A body that is, or fits, after its head in the block is read in place. */
static bool read_in_place(http_exchange *x)
{
    http_connection *k = x->connection;
    size_t len = (size_t)x->request->length;
    while (k->in_end - k->in_start < len) {
        uint32_t before = k->in_end;
        if (!fill(x))
            return false;
        x->body_bytes += k->in_end - before;
    }
    x->body = (tern_str){k->in + k->in_start, len};
    k->in_start += (uint32_t)len;
    if (k->in_start == k->in_end) {
        k->in[k->in_end] = '\0'; /* the block has a byte more than in_cap for it */
        return true;
    }
    /* The next request follows: no place for the NUL that tern_body promises. */
    x->body.data = arena_text(&x->arena, x->body.data, len);
    return x->body.data != NULL || body_fail(x, 503, "out of memory");
}

/** How much of the rest to make room for at once. */
static size_t room_ahead(const http_exchange *x)
{
    const h1_exchange *own = h1_of(x);
    uint64_t most = TIMES_ARRIVED * x->body_bytes;
    if (most < FIRST_BODY_BYTES)
        most = FIRST_BODY_BYTES;
    return (size_t)(own->body_left < most ? own->body_left : most);
}

/** A longer body goes to the heap, growing as it arrives. Memory not yet written to is address space only, so
 * one step or two are enough for most bodies. */
static bool read_to_heap(http_exchange *x)
{
    h1_exchange *own = h1_of(x);
    http_connection *k = x->connection;
    buf *b = &x->body_buf;
    char *piece;
    long len;
    body_block_get(&http_self.bodies, b);
    while (k->in_start != k->in_end || own->head.is_chunked) {
        len = h1_read_piece(x, SIZE_MAX, &piece);
        if (len <= 0)
            break;
        if (!buf_add(b, piece, (size_t)len))
            return body_fail(x, 503, "out of memory");
    }
    while (x->body_status == 0 && !x->body_is_read) {
        if (b->cap - b->len < 2 && !buf_reserve(b, room_ahead(x)))
            return body_fail(x, 503, "out of memory");
        size_t room = b->cap - b->len - 1;
        if (room > own->body_left)
            room = (size_t)own->body_left;
        if (!send_continue(x) || !stream_take_turns(&k->stream, stream_units(room)) ||
            (!k->is_readable && !stream_wait_read(&k->stream, body_deadline(x))))
            return fail_by(x, -1);
        len = input_receive(k, b->data + b->len, room);
        if (len < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            continue;
        if (len <= 0)
            return fail_by(x, 0);
        b->len += (size_t)len;
        x->body_bytes += (uint64_t)len;
        own->body_left -= (uint64_t)len;
        x->body_is_read = own->body_left == 0;
    }
    if (!buf_reserve(b, 0)) /* an empty body has no block yet, and its NUL needs one */
        return body_fail(x, 503, "out of memory");
    b->data[b->len] = '\0'; /* bytes received directly into it have none yet */
    x->body = (tern_str){b->data, b->len};
    return x->body_status == 0;
}

bool h1_read_whole(http_exchange *x)
{
    http_connection *k = x->connection;
    if (h1_of(x)->head.is_chunked || k->in_start + x->request->length > k->in_cap)
        return read_to_heap(x);
    if (!read_in_place(x))
        return false;
    h1_of(x)->body_left = 0;
    x->body_is_read = true;
    return true;
}

bool h1_skip_body(http_exchange *x)
{
    h1_exchange *own = h1_of(x);
    http_connection *k = x->connection;
    char *piece;
    if (own->must_continue || x->body_status != 0 ||
        (x->request->has_length && x->request->length > x->policy.max_bytes))
        return false;
    while (!x->body_is_read && k->in_start != k->in_end)
        if (h1_read_piece(x, SIZE_MAX, &piece) < 0)
            return false;
    return x->body_is_read;
}

/** The body of a request: whole in one piece, or piece by piece for a handler that streams. */
#include "http/connection.h"

#include "runtime/unwind.h"

#include <errno.h>
#include <string.h>

enum {
    FIRST_BODY_BYTES = 64 * 1024,
    TIMES_ARRIVED = 16, /* memory taken, as a multiple of what has arrived, not of what is claimed */
    CHUNK_OVERHEAD_BYTES = 16 * 1024,
    TRAILER_BYTES = 8 * 1024
};

void body_begin(http_exchange *x)
{
    http_connection *k = x->connection;
    if (x->head.is_chunked)
        x->chunk = (h1_chunk){0};
    x->body_left = x->request->length;
    x->body_is_read = !x->head.is_chunked && x->body_left == 0;
    if (x->body_is_read)
        return;
    x->must_continue = x->head.expects_continue && k->in_start == k->in_end;
}

static bool fail(http_exchange *x, int status, const char *reason)
{
    if (x->body_status == 0) {
        x->body_status = status;
        x->body_reason = reason;
    }
    return false;
}

/** Whether the announced length may be read at all. */
static bool is_allowed(http_exchange *x)
{
    if (x->body_status == 0 && x->request->has_length && x->request->length > x->policy.max_bytes)
        fail(x, 413, "the body is larger than this route takes");
    return x->body_status == 0;
}

/** The time a handler takes before it reads does not count against the client. */
static uint64_t body_deadline(http_exchange *x)
{
    if (x->body_began_ms == 0)
        x->body_began_ms = loop_self.now_ms;
    uint64_t by_rate = rate_deadline(x->body_began_ms, x->body_bytes);
    uint64_t whole = http_self.limits.body_ms != 0 ? x->body_began_ms + http_self.limits.body_ms : 0;
    if (by_rate == 0 || whole == 0)
        return by_rate + whole;
    return by_rate < whole ? by_rate : whole;
}

/** A client that waits for leave to send its body gets it, once (RFC 9110 section 10.1.1). */
static bool send_continue(http_exchange *x)
{
    static const char line[] = "HTTP/1.1 100 Continue\r\n\r\n";
    if (!x->must_continue)
        return true;
    x->must_continue = false;
    if (x->has_replied) /* no 100 after the final status */
        return true;
    size_t ahead = x->sent_ahead; /* of a status line, and this one begins like any */
    x->sent_ahead = 0;
    return output_send(x->connection, line + ahead, sizeof line - 1 - ahead);
}

/** Why input_fill or a receive gave nothing. */
static bool fail_by(http_exchange *x, long got)
{
    if (got == 0)
        return fail(x, 400, "the body was cut short");
    return fail(x, 408, "the body came too slowly");
}

static bool fill(http_exchange *x)
{
    http_connection *k = x->connection;
    if (!send_continue(x))
        return fail(x, 400, "the client has left");
    int got = input_fill(k, body_deadline(x));
    return got == 1 ? true : fail_by(x, got);
}

/** Decodes what is in the block; `*piece` receives body bytes in place, possibly none. */
static long take_chunked(http_exchange *x, size_t most, char **piece)
{
    http_connection *k = x->connection;
    const h1_chunk_limits limits = {x->policy.max_bytes, CHUNK_OVERHEAD_BYTES, TRAILER_BYTES};
    size_t len = k->in_end - k->in_start, used = 0;
    if (len > most)
        len = most;
    *piece = k->in + k->in_start;
    h1_chunk_result result = h1_chunk_decode(&x->chunk, &limits, *piece, &len, &used);
    if (result == H1_CHUNK_ERROR) {
        fail(x, x->chunk.status, x->chunk.reason);
        return -1;
    }
    k->in_start += (uint32_t)used;
    x->body_is_read = result == H1_CHUNK_END;
    return (long)len;
}

/** The next piece of the body, at most `most` bytes, valid until more input is received; 0 at its end, -1
 * refused. */
static long next_piece(http_exchange *x, size_t most, char **piece)
{
    http_connection *k = x->connection;
    if (!is_allowed(x))
        return -1;
    while (!x->body_is_read) {
        if (k->in_start == k->in_end && !fill(x))
            return -1;
        long len;
        if (x->head.is_chunked) {
            len = take_chunked(x, most, piece);
        } else {
            len = (long)(k->in_end - k->in_start);
            if ((uint64_t)len > x->body_left)
                len = (long)x->body_left;
            if ((size_t)len > most)
                len = (long)most;
            *piece = k->in + k->in_start;
            k->in_start += (uint32_t)len;
            x->body_left -= (uint64_t)len;
            x->body_is_read = x->body_left == 0;
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
    return x->body.data != NULL || fail(x, 503, "out of memory");
}

/** How much of the rest to make room for at once. */
static size_t room_ahead(const http_exchange *x)
{
    uint64_t most = TIMES_ARRIVED * x->body_bytes;
    if (most < FIRST_BODY_BYTES)
        most = FIRST_BODY_BYTES;
    return (size_t)(x->body_left < most ? x->body_left : most);
}

/** A longer body goes to the heap, growing as it arrives. Memory not yet written to is address space only, so
 * one step or two are enough for most bodies. */
static bool read_to_heap(http_exchange *x)
{
    http_connection *k = x->connection;
    buf *b = &x->body_buf;
    char *piece;
    long len;
    body_block_get(&http_self.bodies, b);
    while (k->in_start != k->in_end || x->head.is_chunked) {
        len = next_piece(x, SIZE_MAX, &piece);
        if (len <= 0)
            break;
        if (!buf_add(b, piece, (size_t)len))
            return fail(x, 503, "out of memory");
    }
    while (x->body_status == 0 && !x->body_is_read) {
        if (b->cap - b->len < 2 && !buf_reserve(b, room_ahead(x)))
            return fail(x, 503, "out of memory");
        size_t room = b->cap - b->len - 1;
        if (room > x->body_left)
            room = (size_t)x->body_left;
        if (!send_continue(x) || !connection_take_turns(k, connection_units(room)) ||
            (!k->is_readable && !connection_wait_read(k, body_deadline(x))))
            return fail_by(x, -1);
        len = input_receive(k, b->data + b->len, room);
        if (len < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            continue;
        if (len <= 0)
            return fail_by(x, 0);
        b->len += (size_t)len;
        x->body_bytes += (uint64_t)len;
        x->body_left -= (uint64_t)len;
        x->body_is_read = x->body_left == 0;
    }
    if (!buf_reserve(b, 0)) /* an empty body has no block yet, and its NUL needs one */
        return fail(x, 503, "out of memory");
    b->data[b->len] = '\0'; /* bytes received directly into it have none yet */
    x->body = (tern_str){b->data, b->len};
    return x->body_status == 0;
}

bool body_read_whole(http_exchange *x)
{
    http_connection *k = x->connection;
    x->body = (tern_str){"", 0};
    if (x->body_is_read)
        return true;
    if (!is_allowed(x))
        return false;
    if (x->head.is_chunked || k->in_start + x->request->length > k->in_cap)
        return read_to_heap(x);
    if (!read_in_place(x))
        return false;
    x->body_left = 0;
    x->body_is_read = true;
    return true;
}

bool body_skip_buffered(http_exchange *x)
{
    http_connection *k = x->connection;
    char *piece;
    if (x->must_continue || x->body_status != 0 ||
        (x->request->has_length && x->request->length > x->policy.max_bytes))
        return false;
    while (!x->body_is_read && k->in_start != k->in_end)
        if (next_piece(x, SIZE_MAX, &piece) < 0)
            return false;
    return x->body_is_read;
}

long http_body_read(http_exchange *x, char *out, size_t size)
{
    char *piece;
    if (size == 0)
        return 0;
    if (!connection_take_turns(x->connection, BUDGET_STEP))
        unwind_throw(UNWIND_CANCELLED);
    if (x->connection->reader != NULL) {
        fail(x, 500, "two tasks read one body");
        return -1;
    }
    long len = next_piece(x, size, &piece);
    if (len < 0 && coro_self()->is_cancelled)
        unwind_throw(UNWIND_CANCELLED);
    if (len > 0)
        memcpy(out, piece, (size_t)len);
    return len;
}

int http_body_error(const http_exchange *x, const char **detail)
{
    *detail = x->body_reason;
    return x->body_status;
}

/**
 * The body of a request in HTTP/2: DATA frames and windows (RFC 9113 sections 5.2 and 6.9).
 *
 * A client may send more only after the handler has read what it sent, so a stream's buffer is never larger than its
 * window; a body that is read as a whole is limited by its policy instead.
 */
#include "http/h2/h2.h"

#include "base/mem.h"

enum { BLOCK_BYTES = 8 * 1024 /* a body that begins with this much at once is given a large block */ };

void body_consume(h2_connection *h, size_t len)
{
    h->consumed += (uint32_t)len;
    if (h->consumed >= H2_CONNECTION_WINDOW / 2 && !h->is_dead && !h->has_failed) {
        out_window(h, 0, h->consumed);
        h->credit += h->consumed;
        h->consumed = 0;
    }
}

void body_take(h2_stream *s, size_t len)
{
    body_consume(s->h, len);
    s->consumed += (uint32_t)len;
    if (s->consumed >= http_self.limits.h2_window / 2 && !s->is_remote_closed && !s->base.is_broken) {
        out_window(s->h, s->priority.id, s->consumed);
        s->credit += s->consumed;
        s->consumed = 0;
    }
}

static bool is_too_large(const http_exchange *x)
{
    return x->body_bytes > x->policy.max_bytes;
}

/** Whether nobody will read more of the body. */
static bool is_unwanted(const h2_stream *s)
{
    const http_exchange *x = s->base.exchange;
    return x == NULL || x->has_replied || x->body_status != 0;
}

/** Bytes of a tunnel: no more of them than its window are held. */
static bool add_to_tunnel(h2_stream *s, const char *data, size_t len)
{
    if (s->body_at == s->body.len)
        s->body.len = s->body_at = 0;
    if (!buf_add(&s->body, data, len)) {
        body_consume(s->h, len);
        return stream_refuse(s, H2_INTERNAL_ERROR);
    }
    tunnel_tell_later(s->tunnel, TUNNEL_READABLE);
    return true;
}

bool body_add(h2_stream *s, const char *data, size_t len)
{
    http_exchange *x = s->base.exchange;
    s->received += len;
    if (s->tunnel != NULL)
        return add_to_tunnel(s, data, len);
    if (s->has_length && s->received > s->length)
        return stream_refuse(s, H2_PROTOCOL_ERROR);
    if (is_unwanted(s) && !(x != NULL && x->policy.is_streamed && x->body_status == 0)) {
        body_consume(s->h, len);
        return true;
    }
    if (s->body_at == s->body.len)
        s->body.len = s->body_at = 0;
    if (s->body.data == NULL && len >= BLOCK_BYTES)
        body_block_get(&http_self.bodies, &s->body);
    if (!buf_add(&s->body, data, len)) {
        body_fail(x, 503, "out of memory");
        body_consume(s->h, len);
    }
    x->body_bytes = s->received;
    if (s->is_whole_body && x->body_status == 0 && !is_too_large(x))
        body_take(s, len);
    else if (s->base.reader != NULL)
        coro_wake(s->base.reader);
    return true;
}

bool body_end(h2_stream *s)
{
    if (s->has_length && s->received != s->length)
        return stream_refuse(s, H2_PROTOCOL_ERROR);
    s->is_remote_closed = true;
    if (s->tunnel != NULL) {
        tunnel_tell_later(s->tunnel, TUNNEL_READABLE);
        return true;
    }
    if (s->is_lingering) {
        stream_free_lingering(s);
        return true;
    }
    if (s->base.reader != NULL)
        coro_wake(s->base.reader);
    return true;
}

/** A client that waits for leave to send its body gets it, once (RFC 9110 section 10.1.1). */
static void send_continue(http_exchange *x)
{
    h2_stream *s = h2_of(x);
    if (!s->must_continue)
        return;
    s->must_continue = false;
    char *at = x->has_replied || s->received > 0 ? NULL : out_room(s, H2_FRAME_HEAD_BYTES + 16);
    if (at == NULL)
        return;
    char *end = encoder_status(&s->h->encoder, at + H2_FRAME_HEAD_BYTES, 100);
    h2_put_frame_head(at, (size_t)(end - at) - H2_FRAME_HEAD_BYTES, H2_HEADERS, H2_END_HEADERS,
                      s->priority.id);
    s->h->out_len += (uint32_t)(end - at);
    h2_settle_later(s->h);
}

/** Waits for more of the body, or for its end. */
static bool wait_for_more(http_exchange *x)
{
    h2_stream *s = h2_of(x);
    send_continue(x);
    uint64_t at_ms = body_deadline(x);
    if (stream_wait_read(&s->base, at_ms))
        return !s->base.is_broken || body_fail(x, 400, "the body was cut short");
    if (s->base.is_broken || coro_self()->is_cancelled)
        return body_fail(x, 400, "the body was cut short");
    at_ms = body_deadline(x); /* more has arrived since */
    return at_ms == 0 || at_ms > loop_self.now_ms || body_fail(x, 408, "the body came too slowly");
}

bool body_whole(http_exchange *x)
{
    h2_stream *s = h2_of(x);
    s->is_whole_body = true;
    if (s->body.len != 0)
        body_take(s, s->body.len);
    while (!s->is_remote_closed || is_too_large(x)) {
        if (is_too_large(x))
            return body_fail(x, 413, "the body is larger than this route takes");
        if (x->body_status != 0 || !wait_for_more(x))
            return false;
    }
    if (x->body_status != 0 || !buf_reserve(&s->body, 0))
        return body_fail(x, 503, "out of memory");
    s->body.data[s->body.len] = '\0';
    x->body_buf = s->body;
    s->body = (buf){0};
    x->body = (tern_str){x->body_buf.data, x->body_buf.len};
    x->body_is_read = true;
    return true;
}

long body_piece(http_exchange *x, size_t most, char **piece)
{
    h2_stream *s = h2_of(x);
    while (s->body_at == s->body.len && !s->is_remote_closed)
        if (x->body_status != 0 || !wait_for_more(x))
            return -1;
    if (is_too_large(x)) {
        body_fail(x, 413, "the body is larger than this route takes");
        return -1;
    }
    if (x->body_status != 0)
        return -1;
    size_t len = s->body.len - s->body_at;
    if (len > most)
        len = most;
    if (len != 0) {
        *piece = s->body.data + s->body_at;
        s->body_at += len;
        body_take(s, len);
    }
    x->body_is_read = s->is_remote_closed && s->body_at == s->body.len;
    return (long)len;
}

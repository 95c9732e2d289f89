/**
 * A stream that has become a tunnel: an extended CONNECT (RFC 8441) that was accepted.
 *
 * Its bytes are DATA in both directions, within the windows. It waits to send among the other streams, in their order;
 * when its turn comes its user is told instead of a coroutine.
 */
#include "base/mem.h"
#include "http/h2/h2.h"

#include <errno.h>
#include <string.h>

static ssize_t receive(http_tunnel *t, void *into, size_t size)
{
    h2_stream *s = t->of;
    size_t len = s->body.len - s->body_at;
    if (len == 0) {
        if (s->is_remote_closed)
            return 0;
        errno = EAGAIN;
        return -1;
    }
    if (len > size)
        len = size;
    memcpy(into, s->body.data + s->body_at, len);
    s->body_at += len;
    if (s->body_at == s->body.len) { /* one that is idle holds no block */
        body_block_put(&http_self.bodies, &s->body);
        s->body_at = 0;
    }
    body_take(s, len);
    return (ssize_t)len;
}

static ssize_t send_parts(http_tunnel *t, struct iovec *parts, size_t count)
{
    h2_stream *s = t->of;
    size_t sent = 0;
    for (size_t i = 0; i < count && !s->base.is_broken; i++) {
        const char *data = parts[i].iov_base;
        size_t n = 1, left = parts[i].iov_len;
        for (; left != 0 && n != 0; left -= n, data += n, sent += n) {
            n = out_data_try(s, left);
            if (n == 0)
                break;
            memcpy(out_end(s->h) + H2_FRAME_HEAD_BYTES, data, n);
            reply_put_data(s, n, false);
        }
        if (left != 0)
            break;
    }
    if (sent != 0 || s->base.is_broken)
        return s->base.is_broken ? -1 : (ssize_t)sent;
    errno = EAGAIN;
    return -1;
}

static void close_tunnel(http_tunnel *t, bool is_whole)
{
    h2_stream *s = t->of;
    h2_connection *h = s->h;
    if (!s->base.is_broken && !s->is_local_closed) {
        if (is_whole) {
            s->is_local_closed = true;
            out_control(h, H2_DATA, H2_END_STREAM, s->priority.id, NULL, 0);
        } else {
            stream_give_up(s, H2_CANCEL);
        }
    }
    s->tunnel = NULL;
    out_forget(s);
    stream_end_tunnel(s);
}

/** A turn that was not used is another stream's. */
static void after_writable(http_tunnel *t)
{
    h2_stream *s = t->of;
    if (s->h->granted == s)
        out_forget(s);
}

static const http_tunnel_wire wire = {receive, send_parts, close_tunnel, after_writable};

void h2_tunnel_take(http_exchange *x)
{
    h2_stream *s = h2_of(x);
    if (s->base.is_broken) { /* its user has not begun yet */
        mem_free(x->tunnel);
        x->tunnel = NULL;
    } else if (tunnel_begin(x, &wire, s)) {
        s->tunnel = x->tunnel;
        tunnel_tell_later(s->tunnel, TUNNEL_READABLE | (http_self.is_draining ? TUNNEL_DRAIN : 0));
    } else {
        stream_give_up(s, H2_INTERNAL_ERROR);
    }
}

void h2_tunnels_tell(h2_connection *h, unsigned events)
{
    for (unsigned i = 0; i < H2_BUCKETS; i++)
        list_each (link, &h->buckets[i]) {
            h2_stream *s = list_owner(link, h2_stream, link);
            if (s->tunnel != NULL)
                tunnel_tell_later(s->tunnel, events);
        }
}

/** Tunnels: what both versions of HTTP share. */
#include "http/tunnel.h"

#include "base/mem.h"
#include "http/wire.h"

#include <string.h>

/* -- the request, kept for as long as the tunnel -- */

/* For what the layers above take from the arena while they answer: with more, a tunnel costs another chunk. */
enum { TUNNEL_ROOM_BYTES = 1536 };

static size_t head_bytes(const http_request *request)
{
    size_t bytes = request->path.len + request->query.len + request->host.len + request->method_text.len + 4;
    for (unsigned i = 0; i < request->header_count; i++)
        bytes += (size_t)request->headers[i].name_len + request->headers[i].value_len + 2;
    return bytes;
}

/** Appends a text with a NUL. */
static char *put(char **at, const char *data, size_t len)
{
    char *copy = *at;
    if (len != 0)
        memcpy(copy, data, len);
    copy[len] = '\0';
    *at += len + 1;
    return copy;
}

static void keep_text(char **at, tern_str *text)
{
    if (text->data != NULL)
        text->data = put(at, text->data, text->len);
}

bool tunnel_keep_head(http_exchange *x)
{
    const http_request *from = x->request;
    /* The memory lent by the stack ends with the exchange, so nothing may be taken from it. */
    arena_init(&x->arena, NULL, 0, x->arena.limit_bytes);
    arena_check(&x->arena);
    const size_t texts = head_bytes(from), list = from->header_count * sizeof(http_header);
    const size_t whole = sizeof *from + list + texts + TUNNEL_ROOM_BYTES;
    if (!arena_reserve(&x->arena, arena_rounded(whole)))
        return false;
    http_request *to = arena_alloc(&x->arena, sizeof *to);
    http_header *headers = arena_alloc(&x->arena, list);
    char *at = arena_alloc(&x->arena, texts);
    *to = *from;
    to->headers = headers;
    keep_text(&at, &to->method_text);
    keep_text(&at, &to->path);
    keep_text(&at, &to->query);
    keep_text(&at, &to->host);
    for (unsigned i = 0; i < from->header_count; i++) {
        headers[i] = from->headers[i];
        headers[i].name = put(&at, from->headers[i].name, from->headers[i].name_len);
        headers[i].value = put(&at, from->headers[i].value, from->headers[i].value_len);
    }
    x->request = to;
    return true;
}

/* -- the beginning -- */

static void run(loop_later *later)
{
    http_tunnel *t = list_owner(later, http_tunnel, later);
    unsigned events = t->events;
    t->is_queued = false;
    t->events = 0;
    tunnel_tell(t, events);
}

bool http_reply_tunnel(http_exchange *x, const http_tunnel_user *user, void *self)
{
    http_tunnel *t = x->request->wants_tunnel && !x->has_replied ? mem_zero(1, sizeof *t) : NULL;
    if (t == NULL)
        return false;
    *t = (http_tunnel){.user = user, .self = self, .later.run = run};
    x->has_replied = true;
    x->deadline_ms = 0;
    x->reply_status = 101;
    x->tunnel = t;
    if (!x->wire->begin_tunnel(x)) {
        x->tunnel = NULL;
        mem_free(t);
        return false;
    }
    return true;
}

bool tunnel_begin(http_exchange *x, const http_tunnel_wire *wire, void *of)
{
    http_tunnel *t = x->tunnel;
    t->wire = wire;
    t->of = of;
    if (t->user->begin(t, x))
        return true;
    x->tunnel = NULL;
    mem_free(t);
    return false;
}

/* -- events -- */

static void tell(http_tunnel *t, unsigned events)
{
    const http_tunnel_user *user = t->user;
    if (events & TUNNEL_LOST) {
        t->is_lost = true;
        user->on_lost(t);
        return;
    }
    if (events & TUNNEL_CANCEL)
        user->on_cancel(t);
    if ((events & TUNNEL_DRAIN) && !t->is_closed)
        user->on_drain(t);
    if ((events & TUNNEL_WRITABLE) && !t->is_closed)
        user->on_writable(t);
    if ((events & TUNNEL_WRITABLE) && !t->is_closed && t->wire->after_writable != NULL)
        t->wire->after_writable(t);
    if ((events & TUNNEL_READABLE) && !t->is_closed)
        user->on_readable(t);
}

void tunnel_tell(http_tunnel *t, unsigned events)
{
    if (!t->is_closed && !t->is_lost) {
        t->is_telling = true;
        tell(t, events);
        t->is_telling = false;
    }
    if (t->is_closed && !t->is_queued)
        mem_free(t);
}

void tunnel_tell_later(http_tunnel *t, unsigned events)
{
    t->events |= (uint8_t)events;
    if (!t->is_queued) {
        t->is_queued = true;
        loop_do_later(&t->later);
    }
}

void http_tunnel_again(http_tunnel *t)
{
    tunnel_tell_later(t, TUNNEL_READABLE);
}

void http_tunnel_close(http_tunnel *t, bool is_whole)
{
    t->is_closed = true;
    t->wire->close(t, is_whole && !t->is_lost);
    if (!t->is_telling && !t->is_queued)
        mem_free(t);
}

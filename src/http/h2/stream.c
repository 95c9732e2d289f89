/**
 * Streams: RFC 9113 section 5.
 *
 * A stream is in its bucket from its head until its coroutine has ended; after that its number is a closed one.
 */
#include "http/h2/h2.h"

#include <string.h>

enum { LINGER_MS = 1000 /* that a client may go on sending a body after the whole reply */ };

static list_link *bucket_of(h2_connection *h, uint32_t id)
{
    return &h->buckets[(id >> 1) % H2_BUCKETS];
}

h2_stream *stream_find(h2_connection *h, uint32_t id)
{
    list_each (link, bucket_of(h, id)) {
        h2_stream *s = list_owner(link, h2_stream, link);
        if (s->priority.id == id)
            return s->base.is_broken ? NULL : s;
    }
    return NULL;
}

static void note_reset(h2_connection *h, uint32_t id)
{
    h->resets_known[h->resets_next++ % H2_RESETS_KNOWN] = id;
}

bool stream_is_ignored(const h2_connection *h, uint32_t id)
{
    if (h->leaving == H2_LEAVES && id > h->last_taken)
        return true;
    for (unsigned i = 0; i < H2_RESETS_KNOWN; i++)
        if (h->resets_known[i] == id)
            return true;
    return false;
}

/* -- the end -- */

static void forget_stream(h2_connection *h, const h2_stream *s)
{
    if (h->input.stream == s)
        h->input.stream = NULL;
    if (h->head_stream == s)
        h->head_stream = NULL;
    if (h->granted == s)
        h->granted = NULL;
}

static void free_stream(h2_stream *s)
{
    h2_connection *h = s->h;
    if (timer_is_running(&s->timer))
        timer_stop(&loop_self.timers, &s->timer);
    if (s->body.data != NULL)
        body_block_put(&http_self.bodies, &s->body);
    pool_put(&h2_self.heads, s->head);
    pool_put(&h2_self.streams, s);
    h2_settle_later(h);
}

/** Takes it off the connection: after its coroutine. */
static void close_stream(h2_stream *s)
{
    h2_connection *h = s->h;
    forget_stream(h, s);
    list_remove(&s->link);
    h->stream_count--;
    if (h->out_len != 0)
        h->ended++;
    if (h->stream_count == 0)
        h->idle_began_ms = loop_self.now_ms;
}

/** After its coroutine. A client that is still sending its body may finish it within what its window allows: many take
 * a reset for a failure, even after a whole reply. */
static void end_stream(h2_stream *s)
{
    if (!s->base.is_broken && !s->is_local_closed) /* it has not replied */
        stream_give_up(s, H2_INTERNAL_ERROR);
    if (s->body.data != NULL) { /* what nobody has read makes room all the same */
        body_consume(s->h, s->body.len - s->body_at);
        body_block_put(&http_self.bodies, &s->body);
    }
    if (s->base.is_broken || s->is_remote_closed) {
        close_stream(s);
        return;
    }
    s->is_lingering = true;
    timer_start(&loop_self.timers, &s->timer, loop_self.now_ms + LINGER_MS);
}

void stream_free_lingering(h2_stream *s)
{
    close_stream(s);
    free_stream(s);
}

void stream_abort(h2_stream *s)
{
    forget_stream(s->h, s);
    s->base.is_broken = true;
    if (s->is_lingering) {
        stream_free_lingering(s);
        return;
    }
    if (s->tunnel != NULL) {
        tunnel_tell_later(s->tunnel, TUNNEL_LOST);
        return;
    }
    if (s->base.reader != NULL)
        coro_wake(s->base.reader);
    if (s->base.writer != NULL)
        coro_wake(s->base.writer);
    stream_cancel(&s->base);
}

void stream_give_up(h2_stream *s, h2_error error)
{
    s->base.is_broken = true; /* first: it must not be ended once more if the connection is lost here */
    out_reset(s->h, s->priority.id, error);
    note_reset(s->h, s->priority.id);
}

bool stream_refuse(h2_stream *s, h2_error error)
{
    h2_connection *h = s->h;
    stream_give_up(s, error);
    stream_abort(s);
    return calm_reset(h);
}

bool stream_refuse_id(h2_connection *h, uint32_t id, h2_error error)
{
    if (id > h->last_id) { /* a stream that was never opened cannot be reset */
        h2_fail(h, error, "a frame is not allowed on a stream that is not open");
        return false;
    }
    out_reset(h, id, error);
    note_reset(h, id);
    return calm_reset(h);
}

/* -- the coroutine -- */

static void answer(h2_stream *s)
{
    http_exchange x;
    char lent[EXCHANGE_LENT_BYTES];
    memset(&x, 0, offsetof(http_exchange, address));
    x.connection = s->h->k;
    x.stream = &s->base;
    x.wire = &h2_wire;
    x.request = &s->head->request;
    x.body_is_read = s->is_remote_closed || s->head->is_connect;
    exchange_begin(&x, lent);
    if (s->head->status != 0)
        exchange_refuse(&x, s->head->status, s->head->reason);
    else
        exchange_answer(&x);
    if (x.tunnel != NULL)
        h2_tunnel_take(&x);
    exchange_end(&x);
}

/** Its exchange has ended, and with it what only that needed. */
static void become_tunnel(h2_stream *s)
{
    pool_put(&h2_self.heads, s->head);
    s->head = NULL;
    s->base.runner = NULL;
    h2_settle_later(s->h);
}

void stream_end_tunnel(h2_stream *s)
{
    end_stream(s);
    if (!s->is_lingering)
        free_stream(s);
}

static void stream_main(void *arg)
{
    h2_stream *s = arg;
    s->base.runner = coro_self();
    answer(s);
    if (s->tunnel != NULL) {
        become_tunnel(s);
        return;
    }
    end_stream(s);
    s->base.runner = NULL;
    s->is_over = !s->is_lingering;
    if (s->is_over && !s->is_starting)
        free_stream(s);
}

static void on_timer(timer_entry *timer)
{
    h2_stream *s = list_owner(timer, h2_stream, timer);
    http_exchange *x = s->base.exchange;
    if (s->is_lingering) {
        stream_give_up(s, H2_NO_ERROR); /* RFC 9113 section 8.1 */
        stream_free_lingering(s);
        return;
    }
    if (x == NULL || x->deadline_ms == 0)
        return;
    if (x->deadline_ms > loop_self.now_ms) {
        stream_watch(x);
        return;
    }
    x->is_late = true;
    coro_cancel(s->base.runner);
}

void stream_watch(http_exchange *x)
{
    h2_stream *s = h2_of(x);
    if (x->deadline_ms != 0 && (!timer_is_running(&s->timer) || s->timer.at_ms > x->deadline_ms))
        timer_start(&loop_self.timers, &s->timer, x->deadline_ms);
}

static void begin_stream(h2_connection *h, h2_stream *s, h2_head *head, const h2_priority *priority)
{
    *s = (h2_stream){.h = h,
                     .head = head,
                     .priority = *priority,
                     .has_length = head->request.has_length,
                     .length = head->request.length,
                     .window = h->first_window,
                     .credit = http_self.limits.h2_window,
                     .timer.fire = on_timer};
    stream_init(&s->base);
    list_init(&s->send_link);
    list_append(bucket_of(h, priority->id), &s->link);
    h->stream_count++;
    h->k->requests++;
}

void stream_start(h2_connection *h, h2_head *head, uint32_t id, bool ends, const h2_priority *priority)
{
    h2_stream *s = pool_get(&h2_self.streams);
    if (s == NULL) {
        pool_put(&h2_self.heads, head);
        stream_refuse_id(h, id, H2_REFUSED_STREAM);
        return;
    }
    begin_stream(h, s, head, priority);
    s->is_remote_closed = ends;
    s->must_continue = head->expects_continue && !ends;
    s->is_starting = true;
    bool has_started = coro_start(stream_main, s);
    s->is_starting = false;
    if (!has_started) {
        close_stream(s);
        stream_refuse_id(h, id, H2_REFUSED_STREAM);
    }
    if (!has_started || s->is_over) {
        free_stream(s);
    } else if (!s->is_lingering) {
        s->base.has_suspended = s->tunnel == NULL;
        if (s->base.exchange != NULL)
            stream_watch(s->base.exchange);
        h2_settle_later(h);
    }
    unsigned most = http_self.limits.requests_per_connection;
    if (most != 0 && h->k->requests >= most)
        h2_leave(h);
}

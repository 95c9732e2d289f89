/**
 * Frames to the socket: one block for the connection, sent once in a turn of the loop; and whose turn it is to add to
 * it (RFC 9218 section 10).
 *
 * Hot path: out_room and out_data_room without a sender that waits.
 */
#include "http/h2/h2.h"

#include "http/transport.h"

#include <errno.h>
#include <string.h>

enum {
    FOR_STREAMS = H2_OUT_BYTES - H2_OUT_RESERVE,
    LEAST_FRAME_BYTES = 1024, /* a shorter DATA frame is not begun for want of room */
    ROOM_FOR_DATA = LEAST_FRAME_BYTES + H2_FRAME_HEAD_BYTES
};

static bool has_block(h2_connection *h)
{
    if (h->is_dead)
        return false;
    if (h->out == NULL && (h->out = pool_get(&h2_self.outputs)) == NULL) {
        h2_lose(h); /* no memory for even one frame */
        return false;
    }
    return true;
}

void out_control(h2_connection *h, h2_type type, unsigned flags, uint32_t id, const void *payload, size_t len)
{
    if (h->has_failed || !has_block(h))
        return;
    if (H2_OUT_BYTES - h->out_len <
        H2_FRAME_HEAD_BYTES + len) { /* the client reads nothing that it asks for */
        h2_lose(h);
        return;
    }
    char *at = h2_put_frame_head(out_end(h), len, type, flags, id);
    if (len != 0)
        memcpy(at, payload, len);
    h->out_len += H2_FRAME_HEAD_BYTES + (uint32_t)len;
    h2_settle_later(h);
}

void out_reset(h2_connection *h, uint32_t id, h2_error error)
{
    char payload[4];
    h2_put_u32(payload, error);
    out_control(h, H2_RST_STREAM, 0, id, payload, sizeof payload);
}

void out_window(h2_connection *h, uint32_t id, uint32_t bytes)
{
    char payload[4];
    h2_put_u32(payload, bytes);
    out_control(h, H2_WINDOW_UPDATE, 0, id, payload, sizeof payload);
}

/* -- sending -- */

static void note_blocked(h2_connection *h)
{
    h->is_blocked = true;
    if (h->stall_began_ms == 0) {
        h->stall_began_ms = loop_self.now_ms;
        h->stall_bytes = 0;
    }
}

static void after_send(h2_connection *h, size_t sent)
{
    if (sent == h->out_len) {
        pool_put(&h2_self.outputs, h->out);
        h->out = NULL;
        h->out_len = h->ended = 0;
        h->stall_began_ms = 0;
        return;
    }
    h->stall_bytes += sent;
    h->out_len -= (uint32_t)sent;
    memmove(h->out, h->out + sent, h->out_len);
}

void out_flush(h2_connection *h)
{
    while (h->out_len != 0 && !h->is_blocked && !h->is_dead) {
        struct iovec part = {h->out, h->out_len};
        ssize_t n = transport_send(h->k, &part, 1, false);
        if (n >= 0)
            after_send(h, (size_t)n);
        else if (errno == EAGAIN || errno == EWOULDBLOCK)
            note_blocked(h);
        else if (errno != EINTR)
            h2_lose(h);
    }
}

/* -- whose turn it is -- */

/** Whether `a` is sent before `b`: the more urgent one; of those not incremental the one asked for first. */
static bool precedes(const h2_priority *a, const h2_priority *b)
{
    if (a->urgency != b->urgency)
        return a->urgency < b->urgency;
    if (a->is_incremental || b->is_incremental)
        return false; /* they take turns */
    return a->id < b->id;
}

static h2_stream *first_sender(const h2_connection *h)
{
    h2_stream *first = NULL;
    list_each (link, &h->senders) {
        h2_stream *s = list_owner(link, h2_stream, send_link);
        bool fits = !s->base.is_broken && h->out_len + s->room_wanted <= FOR_STREAMS;
        if (fits && (!s->needs_window || (s->window > 0 && h->window > 0)) &&
            (first == NULL || precedes(&s->priority, &first->priority)))
            first = s;
    }
    return first;
}

void out_pump(h2_connection *h)
{
    if (h->granted != NULL || list_empty(&h->senders))
        return;
    h2_stream *s = first_sender(h);
    if (s == NULL)
        return;
    h->granted = s;
    coro_wake(s->base.writer);
}

/** Whether another stream that waits should send before this one goes on. */
static bool must_yield(const h2_connection *h, const h2_stream *s)
{
    if (list_empty(&h->senders) || h->granted == s)
        return false;
    const h2_stream *first = first_sender(h);
    return first != NULL && !precedes(&s->priority, &first->priority);
}

/** When a stream that waits must have moved more. */
static uint64_t pace_deadline(const h2_stream *s)
{
    return rate_deadline(reply_min_rate(s->base.exchange), s->pace_began_ms, s->pace_bytes);
}

/** After the deadline: whether the stream waits for others rather than for its client. */
static bool is_patient(h2_stream *s, uint64_t sent_before)
{
    h2_connection *h = s->h;
    uint64_t now = loop_self.now_ms;
    if ((s->needs_window && s->window <= 0) ||
        rate_deadline(reply_min_rate(s->base.exchange), s->pace_began_ms, h->sent_bytes - sent_before) <= now)
        return false;
    s->pace_began_ms = now;
    s->pace_bytes = 0;
    return true;
}

/** Waits until out_pump gives the stream its turn; false when it can send no more. */
static bool wait_turn(h2_stream *s)
{
    h2_connection *h = s->h;
    if (s->pace_began_ms == 0) {
        s->pace_began_ms = loop_self.now_ms;
        s->pace_bytes = 0;
    }
    uint64_t sent_before = h->sent_bytes;
    list_append(&h->senders, &s->send_link);
    h2_settle_later(h);
    for (;;) {
        bool is_woken = stream_wait_write(&s->base, pace_deadline(s));
        if (is_woken && h->granted == s)
            break;
        if (s->base.is_broken || coro_self()->is_cancelled)
            break;
        if (!is_woken && !is_patient(s, sent_before)) {
            stream_give_up(s, H2_CANCEL);
            break;
        }
        sent_before = h->sent_bytes;
    }
    list_remove(&s->send_link);
    return !s->base.is_broken && !coro_self()->is_cancelled;
}

/** Gives the socket what is there, so that there is more room; false when the request is to end. */
static bool make_room(h2_stream *s)
{
    h2_connection *h = s->h;
    uint32_t before = h->out_len;
    out_flush(h);
    if (h->out_len == before)
        return !s->base.is_broken;
    s->base.writer = coro_self(); /* other tasks of the request wait for the whole of this write */
    bool goes_on = stream_take_turns(&s->base, stream_units(before - h->out_len));
    s->base.writer = NULL;
    return goes_on && !s->base.is_broken;
}

/** Ends a turn that was given to `s`: the next one is chosen at the end of the turn of the loop. */
static void use_turn(h2_connection *h, h2_stream *s)
{
    if (h->granted == s)
        h->granted = NULL;
    if (!list_empty(&s->base.write_turns))
        stream_wake_turns(&s->base);
    h2_settle_later(h);
}

char *out_room(h2_stream *s, size_t size)
{
    h2_connection *h = s->h;
    while (!s->base.is_broken && has_block(h)) {
        if (h->out_len + size <= FOR_STREAMS) {
            use_turn(h, s);
            return out_end(h);
        }
        s->needs_window = false;
        s->room_wanted = (uint32_t)size;
        if (!make_room(s) || (h->out_len + size > FOR_STREAMS && !wait_turn(s)))
            break;
    }
    use_turn(h, s);
    return NULL;
}

static size_t data_room(const h2_stream *s, size_t want)
{
    const h2_connection *h = s->h;
    int64_t window = s->window < h->window ? s->window : h->window;
    int64_t room = (int64_t)FOR_STREAMS - h->out_len - H2_FRAME_HEAD_BYTES;
    int64_t most = want < H2_FRAME_MOST ? (int64_t)want : H2_FRAME_MOST;
    if (room < most && room < LEAST_FRAME_BYTES)
        return 0;
    if (room < most)
        most = room;
    if (window < most)
        most = window;
    return most > 0 ? (size_t)most : 0;
}

size_t out_data_room(h2_stream *s, size_t want)
{
    h2_connection *h = s->h;
    while (!s->base.is_broken && has_block(h)) {
        size_t n = must_yield(h, s) ? 0 : data_room(s, want);
        if (n != 0) {
            use_turn(h, s);
            return n;
        }
        s->needs_window = true;
        s->room_wanted = ROOM_FOR_DATA;
        if (h->out_len + ROOM_FOR_DATA > FOR_STREAMS) {
            if (!make_room(s))
                break;
            if (data_room(s, want) != 0 && !must_yield(h, s))
                continue;
        }
        if (!wait_turn(s))
            break;
    }
    use_turn(h, s);
    return 0;
}

/**
 * HTTP/2 on a connection: events, timers, its end.
 *
 * Hot path: on_event and settle. One receive, the frames, and one send for all that they caused.
 */
#include "http/h2/h2.h"

#include "base/log_limit.h"
#include "base/mem.h"
#include "http/transport.h"

#include <tern/log.h>

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>

enum {
    CONNECTIONS_KEPT = 256,
    STREAMS_KEPT = 1024,
    HEADS_KEPT = 256,
    OUTPUTS_KEPT = 64,
    RECEIVES_A_TURN = 4,    /* blocks received before other connections get their turn */
    LAST_REQUEST_MS = 1000, /* how long requests may be on the way to a connection that is about to end */
    FAILED_MS = 500,        /* how long a client that broke the rules may read what is left */
    FAILURES_LOGGED_A_SECOND = 10
};

h2_server h2_self;

/* -- what the connections share -- */

static bool open_shared(const char **problem)
{
    if (h2_self.is_open)
        return true;
    if (!nghttp2_load(problem))
        return false;
    pool_init(&h2_self.connections, sizeof(h2_connection), CONNECTIONS_KEPT);
    pool_init(&h2_self.streams, sizeof(h2_stream), STREAMS_KEPT);
    pool_init(&h2_self.heads, h2_head_bytes(&http_self.limits.head), HEADS_KEPT);
    pool_init(&h2_self.outputs, H2_OUT_BYTES, OUTPUTS_KEPT);
    h2_self.is_open = true;
    return true;
}

bool h2_server_can_open(const char **problem)
{
    return nghttp2_load(problem);
}

void h2_server_close(void)
{
    if (!h2_self.is_open)
        return;
    pool_drain(&h2_self.connections);
    pool_drain(&h2_self.streams);
    pool_drain(&h2_self.heads);
    pool_drain(&h2_self.outputs);
    h2_self.is_open = false;
}

void h2_server_tidy(void)
{
    if (!h2_self.is_open)
        return;
    pool_tidy(&h2_self.connections);
    pool_tidy(&h2_self.streams);
    pool_tidy(&h2_self.heads);
    pool_tidy(&h2_self.outputs);
}

/* -- the memory of the decoder -- */

static void *take(size_t size, void *unused)
{
    (void)unused;
    return mem_alloc(size);
}

static void give(void *block, void *unused)
{
    (void)unused;
    mem_free(block);
}

static void *take_zeroed(size_t count, size_t size, void *unused)
{
    (void)unused;
    return mem_zero(count, size);
}

static void *resize(void *block, size_t size, void *unused)
{
    (void)unused;
    return mem_realloc(block, size);
}

static nghttp2_mem memory = {NULL, take, give, take_zeroed, resize};

/* -- the end -- */

static void abort_streams(h2_connection *h)
{
    for (unsigned i = 0; i < H2_BUCKETS; i++)
        for (list_link *link = h->buckets[i].next, *next; link != &h->buckets[i]; link = next) {
            next = link->next;
            h2_stream *s = list_owner(link, h2_stream, link);
            if (!s->base.is_broken)
                stream_abort(s);
        }
}

void h2_lose(h2_connection *h)
{
    if (h->is_dead)
        return;
    h->is_dead = true;
    abort_streams(h);
    h2_settle_later(h);
}

static void send_goaway(h2_connection *h, uint32_t last, h2_error error)
{
    char payload[8];
    h2_put_u32(h2_put_u32(payload, last), error);
    out_control(h, H2_GOAWAY, 0, 0, payload, sizeof payload);
}

static void log_failure(h2_error error, const char *reason)
{
    static log_limit limit;
    if (!tern_log_enabled(TERN_LOG_WARN) ||
        !log_limit_allows(&limit, FAILURES_LOGGED_A_SECOND, loop_self.now_ms))
        return;
    const tern_log_field fields[] = {{"error", NULL, error}, {"reason", reason, 0}};
    tern_log_event(TERN_LOG_WARN, "HTTP/2 connection ended for a client's error", fields, 2);
}

void h2_fail(h2_connection *h, h2_error error, const char *reason)
{
    if (h->has_failed || h->is_dead)
        return;
    log_failure(error, reason);
    send_goaway(h, h->last_taken, error);
    h->has_failed = true;
    h->leave_ms = loop_self.now_ms + FAILED_MS;
    headers_drop(h);
    abort_streams(h);
    h2_settle_later(h);
}

void h2_leave(h2_connection *h)
{
    static const char ping[8] = "leaving";
    if (h->leaving != H2_STAYS)
        return;
    h->leaving = H2_ANNOUNCED;
    h->leave_ms = loop_self.now_ms + LAST_REQUEST_MS;
    send_goaway(h, H2_ID_MOST, H2_NO_ERROR);
    out_control(h, H2_PING, 0, 0, ping, sizeof ping); /* its answer comes after all requests on the way */
    h2_settle_later(h);
}

void h2_leave_now(h2_connection *h)
{
    if (h->leaving == H2_LEAVES)
        return;
    h->leaving = H2_LEAVES;
    send_goaway(h, h->last_taken, H2_NO_ERROR);
    h2_settle_later(h);
}

static void free_connection(h2_connection *h)
{
    if (timer_is_running(&h->again))
        timer_stop(&loop_self.timers, &h->again);
    headers_drop(h);
    nghttp2.hd_inflate_del(h->inflater);
    pool_put(&h2_self.outputs, h->out);
    pool_put(&h2_self.connections, h);
}

static void release_input(http_connection *k)
{
    if (k->in_cap == http_self.block_bytes)
        pool_put(&http_self.blocks, k->in);
    else
        mem_free(k->in);
    k->in = NULL;
    k->in_start = k->in_end = k->in_cap = 0;
}

/** Has the rest of the connection freed at the end of the turn: callers up the stack may still use it. */
static void release(http_connection *k)
{
    h2_connection *h = k->h2;
    if (k->in != NULL)
        release_input(k);
    if (h == NULL)
        return;
    if (!h->is_dead && !h->has_failed && h->leaving != H2_LEAVES && !k->is_lingering) {
        /* It is dropped to make room: the client may try again elsewhere. */
        send_goaway(h, h->last_taken, H2_NO_ERROR);
        out_flush(h);
    }
    k->h2 = NULL;
    h->is_dead = h->is_released = true;
    h2_settle_later(h);
}

/** All streams have ended, and this is the last that is done. */
static void close_now(h2_connection *h)
{
    http_connection *k = h->k;
    bool is_failed = h->has_failed;
    if (h->is_dead) {
        connection_close(k);
        return;
    }
    connection_linger(k);
    if (!k->is_closed && is_failed)
        connection_cut(k, FAILED_MS);
}

/* -- time -- */

/** The time by which something must have happened; UINT64_MAX: none. */
static uint64_t deadline(const h2_connection *h)
{
    const http_limits *limits = &http_self.limits;
    uint64_t at = UINT64_MAX;
    if (h->stream_count == 0 && h->idle_began_ms != 0)
        at = h->idle_began_ms + (h->k->requests > 0 ? limits->idle_ms : limits->head_ms);
    if (h->head_id != 0 && h->head_began_ms + limits->head_ms < at)
        at = h->head_began_ms + limits->head_ms;
    if ((h->leaving == H2_ANNOUNCED || h->has_failed) && h->leave_ms < at)
        at = h->leave_ms;
    if (h->stall_began_ms != 0) {
        uint64_t stall = rate_deadline(limits->min_rate_bytes_s, h->stall_began_ms, h->stall_bytes);
        if (stall != 0 && stall < at)
            at = stall;
    }
    return at;
}

static void on_timer(timer_entry *timer)
{
    http_connection *k = list_owner(timer, http_connection, timer);
    h2_connection *h = k->h2;
    uint64_t now = loop_self.now_ms, at = deadline(h);
    const http_limits *limits = &http_self.limits;
    if (at > now) {
        if (at != UINT64_MAX)
            connection_set_deadline(k, at);
        return;
    }
    uint64_t stall = h->stall_began_ms != 0
                         ? rate_deadline(limits->min_rate_bytes_s, h->stall_began_ms, h->stall_bytes)
                         : 0;
    bool is_stalled = stall != 0 && stall <= now;
    if (is_stalled || h->has_failed)
        h2_lose(h);
    else if (h->head_id != 0 && h->head_began_ms + limits->head_ms <= now)
        h2_fail(h, H2_ENHANCE_YOUR_CALM, "a head came too slowly");
    else
        h2_leave_now(h); /* nothing came for too long, or all requests on the way have come */
}

/* -- input -- */

/** Takes a block of input that is empty; false without memory. */
static bool take_block(http_connection *k)
{
    if (k->in != NULL)
        return true;
    k->in = pool_get(&http_self.blocks);
    k->in_start = k->in_end = 0;
    k->in_cap = (uint32_t)http_self.block_bytes;
    return k->in != NULL;
}

/** Receives into the empty block. 1: some; 0: nothing for now; -1: the connection is lost. */
static int receive(http_connection *k)
{
    ssize_t n;
    do
        n = transport_receive(k, k->in, k->in_cap);
    while (n < 0 && errno == EINTR);
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
        k->is_readable = false;
        return 0;
    }
    if (n <= 0)
        return -1;
    k->in_end = (uint32_t)n;
    k->is_readable = transport_has_more(k, n, k->in_cap);
    return 1;
}

static void read_later(h2_connection *h)
{
    if (!timer_is_running(&h->again))
        timer_start(&loop_self.timers, &h->again, loop_self.now_ms);
}

/** Reads what has arrived, until there is no room for what answers it. */
static void read_input(h2_connection *h)
{
    http_connection *k = h->k;
    for (unsigned i = 0; i < RECEIVES_A_TURN && !h->is_dead && !h->has_failed; i++) {
        if (k->in_start == k->in_end) {
            if (!k->is_readable)
                break;
            int got = take_block(k) ? receive(k) : -1;
            if (got < 0)
                h2_lose(h);
            if (got <= 0)
                break;
        }
        k->in_start += (uint32_t)input_read(h, k->in + k->in_start, k->in_end - k->in_start);
        if (k->in_start != k->in_end)
            break; /* settle goes on when there is room */
        k->in_start = k->in_end = 0;
    }
    if (k->in != NULL && k->in_start == k->in_end)
        release_input(k);
}

static bool has_input(const h2_connection *h)
{
    return h->k->in != NULL || h->k->is_readable;
}

static void on_again(timer_entry *timer)
{
    h2_connection *h = list_owner(timer, h2_connection, again);
    if (h->is_dead)
        return;
    read_input(h);
    h2_settle_later(h);
}

static void on_event(loop_source *source, uint32_t events)
{
    http_connection *k = list_owner(source, http_connection, source);
    h2_connection *h = k->h2;
    events = transport_events(k, events);
    if (events & EPOLLRDHUP)
        k->peer_closed = true;
    if (events & (EPOLLHUP | EPOLLERR)) {
        h2_lose(h);
        return;
    }
    if (events & EPOLLOUT && h->is_blocked) {
        h->is_blocked = false;
        h2_settle_later(h);
    }
    if (events & (EPOLLIN | EPOLLRDHUP)) {
        k->is_readable = true;
        if (!h->has_failed && input_may_go_on(h))
            read_input(h);
        h2_settle_later(h);
    }
}

/** At the end of a turn in which something has happened. */
static void settle(loop_later *later)
{
    h2_connection *h = list_owner(later, h2_connection, later);
    http_connection *k = h->k;
    h->is_settling = false;
    if (h->is_released) {
        free_connection(h);
        return;
    }
    out_flush(h);
    bool is_leaving = h->leaving == H2_LEAVES || h->peer_leaves || h->has_failed;
    if (h->stream_count == 0 && (h->is_dead || (is_leaving && h->out_len == 0 && h->head_id == 0))) {
        close_now(h);
        return;
    }
    if (h->is_dead)
        return;
    out_pump(h);
    if (has_input(h) && !h->has_failed && input_may_go_on(h))
        read_later(h);
    uint64_t at = deadline(h);
    if (at != UINT64_MAX)
        connection_set_deadline(k, at);
    /* More were taken in while all of them were busy, or nothing is accepted any more: now one can go. */
    if (h->stream_count == 0 && http_self.limits.connections != 0 &&
        http_self.count > http_self.limits.connections)
        server_make_place();
}

/* -- for the server -- */

static void send_settings(h2_connection *h)
{
    const http_limits *limits = &http_self.limits;
    const struct {
        uint16_t which;
        uint32_t value;
    } settings[] = {{H2_SETTING_MAX_CONCURRENT_STREAMS, limits->h2_streams},
                    {H2_SETTING_INITIAL_WINDOW_SIZE, limits->h2_window},
                    {H2_SETTING_MAX_HEADER_LIST_SIZE, (uint32_t)limits->head.head_bytes},
                    {H2_SETTING_NO_RFC7540_PRIORITIES, 1}};
    char payload[sizeof settings / sizeof *settings * 6], *at = payload;
    for (unsigned i = 0; i < sizeof settings / sizeof *settings; i++) {
        *at++ = (char)(settings[i].which >> 8);
        *at++ = (char)settings[i].which;
        at = h2_put_u32(at, settings[i].value);
    }
    out_control(h, H2_SETTINGS, 0, 0, payload, sizeof payload);
    out_window(h, 0, H2_CONNECTION_WINDOW - H2_WINDOW_STANDARD);
}

static h2_connection *open_connection(http_connection *k)
{
    h2_connection *h = pool_get(&h2_self.connections);
    if (h == NULL)
        return NULL;
    *h = (h2_connection){.k = k,
                         .window = H2_WINDOW_STANDARD,
                         .first_window = H2_WINDOW_STANDARD,
                         .credit = H2_CONNECTION_WINDOW,
                         .idle_began_ms = loop_self.now_ms,
                         .resets = {http_self.limits.h2_resets, loop_self.now_ms},
                         .frames = {http_self.limits.h2_frames, loop_self.now_ms},
                         .later.run = settle,
                         .again.fire = on_again};
    if (nghttp2.hd_inflate_new2(&h->inflater, &memory) != 0) {
        pool_put(&h2_self.connections, h);
        return NULL;
    }
    list_init(&h->senders);
    for (unsigned i = 0; i < H2_BUCKETS; i++)
        list_init(&h->buckets[i]);
    input_begin(&h->input);
    encoder_init(&h->encoder);
    return h;
}

static void begin(http_connection *k)
{
    const char *problem = "out of memory";
    k->source.on_event = on_event;
    k->timer.fire = on_timer;
    k->h2 = open_shared(&problem) ? open_connection(k) : NULL;
    if (k->h2 == NULL) {
        tern_log(TERN_LOG_ERROR, "a connection cannot speak HTTP/2: %s", problem);
        connection_close(k);
        return;
    }
    send_settings(k->h2);
    if (http_self.is_draining)
        h2_leave(k->h2);
    if (has_input(k->h2))
        read_later(k->h2);
}

static bool is_idle(const http_connection *k)
{
    return k->h2->stream_count == 0 && k->h2->head_id == 0 && k->in == NULL;
}

static bool drain(http_connection *k)
{
    h2_leave(k->h2);
    return true;
}

static void cancel(http_connection *k)
{
    h2_connection *h = k->h2;
    if (h->stream_count == 0) {
        connection_close(k);
        return;
    }
    h2_leave_now(h);
    out_flush(h);
    h2_lose(h);
}

const http_protocol http2 = {begin, is_idle, drain, cancel, release};

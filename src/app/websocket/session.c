/** The life of a WebSocket: from the end of its handshake to the last one that uses it. */
#include "app/websocket/ws.h"

#include "base/mem.h"

#include <tern/log.h>

#include <string.h>

enum {
    CLOSE_MS = 5000, /* that the peer has to answer a Close */
    LEAVE_MS = 30000 /* that the body has to return after the end; then it is cancelled */
};

/* -- the end -- */

void ws_note_code(tern_ws *ws, unsigned code)
{
    if (ws->code == 0)
        ws->code = (uint16_t)code;
}

static void set_timer(tern_ws *ws, uint64_t ms)
{
    timer_start(&loop_self.timers, &ws->timer, loop_self.now_ms + ms);
}

static void free_ws(tern_ws *ws)
{
    arena kept = ws->kept; /* it holds the structure's own neighbours: request, context */
    if (timer_is_running(&ws->timer))
        timer_stop(&loop_self.timers, &ws->timer);
    ws_input_free(&ws->in);
    buf_free(&ws->queue);
    mem_free(ws->pong);
    arena_free(&ws->x.arena);
    arena_free(&kept);
    mem_free(ws);
}

static void close_tunnel(tern_ws *ws, bool is_whole)
{
    http_tunnel *tunnel = ws->tunnel;
    ws->tunnel = NULL;
    ws_note_code(ws, WS_ABNORMAL);
    buf_free(&ws->queue);
    ws->queue_at = 0;
    if (ws->receiver != NULL)
        coro_wake(ws->receiver);
    ws_wake_senders(ws);
    set_timer(ws, LEAVE_MS);
    http_tunnel_close(tunnel, is_whole);
}

void ws_settle(tern_ws *ws)
{
    if (ws->tunnel != NULL && ws->has_said_close && ws->has_heard_close && ws_queued(ws) == 0)
        close_tunnel(ws, true);
    if (ws->tunnel == NULL && (ws->has_ended || !ws->has_begun) && ws->users == 0)
        free_ws(ws);
}

void ws_lose(tern_ws *ws)
{
    if (ws->tunnel != NULL)
        close_tunnel(ws, false);
}

void ws_say_close(tern_ws *ws, unsigned code, const char *reason)
{
    if (!ws_is_open(ws))
        return;
    ws_note_code(ws, code);
    ws_put_close(ws, code, reason, strlen(reason));
    set_timer(ws, CLOSE_MS);
    if (ws->receiver != NULL)
        coro_wake(ws->receiver);
}

void ws_fail(tern_ws *ws, unsigned code, const char *why)
{
    char label[160];
    tern_log(TERN_LOG_DEBUG, "%s: a WebSocket is closed with %u: %s",
             ctx_route_label(ws->c, label, sizeof label), code, why);
    ws_say_close(ws, code, why);
    ws->has_heard_close = true; /* its answer is not waited for: RFC 6455 section 7.1.7 */
}

void ws_hear_close(tern_ws *ws, unsigned code, const char *reason, size_t len)
{
    if (ws->code == 0 && len != 0)
        ws->reason = arena_text(&ws->kept, reason, len);
    ws_note_code(ws, code);
    ws_put_close(ws, code == WS_NO_CODE ? 0 : code, "", 0);
    ws->has_heard_close = true;
    set_timer(ws, CLOSE_MS); /* for what is still in the queue */
}

/* -- time -- */

static void tick(tern_ws *ws)
{
    const uint64_t ping_ms = (uint64_t)ws->of->o.ping_s * 1000;
    if (!ws->is_heard && ws->is_pinged)
        ws_lose(ws);
    ws->is_pinged = !ws->is_heard && !ws->of->o.no_pings;
    if (ws->tunnel != NULL && ws->is_pinged && ws_queued(ws) == 0)
        ws_put(ws, WS_FIN | WS_PING, NULL, 0);
    ws->is_heard = false;
    if (ws->receiver != NULL) {
        ws_input_rest(&ws->in);
        ws_output_rest(ws);
        if (!ws->is_resting)
            coro_rest(ws->receiver);
        ws->is_resting = true;
    }
    if (ws->tunnel != NULL)
        set_timer(ws, ping_ms);
    ws_settle(ws);
}

static void on_timer(timer_entry *timer)
{
    tern_ws *ws = list_owner(timer, tern_ws, timer);
    if (ws->tunnel == NULL) {
        if (ws->runner != NULL)
            coro_cancel(ws->runner);
        return;
    }
    if (ws_is_open(ws)) {
        tick(ws);
        return;
    }
    ws_lose(ws); /* no answer to our Close, or the peer does not read */
    ws_settle(ws);
}

/* -- the body -- */

static void talk(tern_ctx *c, void *arg)
{
    tern_ws *ws = arg;
    ws->of->socket.run(c, ws, ws->opening->in);
}

static void report(tern_ws *ws)
{
    char label[160];
    const scope *s = &ws->c->scope;
    tern_log(TERN_LOG_ERROR, "%s: the WebSocket %s failed: %s", ctx_route_label(ws->c, label, sizeof label),
             ws->of->socket.name,
             s->problem_detail != NULL ? s->problem_detail : http_status_text(s->problem_status));
}

static void main_of(void *arg)
{
    tern_ws *ws = arg;
    tern_ctx *c = ws->c;
    ws->runner = coro_self();
    ctx_open(c);
    const unwind_reason why = ctx_guard(c, talk, ws);
    if (why == UNWIND_FAIL)
        report(ws);
    ws_say_close(ws, why == UNWIND_NONE ? WS_NORMAL : why == UNWIND_FAIL ? WS_INTERNAL : WS_GOING_AWAY, "");
    ctx_leave(c);
    if (c->after != NULL)
        ctx_run_after(c);
    ws->parts_of = NULL;
    ws->runner = NULL;
    ws->has_ended = true;
    ws_settle(ws);
}

static void begin_body(tern_ws *ws)
{
    ws->has_begun = true;
    set_timer(ws, (uint64_t)ws->of->o.ping_s * 1000);
    http_tunnel_again(ws->tunnel); /* reads what a body that only sends does not */
    if (coro_start(main_of, ws))
        return;
    ws->has_ended = true;
    ws_say_close(ws, WS_TRY_LATER, "");
}

/* -- what the tunnel tells -- */

static bool begin(http_tunnel *t, http_exchange *x)
{
    const ws_opening *opening = t->self;
    tern_ctx *c = x->app;
    tern_ws *ws = mem_zero(1, sizeof *ws);
    if (ws == NULL)
        return false;
    tern_path(c); /* kept from now on */
    http_remote_address(x);
    ws->x = *x;
    ws->x.connection = NULL;
    ws->x.stream = NULL;
    ws->x.tunnel = NULL;
    ws->x.scheme = http_is_secure(x) ? HTTP_SCHEME_HTTPS : HTTP_SCHEME_HTTP;
    ws->x.body_buf = (buf){0};
    arena_init(&ws->kept, NULL, 0, x->arena.limit_bytes);
    arena_init(&ws->x.arena, NULL, 0, x->arena.limit_bytes);
    arena_join(&ws->kept, &x->arena);
    arena_check(&ws->x.arena);
    c->x = &ws->x;
    c->data = NULL;
    c->after = NULL;
    ws->c = c;
    ws->of = opening->of;
    ws->opening = opening;
    ws->tunnel = t;
    ws->is_heard = true;
    ws->timer.fire = on_timer;
    list_init(&ws->senders);
    t->self = ws;
    return true;
}

static void on_readable(http_tunnel *t)
{
    tern_ws *ws = t->self;
    if (!ws->has_begun) {
        begin_body(ws);
        return;
    }
    ws_pump(ws);
    ws_settle(ws);
}

static void on_writable(http_tunnel *t)
{
    tern_ws *ws = t->self;
    if (ws_queued(ws) == 0 && !ws->owes_pong)
        return;
    ws_flush(ws);
    ws_settle(ws);
}

static void on_lost(http_tunnel *t)
{
    tern_ws *ws = t->self;
    ws_lose(ws);
    ws_settle(ws);
}

static void on_drain(http_tunnel *t)
{
    tern_ws *ws = t->self;
    ws_say_close(ws, WS_GOING_AWAY, "");
    ws_settle(ws);
}

static void on_cancel(http_tunnel *t)
{
    tern_ws *ws = t->self;
    if (ws->runner != NULL)
        coro_cancel(ws->runner);
    ws_say_close(ws, WS_GOING_AWAY, "");
    ws_lose(ws);
    ws_settle(ws);
}

const http_tunnel_user ws_tunnel_user = {begin, on_readable, on_writable, on_lost, on_drain, on_cancel};

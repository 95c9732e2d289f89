/** tern_ws_send and its like. Hot path: tern_ws_send_bytes. */
#include "app/bind/bind.h"
#include "app/websocket/ws.h"
#include "base/mem.h"
#include "runtime/budget.h"
#include "schema/json/json.h"
#include "schema/json/scan.h"
#include "schema/validate.h"

#include <tern/log.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { COMPRESS_BYTES = 512, COMPRESS_LEVEL = 3, LENT_BYTES = 1024 };

/* -- whose turn it is -- */

/** Waits until the queue has room and no other coroutine is in the middle of a message. */
static void wait_in_line(tern_ws *ws)
{
    ws_sender own = {.waiting = coro_self()};
    const bool is_body = own.waiting == ws->runner;
    coro_outcome outcome = CORO_WOKEN;
    ws->users += is_body ? 0 : 1;
    list_append(&ws->senders, &own.link);
    while (outcome != CORO_CANCELLED && ws_is_open(ws) &&
           ((ws->parts_of != NULL && ws->parts_of != own.waiting) || ws_queued(ws) > ws->of->o.max_queue))
        outcome = coro_wait(0);
    list_remove(&own.link);
    ws->users -= is_body ? 0 : 1;
    if (outcome == CORO_CANCELLED) {
        if (!is_body)
            ws_settle(ws);
        unwind_throw(UNWIND_CANCELLED);
    }
}

/** Lets others run when it is their turn: `ws` stays there meanwhile, for whoever sends on it. */
static void let_others_run(tern_ws *ws)
{
    const bool is_body = coro_self() == ws->runner;
    if (!budget_is_spent(BUDGET_SYSTEM_CALL))
        return;
    ws->users += is_body ? 0 : 1;
    const bool goes_on = coro_yield();
    ws->users -= is_body ? 0 : 1;
    if (goes_on)
        return;
    if (!is_body)
        ws_settle(ws);
    unwind_throw(UNWIND_CANCELLED);
}

/** It is closed: it may have waited for this coroutine alone. */
static bool is_over(tern_ws *ws)
{
    if (ws_is_open(ws))
        return false;
    if (coro_self() != ws->runner)
        ws_settle(ws);
    return true;
}

typedef enum turn { TURN_TO_SEND, TURN_TO_SKIP, TURN_IS_OVER } turn;

static turn take_turn(tern_ws *ws, bool must_wait)
{
    let_others_run(ws);
    if (is_over(ws))
        return TURN_IS_OVER;
    const tern_ws_slow slow = must_wait ? TERN_WS_WAIT : ws->of->o.slow;
    const bool is_full = ws_queued(ws) > ws->of->o.max_queue;
    if (is_full && slow == TERN_WS_SKIP) {
        ws->skipped++;
        return TURN_TO_SKIP;
    }
    if (is_full && slow == TERN_WS_CLOSE) {
        ws_fail(ws, WS_TRY_LATER, "the peer reads too slowly");
        return TURN_IS_OVER;
    }
    if (is_full || (ws->parts_of != NULL && ws->parts_of != coro_self())) {
        wait_in_line(ws);
        if (is_over(ws))
            return TURN_IS_OVER;
    }
    return TURN_TO_SEND;
}

/* -- compression -- */

/** The message deflated, in `out`; false when it is sent as it is. */
static bool deflate(const tern_ws *ws, const void *data, size_t len, buf *out)
{
    const ws_deflate *agreed = &ws->opening->deflate;
    /* A message that fits into the client's window cannot look back further. */
    if (!agreed->is_on || len < COMPRESS_BYTES ||
        (agreed->window_bits < 15 && len > (1u << agreed->window_bits)))
        return false;
    codec_encoder *e = codec_encoder_take(CODEC_MESSAGES, COMPRESS_LEVEL, 0);
    bool has_more = true, is_right = e != NULL && buf_reserve(out, len);
    codec_bytes bytes = {.in = data, .in_len = len};
    if (is_right) { /* a form that is not shorter is of no use */
        bytes.out = (uint8_t *)out->data;
        bytes.out_room = out->cap - 1;
        is_right = codec_encode(e, &bytes, CODEC_FLUSH, &has_more) && !has_more;
    }
    codec_encoder_give(e);
    out->len = is_right ? (size_t)((char *)bytes.out - out->data) : 0;
    if (out->len < 4 || out->len >= len)
        return false;
    out->len -= 4; /* 00 00 ff ff: RFC 7692 section 7.2.1 */
    return true;
}

/* -- messages -- */

static void put_message(tern_ws *ws, tern_message_kind kind, const void *data, size_t len)
{
    buf deflated = {0};
    if (deflate(ws, data, len, &deflated))
        ws_put(ws, WS_FIN | WS_RSV1 | (unsigned)kind, deflated.data, deflated.len);
    else
        ws_put(ws, WS_FIN | (unsigned)kind, data, len);
    buf_free(&deflated);
}

static bool is_text(const tern_ws *ws, tern_message_kind kind, const void *data, size_t len)
{
    if (kind != TERN_TEXT || json_scan_best->utf8(data, len))
        return true;
    char label[160];
    tern_log(TERN_LOG_ERROR, "%s: a text that is not UTF-8 is not sent: send it as TERN_BINARY",
             ctx_route_label(ws->c, label, sizeof label));
    return false;
}

bool tern_ws_send_bytes(tern_ws *ws, tern_message_kind kind, const void *data, size_t len)
{
    const turn now = is_text(ws, kind, data, len) ? take_turn(ws, false) : TURN_IS_OVER;
    if (now == TURN_TO_SEND)
        put_message(ws, kind, data, len);
    return now != TURN_IS_OVER;
}

bool tern_ws_send_text(tern_ws *ws, const char *text)
{
    return tern_ws_send_bytes(ws, TERN_TEXT, text, strlen(text));
}

bool tern_ws_send_binary(tern_ws *ws, const void *data, size_t len)
{
    return tern_ws_send_bytes(ws, TERN_BINARY, data, len);
}

bool tern_ws_send_textf(tern_ws *ws, const char *format, ...)
{
    char small[LENT_BYTES];
    const turn now = take_turn(ws, false);
    if (now != TURN_TO_SEND)
        return now == TURN_TO_SKIP;
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    const int len = vsnprintf(small, sizeof small, format, args);
    char *text = len < (int)sizeof small ? small : mem_alloc((size_t)len + 1);
    if (text != NULL && text != small)
        vsnprintf(text, (size_t)len + 1, format, again);
    va_end(again);
    va_end(args);
    const bool is_right = text != NULL && len >= 0 && is_text(ws, TERN_TEXT, text, (size_t)len);
    if (is_right)
        put_message(ws, TERN_TEXT, text, (size_t)len);
    if (text != small)
        mem_free(text);
    return is_right;
}

/** Whether the value has a JSON, and obeys its rules if those are checked; logs it if not. */
static bool encode(tern_ws *ws, const tern_type *type, const void *value, bool checks, json_out *out)
{
    static const place message_place = {.name = "message"};
    char label[160];
    tern_faults faults;
    faults_init(&faults, out->arena);
    if (value != NULL && (!checks || validate_value(type, value, &message_place, &faults)) &&
        json_encode(type, value, out))
        return true;
    buf text = {.limit = 1024};
    faults_print(&faults, &text);
    while (text.len > 0 && text.data[text.len - 1] == '\n')
        text.data[--text.len] = '\0';
    tern_log(TERN_LOG_ERROR, "%s: a message of %s cannot be sent: %s",
             ctx_route_label(ws->c, label, sizeof label), type->name,
             value == NULL   ? "it is NULL"
             : text.len != 0 ? text.data
                             : "a value has no JSON");
    buf_free(&text);
    return false;
}

bool tern_ws_send_of(tern_ws *ws, const tern_type *type, const void *value, bool checks)
{
    char lent[LENT_BYTES];
    arena own; /* of this call: a body that only sends must not fill its request's */
    json_out out;
    bind_need_plan(ws->c, type);
    const turn now = take_turn(ws, false);
    if (now != TURN_TO_SEND)
        return now == TURN_TO_SKIP;
    arena_init(&own, lent, sizeof lent, ws->x.arena.limit_bytes);
    json_out_init(&out, &own, LENT_BYTES / 2);
    const bool is_right = encode(ws, type, value, checks, &out);
    if (is_right)
        put_message(ws, TERN_TEXT, out.data, out.len);
    arena_free(&own);
    return is_right;
}

bool tern_ws_send_part(tern_ws *ws, tern_message_kind kind, const void *data, size_t len, bool is_last)
{
    if (take_turn(ws, true) != TURN_TO_SEND)
        return false;
    const bool is_first = ws->parts_of == NULL;
    ws->parts_of = is_last ? NULL : coro_self();
    ws_put(ws, (is_last ? WS_FIN : 0u) | (is_first ? (unsigned)kind : WS_CONTINUATION), data, len);
    if (is_last)
        ws_wake_senders(ws);
    return ws_is_open(ws);
}

void tern_ws_close(tern_ws *ws, unsigned code, const char *reason)
{
    if (!ws_code_is_valid(code)) {
        char label[160];
        tern_log(TERN_LOG_ERROR, "%s: the close code %u may not be sent (RFC 6455 section 7.4): 1011 is",
                 ctx_route_label(ws->c, label, sizeof label), code);
        code = WS_INTERNAL;
    }
    ws_say_close(ws, code, reason != NULL ? reason : "");
}

/* -- facts -- */

bool tern_ws_is_open(const tern_ws *ws)
{
    return ws_is_open(ws);
}

unsigned tern_ws_close_code(const tern_ws *ws)
{
    return ws->code;
}

const char *tern_ws_close_reason(const tern_ws *ws)
{
    return ws->reason != NULL ? ws->reason : "";
}

const char *tern_ws_subprotocol(const tern_ws *ws)
{
    return ws->opening->subprotocol;
}

tern_ctx *tern_ws_ctx(const tern_ws *ws)
{
    return ws->c;
}

size_t tern_ws_queued(const tern_ws *ws)
{
    return ws_queued(ws);
}

uint64_t tern_ws_skipped(const tern_ws *ws)
{
    return ws->skipped;
}

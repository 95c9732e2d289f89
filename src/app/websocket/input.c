/** Bytes to frames to messages. Hot path: ws_pump, one receive for what has arrived, and one copy of it. */
#include "app/websocket/ws.h"

#include "base/mem.h"
#include "schema/json/scan.h"

#include <errno.h>
#include <string.h>

enum {
    BLOCK_BYTES = 64 * 1024,  /* received at once */
    RECEIVES_A_TURN = 8,      /* before other connections get their turn */
    PART_BYTES = 64 * 1024,   /* of tern_ws_receive_part */
    PIECE_BYTES = 4096,       /* decompressed at once: at most some MiB of message */
    FRAGMENT_BYTES = 64,      /* of a message, for each fragment beyond */
    FRAGMENTS_FREE = 10000,   /* these many: each costs a frame's work */
    CALM_MS = 10000,          /* in this time a peer may send */
    CALM_FRAMES = 500,        /* so many frames that carry nothing */
    MESSAGE_KEPT_BYTES = 4096 /* of the buffer between two messages, until the WebSocket is idle */
};

/* -- budgets -- */

/** Takes one of `most` in each `ms`; false when they are used up. */
static bool take(uint32_t *left, uint64_t *filled_ms, uint32_t most, uint64_t ms)
{
    const uint64_t now = loop_self.now_ms, passed = now - *filled_ms;
    if (*filled_ms == 0 || passed >= ms) {
        *left = most;
        *filled_ms = now;
    } else if (passed * most >= ms) {
        const uint64_t more = passed * most / ms;
        *left = more < most - *left ? *left + (uint32_t)more : most;
        *filled_ms = now;
    }
    if (*left == 0)
        return false;
    --*left;
    return true;
}

static bool is_calm(tern_ws *ws)
{
    if (take(&ws->in.calm_left, &ws->in.calm_ms, CALM_FRAMES, CALM_MS))
        return true;
    ws_fail(ws, WS_POLICY, "too many frames that carry nothing");
    return false;
}

/* -- texts -- */

/** Checks what has arrived of a text, up to a character that is not whole. */
static bool check_text(tern_ws *ws)
{
    ws_input *in = &ws->in;
    if (in->kind != TERN_TEXT || in->message.len == in->checked)
        return true;
    const char *text = in->message.data + in->checked;
    const size_t len = in->message.len - in->checked, tail = ws_utf8_tail(text, len);
    if (len != tail && !json_scan_best->utf8(text, len - tail)) {
        ws_fail(ws, WS_NOT_UTF8, "a text that is not UTF-8");
        return false;
    }
    in->checked += len - tail;
    return true;
}

/* -- the heads of frames -- */

static bool begin_message(tern_ws *ws)
{
    ws_input *in = &ws->in;
    const unsigned rate = ws->of->o.max_rate;
    if (rate != 0 && !take(&in->rate_left, &in->rate_ms, rate, 1000)) {
        ws_fail(ws, WS_POLICY, "more messages a second than .max_rate");
        return false;
    }
    in->kind = in->head.first & WS_OPCODE;
    in->is_compressed = (in->head.first & WS_RSV1) != 0;
    in->is_whole = in->has_given_part = false;
    in->drops = ws->has_said_close; /* nobody will take it */
    in->fragments = 0;
    in->message.len = in->checked = 0;
    return true;
}

/** Whether the frame keeps the limits; a message that is too large as a whole may still be wanted in parts. */
static bool check_size(tern_ws *ws)
{
    ws_input *in = &ws->in;
    const tern_websocket_options *o = &ws->of->o;
    if (in->drops || in->takes_parts)
        return true;
    const uint64_t left = in->head.length - in->read;
    const size_t have = in->message.len;
    if (left <= o->max_frame && have <= o->max_message &&
        (in->is_compressed || left <= o->max_message - have))
        return true;
    if (!in->has_chosen)
        in->is_held = true;
    else
        ws_fail(ws, WS_TOO_BIG, "a message larger than .max_message");
    return false;
}

static bool begin_frame(tern_ws *ws)
{
    ws_input *in = &ws->in;
    const char *wrong =
        ws_head_read(&in->head, in->gathered, ws->opening->deflate.is_on && in->kind == 0, in->kind != 0);
    if (wrong != NULL) {
        ws_fail(ws, WS_PROTOCOL_ERROR, wrong);
        return false;
    }
    in->have = 0;
    in->in_frame = true;
    in->read = 0;
    in->control_have = 0;
    const unsigned opcode = in->head.first & WS_OPCODE;
    if (opcode >= WS_CLOSE)
        return is_calm(ws);
    if (opcode != WS_CONTINUATION && !begin_message(ws))
        return false;
    if (++in->fragments > FRAGMENTS_FREE + in->message.len / FRAGMENT_BYTES) {
        ws_fail(ws, WS_TOO_BIG, "a message of too many fragments");
        return false;
    }
    if (in->head.length == 0 && (in->head.first & WS_FIN) == 0 && !is_calm(ws))
        return false;
    return check_size(ws);
}

/** Takes some of a head; returns how many bytes were used. */
static size_t take_head(tern_ws *ws, const uint8_t *data, size_t len)
{
    ws_input *in = &ws->in;
    size_t used = 0;
    while (used < len) {
        const unsigned need = in->have < 2 ? 2 : ws_head_bytes(in->gathered);
        if (in->have < need) {
            size_t n = need - in->have < len - used ? need - in->have : len - used;
            memcpy(in->gathered + in->have, data + used, n);
            in->have = (uint8_t)(in->have + n);
            used += n;
        }
        if (in->have >= 2 && in->have == ws_head_bytes(in->gathered)) {
            begin_frame(ws);
            break;
        }
    }
    return used;
}

/* -- payloads -- */

static bool add_plain(tern_ws *ws, const uint8_t *data, size_t len)
{
    ws_input *in = &ws->in;
    buf *message = &in->message;
    /* Room for what has arrived, not for what was claimed: a length costs its sender nothing. */
    if (message->cap - message->len <= len && !buf_reserve(message, len)) {
        ws_fail(ws, WS_TRY_LATER, "out of memory");
        return false;
    }
    ws_unmask(message->data + message->len, data, len, in->head.mask, in->read);
    message->len += len;
    message->data[message->len] = '\0';
    return check_text(ws);
}

static bool add_compressed(tern_ws *ws, const uint8_t *data, size_t len)
{
    uint8_t plain[PIECE_BYTES];
    ws_unmask((char *)plain, data, len, ws->in.head.mask, ws->in.read);
    return ws_inflate(ws, plain, len, false) && check_text(ws);
}

static bool add_control(tern_ws *ws, const uint8_t *data, size_t len)
{
    ws_input *in = &ws->in;
    if (in->control == NULL && (in->control = mem_alloc(WS_CONTROL_MOST)) == NULL) {
        ws_fail(ws, WS_TRY_LATER, "out of memory");
        return false;
    }
    ws_unmask((char *)in->control + in->control_have, data, len, in->head.mask, in->read);
    in->control_have = (uint8_t)(in->control_have + len);
    return true;
}

/** Takes some of a payload; returns how many bytes were used. */
static size_t take_payload(tern_ws *ws, const uint8_t *data, size_t len)
{
    ws_input *in = &ws->in;
    if (len > in->head.length - in->read)
        len = (size_t)(in->head.length - in->read);
    const bool is_control = (in->head.first & WS_OPCODE) >= WS_CLOSE;
    if (!is_control && in->is_compressed && len > PIECE_BYTES)
        len = PIECE_BYTES;
    if (!is_control && in->takes_parts && !in->is_compressed && len > PART_BYTES)
        len = PART_BYTES;
    bool goes_on = is_control          ? add_control(ws, data, len)
                   : in->drops         ? true
                   : in->is_compressed ? add_compressed(ws, data, len)
                                       : add_plain(ws, data, len);
    in->read += len;
    if (goes_on && !is_control && in->takes_parts && !in->drops && in->message.len >= PART_BYTES)
        in->is_ready = true;
    return len;
}

/* -- the ends of frames -- */

static void end_close(tern_ws *ws)
{
    const ws_input *in = &ws->in;
    const char *reason = in->control_have > 2 ? (const char *)in->control + 2 : "";
    const size_t len = in->control_have > 2 ? in->control_have - 2u : 0;
    if (in->control_have == 0) {
        ws_hear_close(ws, WS_NO_CODE, "", 0);
        return;
    }
    const unsigned code = in->control_have >= 2 ? (unsigned)in->control[0] << 8 | in->control[1] : 0;
    if (!ws_code_is_valid(code))
        ws_fail(ws, WS_PROTOCOL_ERROR, "a close code that may not be sent");
    else if (len != 0 && !json_scan_best->utf8(reason, len))
        ws_fail(ws, WS_NOT_UTF8, "a reason that is not UTF-8");
    else
        ws_hear_close(ws, code, reason, len);
}

static void end_control(tern_ws *ws)
{
    const ws_input *in = &ws->in;
    switch (in->head.first & WS_OPCODE) {
    case WS_CLOSE:
        end_close(ws);
        break;
    case WS_PING:
        ws_put_pong(ws, in->control, in->control_have);
        break;
    default:
        break; /* a pong: is_heard is set */
    }
}

static void end_message(tern_ws *ws)
{
    ws_input *in = &ws->in;
    if (in->is_compressed && !in->drops && (!ws_inflate(ws, NULL, 0, true) || !check_text(ws)))
        return;
    if (in->kind == TERN_TEXT && !in->drops && in->checked != in->message.len) {
        ws_fail(ws, WS_NOT_UTF8, "a text that ends within a character");
        return;
    }
    in->is_whole = true;
    if (in->drops)
        in->kind = 0;
    else
        in->is_ready = true;
}

static void end_frame(tern_ws *ws)
{
    ws_input *in = &ws->in;
    in->in_frame = false;
    if ((in->head.first & WS_OPCODE) >= WS_CLOSE)
        end_control(ws);
    else if ((in->head.first & WS_FIN) != 0)
        end_message(ws);
}

/* -- all of it -- */

/** Whether anything more is read now. After our Close only the peer's is waited for. */
static bool takes_input(const tern_ws *ws)
{
    return ws->tunnel != NULL && !ws->has_heard_close && !ws->in.is_ready && !ws->in.is_held;
}

/** Reads frames from `data`; returns how many bytes were used. */
static size_t feed(tern_ws *ws, const uint8_t *data, size_t len)
{
    ws_input *in = &ws->in;
    size_t at = 0;
    while (at < len && takes_input(ws)) {
        if (!in->in_frame)
            at += take_head(ws, data + at, len - at);
        else
            at += take_payload(ws, data + at, len - at);
        if (in->in_frame && in->read == in->head.length && !in->is_held && !ws->has_heard_close)
            end_frame(ws);
    }
    return at;
}

static void feed_rest(tern_ws *ws)
{
    ws_input *in = &ws->in;
    in->rest_at += feed(ws, (const uint8_t *)in->rest.data + in->rest_at, in->rest.len - in->rest_at);
    if (in->rest_at == in->rest.len) {
        buf_free(&in->rest);
        in->rest_at = 0;
    }
}

/** Receives once. False when nothing more has arrived. */
static bool receive(tern_ws *ws)
{
    static uint8_t block[BLOCK_BYTES];
    ws_input *in = &ws->in;
    ssize_t n = http_tunnel_receive(ws->tunnel, block, sizeof block);
    if (n > 0) {
        ws->is_heard = true;
        size_t used = feed(ws, block, (size_t)n);
        if (used < (size_t)n && ws->tunnel != NULL && !ws->has_heard_close &&
            !buf_add(&in->rest, block + used, (size_t)n - used))
            ws_lose(ws);
        return true;
    }
    if (n == 0)
        ws_lose(ws);
    return n < 0 && errno == EINTR;
}

void ws_pump(tern_ws *ws)
{
    ws_input *in = &ws->in;
    for (unsigned i = 0; takes_input(ws); i++) {
        if (in->rest.len != 0) {
            feed_rest(ws);
            continue;
        }
        if (i == RECEIVES_A_TURN) {
            http_tunnel_again(ws->tunnel);
            break;
        }
        if (!receive(ws))
            break;
    }
    if (in->takes_parts && !in->drops && !in->is_ready && in->message.len != 0 &&
        (in->kind != TERN_TEXT || in->checked != 0))
        in->is_ready = true;
    if (ws->receiver != NULL && (in->is_ready || in->is_held || !ws_is_open(ws)))
        coro_wake(ws->receiver);
}

/** The message, or its part, is the body's no more. */
static void drop_taken(ws_input *in)
{
    in->is_taken = in->is_ready = false;
    in->message.len = in->checked = 0;
    if (in->is_whole) {
        in->kind = 0;
        in->is_whole = false;
    }
    if (in->tail_have != 0)
        buf_add(&in->message, in->tail, in->tail_have);
    in->tail_have = 0;
    if (in->message.cap > MESSAGE_KEPT_BYTES && in->message.len == 0)
        buf_free(&in->message);
}

void ws_input_drop(tern_ws *ws)
{
    ws_input *in = &ws->in;
    in->is_held = false;
    if (in->is_ready && in->is_whole)
        in->kind = 0;
    in->is_ready = in->is_whole = false;
    in->drops = true;
    if (ws->tunnel != NULL)
        http_tunnel_again(ws->tunnel);
}

void ws_input_next(tern_ws *ws, bool takes_parts)
{
    ws_input *in = &ws->in;
    if (in->is_taken)
        drop_taken(in);
    in->has_chosen = true;
    in->takes_parts = takes_parts;
    if (!takes_parts && in->kind != 0 && in->has_given_part) { /* the rest of it is not wanted */
        in->drops = true;
        in->kind = in->is_whole ? 0 : in->kind;
        in->is_ready = in->is_whole = false;
        in->message.len = in->checked = 0;
    }
    if (!takes_parts && !in->is_whole)
        in->is_ready = false;
    in->is_held = false;
    if (in->in_frame && (in->head.first & WS_OPCODE) < WS_CLOSE)
        check_size(ws);
}

void ws_input_rest(ws_input *in)
{
    if (in->kind == 0 && !in->is_ready)
        buf_free(&in->message);
    if (!in->in_frame) {
        mem_free(in->control);
        in->control = NULL;
    }
}

void ws_input_free(ws_input *in)
{
    buf_free(&in->message);
    buf_free(&in->rest);
    mem_free(in->control);
    ws_inflate_give(in->decoder);
    in->decoder = NULL;
}

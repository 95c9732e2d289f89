/** Frames to the tunnel. Hot path: ws_put with an empty queue. */
#include "app/websocket/ws.h"

#include "base/mem.h"

#include <errno.h>
#include <string.h>

enum { QUEUE_KEPT_BYTES = 16 * 1024 /* of an empty queue, until the WebSocket is idle */ };

/** Appends to the queue, moving what is in it to its front first when that makes room. */
static bool add(tern_ws *ws, const void *data, size_t len)
{
    if (ws->queue_at != 0 && ws->queue_at >= ws->queue.len / 2) {
        memmove(ws->queue.data, ws->queue.data + ws->queue_at, ws_queued(ws));
        ws->queue.len -= ws->queue_at;
        ws->queue_at = 0;
    }
    return len == 0 || buf_add(&ws->queue, data, len);
}

/** How many of the bytes the tunnel takes now; it tells of a loss by itself. */
static size_t offer(tern_ws *ws, const void *head, size_t head_len, const void *data, size_t len)
{
    struct iovec parts[2] = {{(void *)(uintptr_t)head, head_len}, {(void *)(uintptr_t)data, len}};
    if (ws_queued(ws) != 0)
        return 0;
    ssize_t n = http_tunnel_send(ws->tunnel, parts, len != 0 ? 2 : 1);
    return n > 0 ? (size_t)n : 0;
}

void ws_put(tern_ws *ws, unsigned first, const void *data, size_t len)
{
    uint8_t head[WS_SERVER_HEAD_MOST];
    if (ws->tunnel == NULL)
        return;
    size_t head_len = ws_head_write(head, first, len);
    size_t sent = offer(ws, head, head_len, data, len);
    if (sent == head_len + len)
        return;
    bool has_room = sent >= head_len || add(ws, head + sent, head_len - sent);
    size_t begun = sent > head_len ? sent - head_len : 0;
    if (!has_room || (len != begun && !add(ws, (const char *)data + begun, len - begun)))
        ws_lose(ws); /* half a frame cannot be taken back */
}

void ws_put_close(tern_ws *ws, unsigned code, const char *reason, size_t len)
{
    uint8_t payload[WS_CONTROL_MOST];
    if (ws->has_said_close)
        return;
    ws->has_said_close = true;
    ws->owes_pong = false;
    if (len > sizeof payload - 2)
        len = sizeof payload - 2;
    len -= ws_utf8_tail(reason, len);
    payload[0] = (uint8_t)(code >> 8);
    payload[1] = (uint8_t)code;
    memcpy(payload + 2, reason, len);
    ws_put(ws, WS_FIN | WS_CLOSE, payload, code != 0 ? len + 2 : 0);
    ws_input_drop(ws);
    ws_wake_senders(ws);
}

void ws_put_pong(tern_ws *ws, const uint8_t *data, size_t len)
{
    if (!ws_is_open(ws))
        return;
    if (ws_queued(ws) == 0) {
        ws_put(ws, WS_FIN | WS_PONG, data, len);
        return;
    }
    /* Only the last of several pings needs an answer: RFC 6455 section 5.5.3. */
    if (ws->pong == NULL && (ws->pong = mem_alloc(WS_CONTROL_MOST)) == NULL)
        return;
    if (len != 0)
        memcpy(ws->pong, data, len);
    ws->pong_len = (uint8_t)len;
    ws->owes_pong = true;
}

void ws_wake_senders(tern_ws *ws)
{
    list_each (link, &ws->senders)
        coro_wake(list_owner(link, ws_sender, link)->waiting);
}

static void after_empty(tern_ws *ws)
{
    ws->queue.len = ws->queue_at = 0;
    if (ws->queue.cap > QUEUE_KEPT_BYTES)
        buf_free(&ws->queue);
    if (ws->owes_pong) {
        ws->owes_pong = false;
        ws_put(ws, WS_FIN | WS_PONG, ws->pong, ws->pong_len);
    }
}

void ws_flush(tern_ws *ws)
{
    while (ws->tunnel != NULL && ws_queued(ws) != 0) {
        struct iovec part = {ws->queue.data + ws->queue_at, ws_queued(ws)};
        ssize_t n = http_tunnel_send(ws->tunnel, &part, 1);
        if (n <= 0)
            break;
        ws->queue_at += (size_t)n;
    }
    if (ws->tunnel != NULL && ws_queued(ws) == 0 && ws->queue_at != 0)
        after_empty(ws);
    if (ws_queued(ws) <= ws->of->o.max_queue / 2)
        ws_wake_senders(ws);
}

void ws_output_rest(tern_ws *ws)
{
    if (ws_queued(ws) != 0)
        return;
    buf_free(&ws->queue);
    ws->queue_at = 0;
    if (!ws->owes_pong) {
        mem_free(ws->pong);
        ws->pong = NULL;
    }
}

/** What the targets of HTTP/2 serve and check. */
#ifndef TESTS_FUZZ_H2_SERVICE_H
#define TESTS_FUZZ_H2_SERVICE_H

#include "wire.h"

#include "http/h2/frame.h"
#include "runtime/coro.h"
#include "runtime/loop.h"
#include "runtime/unwind.h"

#include <tern/log.h>

#include <stdlib.h>
#include <string.h>

/** Each letter of the path after '/' is one thing that the request does; they come in any order. */
static bool asks(const http_exchange *x, char letter)
{
    return memchr(x->request->path.data, letter, x->request->path.len) != NULL;
}

static void wait_a_turn(const http_exchange *x)
{
    if (asks(x, 'w') && coro_wait(loop_self.now_ms) == CORO_CANCELLED)
        unwind_throw(UNWIND_CANCELLED);
}

static void accept_head(void *self, http_exchange *x)
{
    (void)self;
    x->policy.is_streamed = asks(x, 's');
    if (asks(x, 'd'))
        x->deadline_ms = loop_self.now_ms + 1;
    if (asks(x, 'l'))
        x->policy.max_bytes = 5;
    if (asks(x, 'e'))
        http_reply(x, 404, NULL, "early", 5);
    wait_a_turn(x);
}

static void read_body(http_exchange *x, bool is_sent)
{
    char piece[100];
    long n;
    while ((n = http_body_read(x, piece, sizeof piece)) > 0) {
        wait_a_turn(x);
        if (is_sent)
            http_reply_write(x, piece, (size_t)n);
    }
    if (n < 0)
        unwind_throw(UNWIND_FAIL);
}

static void reply_stream(http_exchange *x)
{
    static const char many[80000];
    http_reply_begin(x, asks(x, 'n') ? 204 : 200, "text/plain", asks(x, 'c') ? 20 : -1);
    wait_a_turn(x);
    if (x->policy.is_streamed)
        read_body(x, true);
    http_reply_write(x, "ten bytes.", 10);
    if (asks(x, 'm'))
        http_reply_write(x, many, sizeof many);
    wait_a_turn(x);
    http_reply_write(x, "ten bytes.", 10);
    if (asks(x, 't'))
        http_reply_trailer(x, "X-Sum", "1");
    if (asks(x, 'h'))
        unwind_throw(UNWIND_FAIL);
    http_reply_end(x);
}

static void handle_request(http_exchange *x)
{
    static const char many[80000];
    wait_a_turn(x);
    if (!x->policy.is_streamed && x->body.data[x->body.len] != '\0')
        abort();
    if (!x->policy.is_streamed && x->request->has_length && x->body.len != x->request->length)
        abort(); /* a part for the whole */
    if (asks(x, 'g'))
        http_early_hints(x, &(http_field){"Link", "</a>", 4, 4}, 1);
    if (asks(x, 'r')) {
        reply_stream(x);
        return;
    }
    if (x->policy.is_streamed && !asks(x, 'i'))
        read_body(x, false);
    wait_a_turn(x);
    http_field_put(x, "Set-Cookie", "a=b", false);
    if (asks(x, 'm'))
        http_reply(x, 200, "text/plain", many, sizeof many);
    else if (!asks(x, 'q'))
        http_reply(x, asks(x, 'n') ? 304 : 200, "text/plain", "ok", 2);
}

static void handle(void *self, http_exchange *x)
{
    (void)self;
    unwind_point point;
    if (unwind_catch(&point) == 0) {
        handle_request(x);
        unwind_release(&point);
    } else if (!x->has_replied && x->is_late) {
        http_reply(x, 503, NULL, "late", 4);
    }
}

/** What the server sent is frames, and no stream goes on after its end. The last frame may be cut off. */
static void check_frames(const char *heard, size_t len)
{
    static bool has_ended[1 << 16];
    memset(has_ended, 0, sizeof has_ended);
    const uint8_t *at = (const uint8_t *)heard, *end = at + len;
    while (end - at >= H2_FRAME_HEAD_BYTES) {
        size_t bytes = (size_t)at[0] << 16 | (size_t)at[1] << 8 | at[2];
        uint32_t id = h2_get_u32(at + 5);
        bool is_of_stream = at[3] == H2_DATA || at[3] == H2_HEADERS;
        if (bytes > H2_FRAME_MOST || at[3] > H2_CONTINUATION)
            abort();
        if (is_of_stream && id < sizeof has_ended) {
            if (has_ended[id])
                abort();
            has_ended[id] = (at[4] & H2_END_STREAM) != 0;
        }
        if (bytes > (size_t)(end - at) - H2_FRAME_HEAD_BYTES)
            return;
        at += H2_FRAME_HEAD_BYTES + bytes;
    }
}

/** One whole connection; the client's preface is in `bytes`. */
static void talk(const uint8_t *bytes, size_t len, uint8_t piece, uint8_t behaviour)
{
    static const http_service service = {.accept_head = accept_head, .handle = handle};
    static const http_limits limits = {.head = {.head_bytes = 2048, .target_bytes = 1024, .fields = 20},
                                       .head_ms = 10000,
                                       .idle_ms = 10000,
                                       .body_bytes = 10000,
                                       .arena_bytes = 1 << 20,
                                       .requests_per_connection = 50,
                                       .h2c = true,
                                       .h2_streams = 10,
                                       .h2_window = 65535,
                                       .h2_resets = 20,
                                       .h2_frames = 200,
                                       .server_name = "t"};
    static char heard[1 << 22];
    tern_log_set_level(TERN_LOG_SILENT);
    if (!wire_open(&service, &limits))
        abort();
    const wire_script script = {.request = bytes,
                                .len = len,
                                .piece = (size_t)piece * 4 + 1,
                                .closes_after = true,
                                .leaves_at = (behaviour & 128) == 0 ? behaviour >> 1 : 0,
                                .drains_at = (behaviour & 128) != 0 ? 1 + (behaviour >> 1 & 63) : 0};
    long n = wire_talk(&script, heard, sizeof heard);
    if (n < 0)
        abort(); /* never closed */
    check_frames(heard, (size_t)n);
    if (coro_count() != 0)
        abort();
    wire_close();
}

#endif

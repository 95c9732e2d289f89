/** Whole connections of HTTP/2 in one process: every piece size, and every allocation that may fail. */
#include "check.h"
#include "wire.h"

#include "base/mem.h"
#include "http/h2/frame.h"
#include "runtime/coro.h"
#include "runtime/loop.h"
#include "runtime/unwind.h"

#include <tern/log.h>

static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

static unsigned begun, ended;

static void handle(void *self, http_exchange *x)
{
    (void)self;
    unwind_point point;
    begun++;
    if (unwind_catch(&point) == 0) {
        if (x->request->path.len > 2)
            coro_wait(loop_self.now_ms + 1);
        if (coro_self()->is_cancelled)
            unwind_throw(UNWIND_CANCELLED);
        http_field_put(x, "X-Test", "1", false);
        http_reply(x, 200, "text/plain", x->body.len != 0 ? x->body.data : "ok",
                   x->body.len != 0 ? x->body.len : 2);
        unwind_release(&point);
    }
    ended++;
}

static const http_service service = {.handle = handle};
static const http_limits limits = {.head = {.head_bytes = 8192, .target_bytes = 4096, .fields = 50},
                                   .head_ms = 5000,
                                   .idle_ms = 5000,
                                   .body_bytes = 1000000,
                                   .arena_bytes = 1 << 20,
                                   .h2c = true,
                                   .server_name = "tern"};

static char *put_literal(char *at, const char *name, const char *value)
{
    *at++ = 0;
    *at++ = (char)strlen(name);
    at = stpcpy(at, name);
    *at++ = (char)strlen(value);
    return stpcpy(at, value);
}

static char *put_request(char *at, uint32_t id, const char *method, const char *path, bool ends)
{
    char *start = at;
    at = put_literal(at + H2_FRAME_HEAD_BYTES, ":method", method);
    at = put_literal(at, ":scheme", "http");
    at = put_literal(at, ":path", path);
    at = put_literal(at, ":authority", "h");
    h2_put_frame_head(start, (size_t)(at - start) - H2_FRAME_HEAD_BYTES, H2_HEADERS,
                      H2_END_HEADERS | (ends ? H2_END_STREAM : 0), id);
    return at;
}

/** The preface, SETTINGS, a GET, a GET that waits, a POST, and GOAWAY, after which the server closes. */
static size_t put_connection(char *bytes)
{
    char *at = stpcpy(bytes, preface);
    at = h2_put_frame_head(at, 0, H2_SETTINGS, 0, 0);
    at = put_request(at, 1, "GET", "/", true);
    at = put_request(at, 3, "GET", "/wait", true);
    at = put_request(at, 5, "POST", "/", false);
    at = h2_put_frame_head(at, 4, H2_DATA, H2_END_STREAM, 5);
    at = stpcpy(at, "body");
    at = h2_put_frame_head(at, 8, H2_GOAWAY, 0, 0);
    at = h2_put_u32(h2_put_u32(at, 0), 0);
    return (size_t)(at - bytes);
}

/** Frames of that type in what was heard. */
static unsigned count_frames(const char *heard, long len, unsigned type, unsigned flags)
{
    unsigned count = 0;
    const uint8_t *at = (const uint8_t *)heard, *end = at + len;
    while (end - at >= H2_FRAME_HEAD_BYTES) {
        count += at[3] == type && (at[4] & flags) == flags;
        at += H2_FRAME_HEAD_BYTES + ((size_t)at[0] << 16 | (size_t)at[1] << 8 | at[2]);
    }
    return count;
}

static long talk(size_t piece, char *heard, size_t size)
{
    char bytes[1024];
    const wire_script script = {.request = bytes, .len = put_connection(bytes), .piece = piece};
    CHECK(wire_open(&service, &limits));
    long len = wire_talk(&script, heard, size);
    CHECK_INT(coro_count(), 0);
    wire_close();
    return len;
}

TEST(a_connection_is_answered_alike_in_pieces_of_every_size)
{
    static char heard[8192];
    for (size_t piece = 1; piece < 60; piece++) {
        long len = talk(piece, heard, sizeof heard);
        CHECK_INT(count_frames(heard, len, H2_DATA, H2_END_STREAM), 3);
        CHECK_INT(count_frames(heard, len, H2_HEADERS, 0), 3);
        CHECK_INT(count_frames(heard, len, H2_RST_STREAM, 0), 0);
    }
}

TEST(every_allocation_of_a_connection_may_fail)
{
    static char heard[8192];
    tern_log_set_level(TERN_LOG_SILENT);
    for (int for_good = 0; for_good < 2; for_good++)
        for (unsigned long n = 1;; n++) {
            char bytes[1024];
            const wire_script script = {.request = bytes, .len = put_connection(bytes), .closes_after = true};
            CHECK(wire_open(&service, &limits));
            begun = ended = 0;
            mem_fail_at(n, for_good);
            long len = wire_talk(&script, heard, sizeof heard);
            bool has_failed = mem_tried() >= n;
            mem_fail_at(0, 0);
            CHECK(len >= 0);
            CHECK_INT(coro_count(), 0);
            CHECK_INT(begun, ended);
            wire_close();
            if (!has_failed)
                break;
        }
}

TEST(threat_044_a_client_that_leaves_at_any_moment_ends_every_handler_once)
{
    static char heard[8192];
    for (unsigned turn = 1; turn < 12; turn++) {
        char bytes[1024];
        const wire_script script = {
            .request = bytes, .len = put_connection(bytes), .piece = 40, .leaves_at = turn};
        CHECK(wire_open(&service, &limits));
        begun = ended = 0;
        CHECK(wire_talk(&script, heard, sizeof heard) >= 0);
        CHECK_INT(begun, ended);
        CHECK_INT(coro_count(), 0);
        wire_close();
    }
}

TEST(a_server_that_drains_at_any_moment_says_so_and_ends)
{
    static char heard[8192];
    for (unsigned turn = 1; turn < 12; turn++) {
        char bytes[1024];
        const wire_script script = {
            .request = bytes, .len = put_connection(bytes), .piece = 40, .drains_at = turn};
        CHECK(wire_open(&service, &limits));
        CHECK(wire_talk(&script, heard, sizeof heard) >= 0);
        CHECK_INT(coro_count(), 0);
        wire_close();
    }
}

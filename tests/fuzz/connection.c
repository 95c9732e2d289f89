/**
 * A whole connection under libFuzzer: bytes in pieces to a real server over a socket pair, with pipelining,
 * bodies, streams, files, early answers, deadlines and handlers that wait at every step. The first byte of
 * the input chooses the size of the pieces, the second the client's behaviour: bit 0, it closes its side
 * after the last byte; the other bits, the turn of the loop at which it disconnects (0: never) or, with the
 * highest bit, at which the server drains.
 *
 * Finds crashes, leaks, connections that never end, replies after one marked as the last, and bodies that do
 * not end with a NUL.
 */
#include "wire.h"

#include "runtime/coro.h"
#include "runtime/loop.h"
#include "runtime/unwind.h"

#include <tern/log.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int file = -1;

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
}

static void read_body(http_exchange *x, bool is_sent)
{
    char piece[100];
    long n;
    while ((n = http_body_read(x, piece, sizeof piece)) > 0) {
        wait_a_turn(x);
        memset(piece, 'x', (size_t)n); /* the input is not sent back: it could imitate a reply */
        if (is_sent)
            http_reply_write(x, piece, (size_t)n);
        wait_a_turn(x);
    }
    if (n < 0 && !is_sent) {
        const char *detail;
        http_reply(x, http_body_error(x, &detail), NULL, "", 0);
        unwind_throw(UNWIND_FAIL);
    }
    if (n < 0)
        unwind_throw(UNWIND_FAIL); /* half-way */
}

static void reply_stream(http_exchange *x)
{
    static const char many[20000];
    http_reply_begin(x, asks(x, 'n') ? 204 : 200, "text/plain", asks(x, 'c') ? 20 : -1);
    wait_a_turn(x);
    if (x->policy.is_streamed)
        read_body(x, true);
    http_reply_write(x, "ten bytes.", 10);
    if (asks(x, 'u'))
        http_reply_flush(x);
    if (asks(x, 'm'))
        http_reply_write(x, many, sizeof many);
    wait_a_turn(x);
    http_reply_write(x, "ten bytes.", 10);
    if (asks(x, 't'))
        http_reply_trailer(x, "X-Trailer", "t");
    if (asks(x, 'h'))
        unwind_throw(UNWIND_FAIL);
    http_reply_end(x);
}

static void reply_file(http_exchange *x)
{
    const http_file_part parts[] = {{{"first", 5}, 0, 100}, {{"second", 6}, 150, asks(x, 'h') ? 300 : 50}};
    if (asks(x, 'p'))
        http_reply_file_parts(x, 206, NULL, (http_file){.fd = file}, parts, 2, (tern_str){"end", 3});
    else
        http_reply_file(x, 200, NULL, file, 0, asks(x, 'h') ? 300 : 200);
}

static void handle_request(http_exchange *x)
{
    static const http_field link = {"Link", "<x>", 4, 3};
    wait_a_turn(x);
    for (unsigned i = 0; asks(x, 'g') && http_early_hints(x, &link, 1); i++)
        if (i == 20)
            abort(); /* there is a limit */
    if (!x->policy.is_streamed && x->body.data[x->body.len] != '\0')
        abort();
    if (asks(x, 'r')) {
        reply_stream(x);
        return;
    }
    if (x->policy.is_streamed && !asks(x, 'i'))
        read_body(x, false);
    wait_a_turn(x);
    if (asks(x, 'f'))
        reply_file(x);
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

/** After a reply that is marked as the last, nothing may follow. */
static void check_replies(const char *heard)
{
    static const char close_line[] = "\r\nConnection: close\r\n";
    const char *last = strstr(heard, close_line);
    if (last != NULL && strstr(last + 2, close_line) != NULL)
        abort();
}

static void open_file(void)
{
    char name[] = "/tmp/tern-fuzz-XXXXXX", bytes[200];
    memset(bytes, 'f', sizeof bytes);
    file = mkstemp(name);
    if (file < 0 || unlink(name) != 0 || write(file, bytes, sizeof bytes) != sizeof bytes)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const http_service service = {.accept_head = accept_head, .handle = handle};
    static const http_limits limits = {.head = {.head_bytes = 2048, .target_bytes = 1024, .fields = 20},
                                       .head_ms = 10000,
                                       .idle_ms = 10000,
                                       .body_bytes = 10000,
                                       .arena_bytes = 1 << 20,
                                       .requests_per_connection = 30,
                                       .server_name = "t",
                                       .early_hints = HTTP_HINTS_ALWAYS};
    static char heard[1 << 21];
    if (size < 3 || size > 4096)
        return 0;
    if (file < 0)
        open_file();
    tern_log_set_level(TERN_LOG_SILENT);
    if (!wire_open(&service, &limits))
        abort();
    const wire_script script = {.request = data + 2,
                                .len = size - 2,
                                .piece = (size_t)data[0] * 4 + 1,
                                .closes_after = (data[1] & 1) != 0 || data[1] < 2,
                                .leaves_at = (data[1] & 128) == 0 ? data[1] >> 1 : 0,
                                .drains_at = (data[1] & 128) != 0 ? 1 + (data[1] >> 1 & 63) : 0};
    if (wire_talk(&script, heard, sizeof heard) < 0)
        abort(); /* neither answered nor closed */
    check_replies(heard);
    if (coro_count() != 0)
        abort();
    wire_close();
    return 0;
}

/**
 * A whole connection under libFuzzer: bytes in pieces to a real server over a socket pair, with pipelining,
 * bodies, streams and early answers. The first byte of the input chooses the size of the pieces.
 *
 * Found here: crashes, leaks, a connection that never ends, a reply after the one that said it was the last.
 */
#include "wire.h"

#include "runtime/unwind.h"

#include <tern/log.h>

#include <stdlib.h>
#include <string.h>

static void accept_head(void *self, http_exchange *x)
{
    (void)self;
    x->policy.is_streamed = x->head.path.len > 1 && x->head.path.data[1] == 's';
    if (x->head.path.len > 1 && x->head.path.data[1] == 'e')
        http_reply(x, 404, NULL, "early", 5);
}

static void handle_request(http_exchange *x)
{
    char piece[100];
    long n;
    if (!x->policy.is_streamed) {
        bool is_whole =
            memchr(x->body.data, '\1', x->body.len + 1) != NULL || x->body.data[x->body.len] == '\0';
        http_reply(x, is_whole ? 200 : 500, "text/plain", "ok", 2);
        return;
    }
    http_reply_begin(x, 200, "text/plain", -1);
    while ((n = http_body_read(x, piece, sizeof piece)) > 0) {
        memset(piece, 'x', (size_t)n); /* what came is not sent back: it could imitate a reply */
        http_reply_write(x, piece, (size_t)n);
    }
    if (n == 0)
        http_reply_end(x);
}

static void handle(void *self, http_exchange *x)
{
    (void)self;
    unwind_point point;
    if (unwind_catch(&point) == 0) {
        handle_request(x);
        unwind_release(&point);
    }
}

/** After a reply that says it is the last one, nothing may come. */
static void check_replies(const char *heard)
{
    static const char close_line[] = "\r\nConnection: close\r\n";
    const char *last = strstr(heard, close_line);
    if (last != NULL && strstr(last + 2, close_line) != NULL)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const http_service service = {.accept_head = accept_head, .handle = handle};
    static const http_limits limits = {.head = {2048, 1024, 20},
                                       .head_ms = 10000,
                                       .idle_ms = 10000,
                                       .body_bytes = 10000,
                                       .arena_bytes = 1 << 20,
                                       .server_name = "t"};
    static char heard[1 << 16];
    if (size < 2 || size > 4096) /* what is answered must fit in the sockets and in `heard` */
        return 0;
    tern_log_set_level(TERN_SILENT);
    if (!wire_open(&service, &limits))
        abort();
    const wire_script script = {
        .request = data + 1, .len = size - 1, .piece = (size_t)data[0] * 4 + 1, .closes_after = true};
    if (wire_talk(&script, heard, sizeof heard) < 0)
        abort(); /* neither answered nor closed */
    check_replies(heard);
    wire_close();
    return 0;
}

/**
 * A whole connection under libFuzzer: bytes in pieces to a real server over a socket pair, with pipelining,
 * bodies, streams and early answers. The first byte of the input chooses the size of the pieces.
 *
 * Found here: crashes, leaks, a connection that never ends, a reply after the one that said it was the last.
 */
#include "http/exchange.h"
#include "runtime/coro.h"
#include "runtime/loop.h"
#include "runtime/unwind.h"

#include <tern/log.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MOST_TURNS = 20000 };

typedef struct client {
    loop_later later;
    const uint8_t *data;
    size_t len, piece;
    int fd;
    unsigned turns;
    char heard[1 << 16];
    size_t heard_len;
} client;

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

/** Each turn of the loop: read what came, send one more piece, leave when all is sent and answered. */
static void client_turn(loop_later *later)
{
    client *me = list_owner(later, client, later);
    ssize_t n;
    while (me->heard_len < sizeof me->heard - 1 &&
           (n = recv(me->fd, me->heard + me->heard_len, sizeof me->heard - 1 - me->heard_len, MSG_DONTWAIT)) >
               0)
        me->heard_len += (size_t)n;
    if (me->len > 0) {
        size_t len = me->len < me->piece ? me->len : me->piece;
        n = send(me->fd, me->data, len, MSG_DONTWAIT | MSG_NOSIGNAL);
        size_t sent = n < 0 ? me->len : (size_t)n; /* a server that has closed hears no more */
        me->data += sent;
        me->len -= sent;
        if (me->len == 0)
            shutdown(me->fd, SHUT_WR);
    }
    if (http_server_count() == 0) {
        loop_stop();
        return;
    }
    if (++me->turns > MOST_TURNS)
        abort(); /* neither answered nor closed */
    loop_do_later(&me->later);
}

/** After a reply that says it is the last one, nothing may come. */
static void check_replies(char *heard, size_t len)
{
    static const char close_line[] = "\r\nConnection: close\r\n";
    heard[len] = '\0';
    char *last = strstr(heard, close_line);
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
    static client me;
    int ends[2];
    if (size < 2 || size > 4096) /* what is answered must fit in the sockets and in `heard` */
        return 0;
    if (!loop_open() || !http_server_open(&service, &limits))
        abort();
    tern_log_set_level(TERN_SILENT);
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0)
        abort();
    me = (client){.later.run = client_turn,
                  .data = data + 1,
                  .len = size - 1,
                  .piece = (size_t)data[0] * 4 + 1,
                  .fd = ends[0]};
    http_server_on_connection(NULL, ends[1]);
    loop_do_later(&me.later);
    loop_run();
    check_replies(me.heard, me.heard_len);
    close(me.fd);
    http_server_close();
    loop_close();
    return 0;
}

/** The server of one process: setting up, taking connections, leaving. */
#include "http/connection.h"
#include "http/transport.h"

#include "runtime/worker.h"

#include <string.h>
#include <unistd.h>

enum {
    SMALLEST_BLOCK_BYTES = 16 * 1024,
    BLOCKS_KEPT = 64,
    STRUCTURES_KEPT = 1024,
    HAND_STEPS = 64,       /* idle connections looked at to find one to drop */
    HAND_OVER_AGAIN_MS = 5 /* a full channel is emptied within a turn or two of the successor's loop */
};

http_server http_self;

_Static_assert(offsetof(http_connection, has_unread_body) == MEM_LINE_BYTES &&
                   offsetof(http_connection, stream.reader) <= 2 * MEM_LINE_BYTES,
               "what a request touches of its connection lies in two cache lines");

bool http_can_speak_2(const char **problem)
{
    if (TERN_WITH_HTTP2)
        return h2_server_can_open(problem);
    *problem = "this build of Tern has no HTTP/2: install libnghttp2-dev and build it again";
    return false;
}

static void complete_h2_limits(http_limits *limits)
{
    if (limits->h2_streams == 0)
        limits->h2_streams = 100;
    if (limits->h2_window == 0)
        limits->h2_window = 256 * 1024;
    if (limits->h2_resets == 0)
        limits->h2_resets = 500;
    if (limits->h2_frames == 0)
        limits->h2_frames = 5000;
}

bool http_server_open(const http_service *service, const http_limits *limits)
{
    http_self = (http_server){.service = *service, .limits = *limits};
    if (!defaults_join(&http_self.defaults, limits->defaults, limits->default_count))
        return false;
    if (http_self.limits.head.fields == 0 || http_self.limits.head.fields > HTTP_HEADERS_MAX)
        http_self.limits.head.fields = HTTP_HEADERS_MAX;
    complete_h2_limits(&http_self.limits);
    http_self.checks_plain = limits->redirects_to_https || limits->trusted_count != 0;
    size_t bytes =
        limits->head.head_bytes > SMALLEST_BLOCK_BYTES ? limits->head.head_bytes : SMALLEST_BLOCK_BYTES;
    http_self.block_bytes = bytes; /* a head at its limit fits, and is seen to be too large */
    pool_init(&http_self.blocks, bytes + 1, BLOCKS_KEPT);
    pool_init(&http_self.structures, sizeof(http_connection), STRUCTURES_KEPT);
    list_init(&http_self.connections);
    http_self.hand = &http_self.connections;
    list_init(&http_self.handshakes);
    return true;
}

void http_server_set_tls(tls_context *tls)
{
    http_self.tls = tls;
}

void http_server_close(void)
{
    pool_drain(&http_self.blocks);
    pool_drain(&http_self.structures);
    body_blocks_drain(&http_self.bodies);
    defaults_free(&http_self.defaults);
    if (TERN_WITH_HTTP2)
        h2_server_close();
}

void server_make_place(void)
{
    http_connection *longest = NULL;
    for (unsigned i = 0; i < HAND_STEPS; i++) {
        http_self.hand = http_self.hand->next;
        if (http_self.hand == &http_self.connections)
            continue;
        http_connection *k = list_owner(http_self.hand, http_connection, link);
        bool is_longer = longest == NULL || k->deadline_ms < longest->deadline_ms;
        bool is_idle = k->is_lingering || k->protocol->is_idle(k);
        /* A request that has arrived but is not read yet is not idleness. */
        if (is_idle && is_longer && !transport_has_input(k))
            longest = k;
    }
    if (longest != NULL)
        connection_close(longest);
}

void http_server_on_connection(void *unused, int fd, worker_arrival arrival)
{
    (void)unused;
    if (http_self.limits.connections != 0 && http_self.count >= http_self.limits.connections)
        server_make_place();
    if (connection_open(fd, arrival) == NULL) {
        close(fd);
        worker_connection_closed();
    }
}

unsigned http_server_count(void)
{
    return http_self.count;
}

void server_report_drained(void)
{
    if (http_self.count == 0 && !http_self.has_reported_drained) {
        http_self.has_reported_drained = true;
        worker_drained();
    }
}

/** Drains every connection, until the successor's channel is full. */
static void drain_connections(timer_entry *timer)
{
    (void)timer;
    list_link *next;
    for (list_link *link = http_self.connections.next; link != &http_self.connections; link = next) {
        next = link->next;
        http_connection *k = list_owner(link, http_connection, link);
        if (!k->is_lingering && !k->protocol->drain(k))
            return;
    }
}

void server_hand_over_later(void)
{
    http_self.hand_over.fire = drain_connections;
    if (!timer_is_running(&http_self.hand_over))
        timer_start(&loop_self.timers, &http_self.hand_over, loop_self.now_ms + HAND_OVER_AGAIN_MS);
}

void http_server_drain(void *unused, bool successor)
{
    (void)unused;
    http_self.is_draining = true;
    http_self.has_successor = successor;
    list_each (link, &http_self.connections)
        connection_hurry(list_owner(link, http_connection, link));
    drain_connections(&http_self.hand_over);
    server_report_drained();
}

void http_server_tidy(void *unused)
{
    (void)unused;
    pool_tidy(&http_self.blocks);
    pool_tidy(&http_self.structures);
    body_blocks_tidy(&http_self.bodies);
    if (TERN_WITH_HTTP2)
        h2_server_tidy();
}

void http_server_abort(void *unused)
{
    (void)unused;
    http_self.has_successor = false;
    timer_stop(&loop_self.timers, &http_self.hand_over);
    list_link *next;
    for (list_link *link = http_self.connections.next; link != &http_self.connections; link = next) {
        next = link->next;
        http_connection *k = list_owner(link, http_connection, link);
        if (k->is_lingering)
            connection_close(k);
        else
            k->protocol->cancel(k);
    }
    server_report_drained();
}

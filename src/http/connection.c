/** Connections from their first byte to their last: opening, closing, lingering. */
#include "http/connection.h"

#include "base/mem.h"
#include "http/proxy.h"
#include "http/transport.h"
#include "runtime/worker.h"

#include <errno.h>
#include <sys/epoll.h>

enum {
    LINGER_MS = 30000,                /* that a peer may go on sending after our last reply */
    LINGER_SILENCE_MS = 5000,         /* of it without a byte */
    LINGER_DRAINING_MS = 2000,        /* all of it when the server stops */
    LINGER_BYTES = 256 * 1024 * 1024, /* discarded at most; the rest stays with the peer */
    LINGER_TURN_BYTES = 512 * 1024    /* of them before other connections get their turn */
};

bool connection_note_client(http_connection *k, const worker_peer *peer)
{
    if (peer->family == AF_UNSPEC)
        return true;
    k->client = mem_alloc(sizeof *k->client);
    if (k->client == NULL)
        return false;
    *k->client = *peer;
    return true;
}

worker_arrival connection_arrival(const http_connection *k)
{
    return (worker_arrival){.kind = (listener_kind)k->kind,
                            .is_begun = true,
                            .peer = k->client != NULL ? *k->client : (worker_peer){0}};
}

void connection_begin(http_connection *k)
{
    bool has_handshake = k->kind == LISTENER_TLS && http_self.tls != NULL;
    k->protocol = has_handshake ? &tls_handshaking : &http1;
    k->protocol->begin(k);
    /* A peer that connects and says nothing has as long as one that sends its head too slowly. */
    k->deadline_ms =
        loop_self.now_ms + (has_handshake ? http_self.limits.handshake_ms : http_self.limits.head_ms);
}

http_connection *connection_open(int fd, worker_arrival arrival)
{
    http_connection *k = pool_get(&http_self.structures);
    if (k == NULL)
        return NULL;
    *k = (http_connection){.source.fd = fd, .kind = (uint8_t)arrival.kind};
    k->must_close = http_self.is_draining;
    stream_init(&k->stream);
    if (http_self.limits.proxy_count != 0 && !arrival.is_begun && proxy_is_expected(fd))
        proxy_begin(k);
    else
        connection_begin(k);
    if (!connection_note_client(k, &arrival.peer) ||
        !loop_add(&k->source, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET)) {
        mem_free(k->client);
        pool_put(&http_self.structures, k);
        return NULL;
    }
    list_append(&http_self.connections, &k->link);
    http_self.count++;
    timer_start(&loop_self.timers, &k->timer, k->deadline_ms);
    return k;
}

static void free_later(loop_later *later)
{
    pool_put(&http_self.structures, list_owner(later, http_connection, later));
}

void connection_close(http_connection *k)
{
    k->is_closed = true;
    loop_remove(&k->source);
    timer_stop(&loop_self.timers, &k->timer);
    k->protocol->release(k);
    mem_free(k->client);
    if (http_self.hand == &k->link)
        http_self.hand = k->link.next;
    list_remove(&k->link);
    http_self.count--;
    k->later.run = free_later;
    loop_do_later(&k->later);
    transport_close(k);
    worker_connection_closed();
    if (http_self.is_draining)
        server_report_drained();
}

void connection_set_deadline(http_connection *k, uint64_t at_ms)
{
    k->deadline_ms = at_ms;
    if (!timer_is_running(&k->timer) || k->timer.at_ms > at_ms)
        timer_start(&loop_self.timers, &k->timer, at_ms);
}

/* -- lingering -- */

/** How long to wait for a lingering peer to close, as long as nothing more comes. */
static uint64_t linger_deadline(const http_connection *k)
{
    uint64_t silence = loop_self.now_ms + LINGER_SILENCE_MS;
    return k->linger_end_ms < silence ? k->linger_end_ms : silence;
}

/** Discards some of what a lingering peer sends. 0: nothing more for now; 1: there may be more; -1: its end. */
static int drop_some(http_connection *k)
{
    ssize_t n = transport_discard(k);
    if (n > 0) {
        k->lingered_bytes += (uint64_t)n;
        return 1;
    }
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        return 0;
    return n < 0 && errno == EINTR ? 1 : -1;
}

static void drop_input(http_connection *k)
{
    uint64_t before = k->lingered_bytes;
    int more = 1;
    while (more == 1 && k->lingered_bytes - before < LINGER_TURN_BYTES && k->lingered_bytes < LINGER_BYTES)
        more = drop_some(k);
    bool is_over = k->lingered_bytes >= LINGER_BYTES && k->peer_closed;
    if (more < 0 || is_over) {
        connection_close(k);
        return;
    }
    k->is_readable = more == 1 && k->lingered_bytes < LINGER_BYTES;
    if (k->is_readable) /* others get their turn; the rest causes no further edge */
        connection_set_deadline(k, loop_self.now_ms + 1);
    else if (k->lingered_bytes != before)
        connection_set_deadline(k, linger_deadline(k));
}

static void on_event(loop_source *source, uint32_t events)
{
    http_connection *k = list_owner(source, http_connection, source);
    if (events & EPOLLRDHUP)
        k->peer_closed = true;
    if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
        drop_input(k);
}

static void on_timer(timer_entry *timer)
{
    http_connection *k = list_owner(timer, http_connection, timer);
    uint64_t now = loop_self.now_ms;
    if (k->is_readable && now < k->linger_end_ms)
        drop_input(k);
    else if (k->deadline_ms > now)
        timer_start(&loop_self.timers, timer, k->deadline_ms);
    else
        connection_close(k);
}

void connection_linger(http_connection *k)
{
    k->protocol->release(k);
    if (!transport_finish(k)) {
        connection_close(k);
        return;
    }
    k->is_lingering = true;
    k->source.on_event = on_event;
    k->timer.fire = on_timer;
    k->linger_end_ms = loop_self.now_ms + (http_self.is_draining ? LINGER_DRAINING_MS : LINGER_MS);
    connection_set_deadline(k, linger_deadline(k));
    drop_input(k); /* bytes that have arrived already cause no new edge */
}

void connection_hurry(http_connection *k)
{
    connection_cut(k, LINGER_DRAINING_MS);
}

void connection_cut(http_connection *k, uint64_t ms)
{
    uint64_t end = loop_self.now_ms + ms;
    if (!k->is_lingering || k->linger_end_ms <= end)
        return;
    k->linger_end_ms = end;
    connection_set_deadline(k, linger_deadline(k));
}

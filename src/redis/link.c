/*
 * One connection: commands out, replies in.
 *
 * Hot path: redis_link_send, flush, receive, take. They may not allocate but for output that does not fit, and make one send
 * for all commands of a turn of the loop, and one recv for all replies that have come.
 */
#include "redis/client.h"

#include "base/mem.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    BLOCK_BYTES = 64 * 1024,
    BLOCKS_A_TURN = 16,        /* received before others have their turn */
    OUT_KEPT_BYTES = 64 * 1024 /* of output memory that stays with an idle link */
};

static char block[BLOCK_BYTES]; /* what recv fills */

/* -- commands out -- */

static bool append(redis_link *l, const void *data, size_t len)
{
    if (!buf_add(&l->out, data, len)) {
        l->out.failed = false;
        return false;
    }
    l->queued += len;
    return true;
}

bool redis_link_send(redis_link *l, redis_request *r)
{
    static const char asking[] = "*1\r\n$6\r\nASKING\r\n";
    size_t before = l->out.len;
    uint64_t begin = l->queued;
    if ((r->is_asking && !append(l, asking, sizeof asking - 1)) || !append(l, r->data, r->len)) {
        l->out.len = before;
        l->queued = begin;
        return false;
    }
    r->on = l;
    r->begin_at = begin;
    r->sent_ms = loop_self.now_ms;
    r->skips_asking = r->is_asking;
    list_append(&l->flight, &r->link);
    l->in_flight++;
    redis_link_flush_later(l);
    return true;
}

static ssize_t put(redis_link *l, const char *data, size_t len)
{
    const struct iovec part = {(void *)(uintptr_t)data, len};
    if (l->tls != NULL)
        return tls_send(l->tls, &part, 1, false);
    ssize_t sent;
    do
        sent = send(l->source.fd, data, len, MSG_DONTWAIT | MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent;
}

/** Sends what the socket takes; the rest when it becomes writable. */
static void flush(redis_link *l)
{
    while (l->sent_in_out < l->out.len) {
        ssize_t sent = put(l, l->out.data + l->sent_in_out, l->out.len - l->sent_in_out);
        if (sent < 0 && errno == EAGAIN)
            return;
        if (sent < 0) {
            redis_link_drop(l, TERN_REDIS_AWAY, "the connection broke before the reply came");
            return;
        }
        l->sent_in_out += (size_t)sent;
        l->sent += (uint64_t)sent;
    }
    l->out.len = l->sent_in_out = 0;
    if (l->out.cap > OUT_KEPT_BYTES)
        buf_free(&l->out);
}

static void on_flush(loop_later *later)
{
    redis_link *l = list_owner(later, redis_link, flush);
    l->will_flush = false;
    if (l->state != LINK_CLOSED)
        flush(l);
}

void redis_link_flush_later(redis_link *l)
{
    if (l->will_flush || (l->tls != NULL && !l->is_shaken))
        return;
    l->will_flush = true;
    l->flush.run = on_flush;
    loop_do_later(&l->flush);
}

/* -- replies in -- */

static redis_request *oldest(const redis_link *l)
{
    return list_empty(&l->flight) ? NULL : list_owner(l->flight.next, redis_request, link);
}

/** Where the next reply of `r` goes. */
static void aim(redis_link *l, redis_request *r)
{
    bool is_wanted = r->on_done != NULL && !r->skips_asking;
    r->place.reply = is_wanted ? &r->replies[r->answered] : NULL;
    l->reader.place = &r->place;
}

/** A reply of `r` is complete. */
static void taken(redis_link *l, redis_request *r)
{
    l->received_ms = loop_self.now_ms;
    if (r->skips_asking) {
        r->skips_asking = false;
        return;
    }
    if (r->place.is_memory_short && r->place.reply != NULL)
        redis_reply_set_error(
            r->place.reply, TERN_REDIS_NO_MEMORY,
            "out of memory for the reply, or it is past the memory that one request may take");
    r->place.is_memory_short = false;
    if (++r->answered < r->count)
        return;
    list_remove(&r->link);
    l->in_flight--;
    redis_request_done(r);
}

/** Takes all replies that have been received; false when the link was dropped. */
static bool take(redis_link *l)
{
    for (;;) {
        redis_request *r = oldest(l);
        if (r == NULL) {
            bool is_empty = l->reader.reader->len == l->reader.reader->pos;
            if (!is_empty)
                redis_link_drop(l, TERN_REDIS_BROKEN, "the server sent what was not asked for");
            return is_empty;
        }
        aim(l, r);
        reply_step step = redis_reply_next(&l->reader);
        if (step == REPLY_FAILED) {
            redis_link_drop(l, l->reader.is_too_large ? TERN_REDIS_TOO_LARGE : TERN_REDIS_BROKEN,
                            l->reader.problem);
            return false;
        }
        if (step == REPLY_PARTIAL)
            return true;
        taken(l, r);
        if (l->state == LINK_CLOSED)
            return false;
    }
}

static bool feed(redis_link *l, const char *data, size_t len)
{
    while (len > 0) {
        size_t piece = len < REPLY_FEED_BYTES ? len : REPLY_FEED_BYTES;
        if (!redis_reply_feed(&l->reader, data, piece)) {
            redis_link_drop(l, TERN_REDIS_NO_MEMORY, l->reader.problem);
            return false;
        }
        if (!take(l))
            return false;
        data += piece;
        len -= piece;
    }
    return true;
}

static ssize_t get(redis_link *l)
{
    if (l->tls != NULL)
        return tls_receive(l->tls, block, sizeof block);
    ssize_t got;
    do
        got = recv(l->source.fd, block, sizeof block, MSG_DONTWAIT);
    while (got < 0 && errno == EINTR);
    return got;
}

static void read_later(redis_link *l);

static void receive(redis_link *l)
{
    for (unsigned blocks = 0; blocks < BLOCKS_A_TURN; blocks++) {
        ssize_t got = get(l);
        if (got < 0 && errno == EAGAIN)
            return;
        if (got <= 0) {
            redis_link_drop(l, TERN_REDIS_AWAY,
                            l->state == LINK_OPENING ? "the server closed the connection at once"
                                                     : "the connection broke before the reply came");
            return;
        }
        if (!feed(l, block, (size_t)got))
            return;
    }
    read_later(l);
}

static void on_read(loop_later *later)
{
    redis_link *l = list_owner(later, redis_link, read);
    l->will_read = false;
    if (l->state != LINK_CLOSED)
        receive(l);
}

static void read_later(redis_link *l)
{
    if (l->will_read)
        return;
    l->will_read = true;
    l->read.run = on_read;
    loop_do_later(&l->read);
}

void redis_link_on_event(loop_source *source, uint32_t events)
{
    redis_link *l = list_owner(source, redis_link, source);
    if (!l->is_shaken) {
        redis_link_open_event(l, events);
        if (l->state == LINK_CLOSED || !l->is_shaken)
            return;
        events |= EPOLLIN; /* what came with the end of opening has no event of its own */
    }
    if ((events & EPOLLOUT) != 0)
        flush(l);
    bool wants_write = l->state != LINK_CLOSED && l->tls != NULL && tls_read_wants_write(l->tls);
    if (l->state != LINK_CLOSED &&
        (wants_write || (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0)) {
        if (l->tls != NULL)
            tls_note_readable(l->tls);
        receive(l);
    }
}

/* -- the end -- */

static void free_link(loop_later *later)
{
    redis_link *l = list_owner(later, redis_link, free);
    if (l->will_flush) /* in a turn that this link did not live to see */
        list_remove(&l->flush.link);
    if (l->will_read)
        list_remove(&l->read.link);
    redis_reply_reader_close(&l->reader);
    buf_free(&l->out);
    mem_free(l);
}

/** Ends what is in flight. Nothing of a request has been done that was not sent at all. */
static void end_flight(redis_link *l, bool was_ready, tern_redis_fault fault, const char *reason)
{
    redis_node *node = l->node;
    list_link again, *link;
    list_init(&again);
    while ((link = list_take_first(&l->flight)) != NULL) {
        redis_request *r = list_owner(link, redis_request, link);
        bool is_unsent = was_ready && r->begin_at >= l->sent && r->on_done != NULL;
        r->on = NULL;
        if (is_unsent && !r->is_internal && !node->client->is_closing)
            list_append(&again, &r->link);
        else
            redis_request_fail(r, fault, reason);
    }
    while ((link = list_take_first(&again)) != NULL)
        redis_node_want(node, list_owner(link, redis_request, link));
}

static void close_socket(redis_link *l)
{
    if (l->tls != NULL)
        tls_session_close(l->tls);
    l->tls = NULL;
    if (l->source.fd < 0)
        return;
    loop_remove(&l->source);
    close(l->source.fd);
    l->source.fd = -1;
}

void redis_link_drop(redis_link *l, tern_redis_fault fault, const char *reason)
{
    redis_node *node = l->node;
    bool was_ready = l->state == LINK_READY;
    if (l->state == LINK_CLOSED)
        return;
    l->state = LINK_CLOSED;
    node->opening -= !was_ready;
    node->link_count--;
    list_remove(&l->link);
    timer_stop(&loop_self.timers, &l->timer);
    if (l->lookup != NULL)
        lookup_forget(l->lookup);
    l->lookup = NULL;
    close_socket(l);
    if (!was_ready)
        redis_node_note_failure(node, reason);
    end_flight(l, was_ready, fault, reason);
    l->free.run = free_link;
    if (node->client->is_closing)
        free_link(&l->free);
    else
        loop_do_later(&l->free);
}

/*
 * Connections of the own client. Hot path: plain_start on a kept connection, on_event, take. They may not copy a reply
 * that comes in one piece more than once, and make no system call but send and recv.
 */
#include "fetch/plain.h"

#include "base/mem.h"
#include "fetch/address.h"
#include "fetch/reply_head.h"
#include "http/h1/chunk.h"
#include "runtime/lookup.h"
#include "runtime/loop.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/uio.h>
#include <unistd.h>

enum { BLOCK_BYTES = 64 * 1024, ADDRESSES_MS = 30000 };

typedef enum link_state {
    LINK_CONNECTING,
    LINK_HEAD,
    LINK_LENGTH,
    LINK_CHUNKED,
    LINK_TO_CLOSE,
    LINK_IDLE,
    LINK_CLOSED
} link_state;

typedef struct plain_link {
    loop_source source;
    list_link in_host, in_all; /* while it is idle */
    loop_later free_later;
    timer_entry timer; /* of connecting */
    fetch_host *host;
    fetch_attempt *attempt;
    lookup_address address;
    link_state state;
    bool is_reused, keep, has_answered;
    size_t sent;      /* of text and body */
    const char *text; /* the request's head, in the attempt's arena */
    size_t text_len;
    buf head; /* of a reply, while it is incomplete */
    uint64_t left;
    h1_chunk chunk;
    uint64_t idle_since_ms;
} plain_link;

/* The addresses of a host's name. */
typedef struct plain_addresses {
    lookup *running; /* NULL: not being looked up */
    uint64_t until_ms;
    list_link waiting; /* plain_wait */
    size_t count;
    lookup_address list[LOOKUP_ADDRESSES_MOST];
} plain_addresses;

typedef struct plain_wait {
    list_link link;
    fetch_attempt *attempt;
} plain_wait;

static struct {
    unsigned opened; /* loop_self.opened of what follows */
    list_link idle;  /* all idle links, the longest idle first */
    unsigned idle_count;
    uint64_t idle_ms;
    timer_entry timer;
    char block[BLOCK_BYTES]; /* what recv fills */
} self;

static void connect_next(fetch_attempt *a);

bool plain_fits(const fetch_attempt *a)
{
    const fetch_message *m = a->message;
    return !a->target->is_tls && a->target->is_usual && !m->is_proxied && !m->is_produced &&
           !m->options->stream && m->options->cookies == NULL;
}

/* -- closing -- */

static void free_link(loop_later *later)
{
    plain_link *l = list_owner(later, plain_link, free_later);
    buf_free(&l->head);
    mem_free(l);
}

static void leave_idle(plain_link *l)
{
    list_remove(&l->in_host);
    list_remove(&l->in_all);
    self.idle_count--;
}

static void close_link(plain_link *l)
{
    if (l->state == LINK_CLOSED)
        return;
    if (l->state == LINK_IDLE)
        leave_idle(l);
    if (l->attempt != NULL)
        l->attempt->link = NULL;
    l->attempt = NULL;
    l->state = LINK_CLOSED;
    timer_stop(&loop_self.timers, &l->timer);
    loop_remove(&l->source);
    close(l->source.fd);
    loop_do_later(&l->free_later);
}

static void on_idle_timer(timer_entry *timer)
{
    while (!list_empty(&self.idle)) {
        plain_link *oldest = list_owner(self.idle.next, plain_link, in_all);
        uint64_t end_ms = oldest->idle_since_ms + self.idle_ms;
        if (loop_self.now_ms < end_ms) {
            timer_start(&loop_self.timers, timer, end_ms);
            return;
        }
        close_link(oldest);
    }
}

static void keep_link(plain_link *l, const tern_fetch_settings *settings)
{
    l->state = LINK_IDLE;
    l->idle_since_ms = loop_self.now_ms;
    list_append(&l->host->idle, &l->in_host);
    list_append(&self.idle, &l->in_all);
    self.idle_ms = settings->idle_ms;
    if (++self.idle_count > settings->idle_most)
        close_link(list_owner(self.idle.next, plain_link, in_all));
    if (!timer_is_running(&self.timer))
        timer_start(&loop_self.timers, &self.timer, loop_self.now_ms + self.idle_ms);
}

/* -- the end of an attempt -- */

static void succeed(plain_link *l, bool may_keep)
{
    fetch_attempt *a = l->attempt;
    a->link = NULL;
    l->attempt = NULL;
    if (may_keep && l->keep)
        keep_link(l, a->message->settings);
    else
        close_link(l);
    attempt_end(a, TERN_FETCH_OK, NULL);
}

static void fail(plain_link *l, tern_fetch_error error, const char *problem)
{
    fetch_attempt *a = l->attempt;
    bool was_closed_early = l->is_reused && !l->has_answered && error == TERN_FETCH_BROKEN;
    bool may_repeat = was_closed_early && (a->message->is_idempotent || l->sent == 0);
    close_link(l);
    if (may_repeat) /* a kept connection that the service has closed meanwhile */
        connect_next(a);
    else
        attempt_end(a, error, problem);
}

/* -- receiving -- */

static void begin_body(plain_link *l, const reply_head *h)
{
    fetch_attempt *a = l->attempt;
    bool has_none = a->message->is_head || h->status == 204 || h->status == 304;
    l->keep = h->keep_alive;
    l->left = has_none ? 0 : h->length;
    l->chunk = (h1_chunk){0};
    l->state = has_none || h->has_length ? LINK_LENGTH : h->is_chunked ? LINK_CHUNKED : LINK_TO_CLOSE;
    if (l->state == LINK_TO_CLOSE)
        l->keep = false;
}

static void take(plain_link *l, char *data, size_t len);

static void take_head(plain_link *l, char *data, size_t len)
{
    fetch_attempt *a = l->attempt;
    reply_head h;
    l->has_answered = true;
    if (l->head.len != 0) {
        if (!buf_add(&l->head, data, len)) {
            fail(l, TERN_FETCH_NO_MEMORY, "out of memory");
            return;
        }
        data = l->head.data;
        len = l->head.len;
    }
    reply_result result = reply_head_read(&h, data, len);
    if (result == REPLY_WRONG) {
        fail(l, TERN_FETCH_BROKEN, h.reason);
    } else if (result == REPLY_PARTIAL && len > FETCH_HEAD_BYTES) {
        fail(l, TERN_FETCH_TOO_LARGE, "the reply has more than 64 KiB of headers");
    } else if (result == REPLY_PARTIAL) {
        if (l->head.len == 0 && !buf_add(&l->head, data, len))
            fail(l, TERN_FETCH_NO_MEMORY, "out of memory");
    } else if (h.status == 101) {
        fail(l, TERN_FETCH_BROKEN, "the reply switches protocols, which was not asked for");
    } else if (h.status < 200) { /* informational: the reply follows */
        buf rest = l->head;
        l->head = (buf){0};
        take(l, data + h.used, len - h.used);
        buf_free(&rest);
    } else {
        buf kept = l->head;
        l->head = (buf){0};
        a->status = h.status;
        begin_body(l, &h);
        if (!attempt_add_line(a, data + h.lines, h.used - 2 - h.lines) ||
            (l->state == LINK_LENGTH && !attempt_expect_body(a, l->left))) {
            fail(l, a->error, a->problem);
        } else {
            attempt_end_head(a);
            take(l, data + h.used, len - h.used);
        }
        buf_free(&kept);
    }
}

static void take_length(plain_link *l, const char *data, size_t len)
{
    fetch_attempt *a = l->attempt;
    size_t now = len < l->left ? len : (size_t)l->left;
    if (now != 0 && !attempt_add_body(a, data, now)) {
        fail(l, a->error, a->problem);
        return;
    }
    l->left -= now;
    if (l->left == 0)
        succeed(l, now == len); /* bytes after the reply: nothing asked for them */
}

static void take_chunks(plain_link *l, char *data, size_t len)
{
    fetch_attempt *a = l->attempt;
    const h1_chunk_limits limits = {
        .body_bytes = a->max_bytes, .overhead_bytes = 16 * 1024, .trailer_bytes = FETCH_HEAD_BYTES};
    size_t body = len, used;
    h1_chunk_result result = h1_chunk_decode(&l->chunk, &limits, data, &body, &used);
    if (!attempt_add_body(a, data, body)) {
        fail(l, a->error, a->problem);
    } else if (result == H1_CHUNK_ERROR && l->chunk.status == 413) {
        attempt_expect_body(a, UINT64_MAX);
        fail(l, a->error, a->problem);
    } else if (result == H1_CHUNK_ERROR) {
        fail(l, TERN_FETCH_BROKEN, "the reply's chunks are malformed");
    } else if (result == H1_CHUNK_END) {
        succeed(l, used == len);
    }
}

static void take(plain_link *l, char *data, size_t len)
{
    fetch_attempt *a = l->attempt;
    switch (l->state) {
    case LINK_HEAD:
        if (len != 0)
            take_head(l, data, len);
        break;
    case LINK_LENGTH:
        take_length(l, data, len);
        break;
    case LINK_CHUNKED:
        take_chunks(l, data, len);
        break;
    case LINK_TO_CLOSE:
        if (len != 0 && !attempt_add_body(a, data, len))
            fail(l, a->error, a->problem);
        break;
    default:
        break;
    }
}

static void take_end(plain_link *l, int error)
{
    if (l->state == LINK_TO_CLOSE && error == 0)
        succeed(l, false);
    else if (error != 0)
        fail(l, TERN_FETCH_BROKEN, strerror(error));
    else
        fail(l, TERN_FETCH_BROKEN,
             l->has_answered ? "the connection was closed before the end of the reply"
                             : "the connection was closed without a reply");
}

/* `has_ended`: no event will tell of the end of the stream, so it is read up to there. */
static void receive(plain_link *l, bool has_ended)
{
    while (l->attempt != NULL) {
        ssize_t got = recv(l->source.fd, self.block, sizeof self.block, MSG_DONTWAIT);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0 && errno == EAGAIN)
            return;
        if (got <= 0) {
            take_end(l, got < 0 ? errno : 0);
            return;
        }
        take(l, self.block, (size_t)got);
        if ((size_t)got < sizeof self.block && !has_ended)
            return;
    }
}

/* -- sending -- */

/* Sends what the socket takes; the rest when it becomes writable. False when the link has failed. */
static bool send_rest(plain_link *l)
{
    const fetch_message *m = l->attempt->message;
    size_t all = l->text_len + m->body.len;
    while (l->sent < all) {
        size_t of_body = l->sent > l->text_len ? l->sent - l->text_len : 0;
        struct iovec parts[2] = {
            {(void *)(uintptr_t)(l->text + (l->sent - of_body)), l->text_len - (l->sent - of_body)},
            {(void *)(uintptr_t)(m->body.data + of_body), m->body.len - of_body}};
        struct msghdr message = {.msg_iov = parts[0].iov_len != 0 ? parts : parts + 1,
                                 .msg_iovlen = (parts[0].iov_len != 0) + (size_t)(m->body.len != 0)};
        ssize_t put = sendmsg(l->source.fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0 && errno == EAGAIN)
            return true;
        if (put < 0 && l->sent != 0)
            return true; /* it may have replied before it closed: receiving tells */
        if (put < 0) {
            fail(l, TERN_FETCH_BROKEN, strerror(errno));
            return false;
        }
        l->sent += (size_t)put;
    }
    return true;
}

static const char *write_text(const fetch_attempt *a, size_t *len)
{
    const fetch_message *m = a->message;
    const fetch_target *t = a->target;
    size_t lengths[FETCH_LINES_MOST], room = strlen(m->method) + strlen(t->path) + strlen(t->host) + 96;
    for (unsigned i = 0; i < m->line_count; i++)
        room += (lengths[i] = strlen(m->lines[i])) + 2;
    char *text = arena_alloc(a->arena, room), *at = text;
    if (text == NULL)
        return NULL;
    at = stpcpy(stpcpy(stpcpy(stpcpy(stpcpy(at, m->method), " "), t->path), " HTTP/1.1\r\nHost: "), t->host);
    if (t->port != 80)
        at += snprintf(at, 8, ":%u", (unsigned)t->port);
    at = stpcpy(at, "\r\n");
    for (unsigned i = 0; i < m->line_count; i++) {
        memcpy(at, m->lines[i], lengths[i]);
        at += lengths[i];
        *at++ = '\r';
        *at++ = '\n';
    }
    if (m->has_body)
        at += snprintf(at, 48, "Content-Length: %zu\r\n", m->body.len);
    at = stpcpy(at, "\r\n");
    *len = (size_t)(at - text);
    return text;
}

/* Sends the attempt's request on a connected link. */
static void begin(plain_link *l, fetch_attempt *a)
{
    l->attempt = a;
    a->link = l;
    l->state = LINK_HEAD;
    l->sent = 0;
    l->has_answered = false;
    l->text = write_text(a, &l->text_len);
    if (l->text == NULL)
        fail(l, TERN_FETCH_NO_MEMORY, "out of memory, or past the memory that one request may take");
    else
        send_rest(l);
}

/* -- connecting -- */

static void connected(plain_link *l)
{
    fetch_attempt *a = l->attempt;
    int error = 0;
    socklen_t len = sizeof error;
    getsockopt(l->source.fd, SOL_SOCKET, SO_ERROR, &error, &len);
    if (error == 0) {
        timer_stop(&loop_self.timers, &l->timer);
        begin(l, a);
        return;
    }
    a->problem = strerror(error);
    close_link(l);
    connect_next(a);
}

static void on_event(loop_source *source, uint32_t events)
{
    plain_link *l = list_owner(source, plain_link, source);
    if (l->state == LINK_IDLE) { /* closed by the service, or it sends what nobody asked for */
        if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0)
            close_link(l);
        return;
    }
    if (l->state == LINK_CONNECTING && (events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) == 0)
        return;
    if (l->state == LINK_CONNECTING)
        connected(l);
    else if ((events & EPOLLOUT) != 0 && l->attempt != NULL && !send_rest(l))
        return;
    if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0)
        receive(l, (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0);
}

static void on_connect_timer(timer_entry *timer)
{
    plain_link *l = list_owner(timer, plain_link, timer);
    fetch_attempt *a = l->attempt;
    close_link(l);
    a->problem = "the connection could not be made in time";
    connect_next(a);
}

static uint64_t connect_ms(const fetch_attempt *a)
{
    const fetch_message *m = a->message;
    return m->options->connect_timeout_ms != 0 ? m->options->connect_timeout_ms
                                               : m->settings->connect_timeout_ms;
}

static bool connect_to(fetch_attempt *a, const lookup_address *address)
{
    int one = 1, fd = socket(address->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    plain_link *l = fd >= 0 ? mem_zero(1, sizeof *l) : NULL;
    if (l == NULL) {
        a->problem = fd < 0 ? strerror(errno) : "out of memory";
        if (fd >= 0)
            close(fd);
        return false;
    }
    *l = (plain_link){.source = {.fd = fd, .on_event = on_event},
                      .free_later = {.run = free_link},
                      .timer = {.fire = on_connect_timer},
                      .host = a->host,
                      .address = *address,
                      .state = LINK_CONNECTING};
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    bool is_begun = connect(fd, &address->any, address->len) == 0 || errno == EINPROGRESS;
    if (!is_begun || !loop_add(&l->source, EPOLLIN | EPOLLOUT | EPOLLRDHUP)) {
        a->problem = strerror(errno);
        close(fd);
        mem_free(l);
        return false;
    }
    l->attempt = a;
    a->link = l;
    timer_start(&loop_self.timers, &l->timer, loop_self.now_ms + connect_ms(a));
    return true;
}

/* Tries the addresses from the next one on, until one is being connected to. */
static void connect_next(fetch_attempt *a)
{
    plain_addresses *known = a->host->addresses;
    bool only_public = a->message->options->public_only;
    while (a->next_address < known->count) {
        const lookup_address *address = &known->list[a->next_address++];
        if (only_public && !address_is_public(&address->any)) {
            a->is_refused_address = true;
            continue;
        }
        if (connect_to(a, address))
            return;
    }
    known->until_ms = 0; /* look it up again next time: it may have moved */
    const char *problem = a->problem;
    if (problem == NULL && a->is_refused_address)
        attempt_end(a, TERN_FETCH_FORBIDDEN, "its address is not of the public Internet (.public_only)");
    else
        attempt_end(a, TERN_FETCH_UNREACHABLE,
                    problem != NULL ? problem : "the connection was closed by the service");
}

/* -- addresses -- */

static void on_looked_up(void *arg, const lookup_address *addresses, size_t count, const char *problem)
{
    fetch_host *h = arg;
    plain_addresses *known = h->addresses;
    list_link *link;
    known->running = NULL;
    known->count = count;
    memcpy(known->list, addresses, count * sizeof *addresses);
    known->until_ms = count != 0 ? loop_self.now_ms + ADDRESSES_MS : 0;
    while ((link = list_take_first(&known->waiting)) != NULL) {
        fetch_attempt *a = list_owner(link, plain_wait, link)->attempt;
        a->lookup = NULL;
        a->problem = problem;
        connect_next(a);
    }
}

static plain_addresses *addresses_of(fetch_host *h)
{
    if (h->addresses == NULL && (h->addresses = mem_zero(1, sizeof *h->addresses)) != NULL)
        list_init(&h->addresses->waiting);
    return h->addresses;
}

static bool wait_for_addresses(fetch_attempt *a)
{
    plain_addresses *known = a->host->addresses;
    plain_wait *wait = arena_alloc(a->arena, sizeof *wait);
    const fetch_target *t = a->target;
    if (wait == NULL)
        return false;
    if (known->running == NULL &&
        (known->running = lookup_start(t->host, t->port, on_looked_up, a->host)) == NULL)
        return false;
    *wait = (plain_wait){.attempt = a};
    list_append(&known->waiting, &wait->link);
    a->lookup = wait;
    return true;
}

static void connect_first(fetch_attempt *a)
{
    const fetch_target *t = a->target;
    plain_addresses *known = addresses_of(a->host);
    a->next_address = 0;
    if (known != NULL && known->count == 0 && lookup_literal(t->host, t->port, &known->list[0])) {
        known->count = 1;
        known->until_ms = UINT64_MAX;
    }
    bool is_literal =
        known != NULL && known->count == 1 && lookup_literal(t->host, t->port, &(lookup_address){0});
    if (known != NULL && (is_literal || loop_self.now_ms < known->until_ms))
        connect_next(a);
    else if (known == NULL || !wait_for_addresses(a))
        attempt_end(a, TERN_FETCH_NO_MEMORY, "out of memory or threads for looking up its name");
}

/* -- the carrier -- */

static void prepare(void)
{
    if (self.opened == loop_self.opened)
        return;
    list_init(&self.idle); /* links of an earlier loop are another process's */
    self.idle_count = 0;
    self.timer = (timer_entry){.fire = on_idle_timer};
    self.opened = loop_self.opened;
}

/* Whether an idle connection is still open. The event of its end may not have been handled yet; what must not be sent
 * twice is worth the system call. */
static bool is_open(const plain_link *l)
{
    char byte;
    return recv(l->source.fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

void plain_start(fetch_attempt *a)
{
    prepare();
    fetch_host *h = a->host;
    for (list_link *link = h->idle.prev, *older; link != &h->idle; link = older) {
        plain_link *l = list_owner(link, plain_link, in_host);
        older = link->prev;
        if (a->message->options->public_only && !address_is_public(&l->address.any))
            continue;
        if (!a->message->is_idempotent && !is_open(l)) {
            close_link(l);
            continue;
        }
        leave_idle(l);
        l->is_reused = true;
        begin(l, a);
        return;
    }
    connect_first(a);
}

void plain_stop(fetch_attempt *a)
{
    if (a->lookup != NULL)
        list_remove(&a->lookup->link);
    a->lookup = NULL;
    if (a->link != NULL)
        close_link(a->link);
}

void plain_forget_host(fetch_host *h)
{
    while (!list_empty(&h->idle))
        close_link(list_owner(h->idle.next, plain_link, in_host));
    if (h->addresses != NULL && h->addresses->running != NULL)
        lookup_forget(h->addresses->running);
    mem_free(h->addresses);
    h->addresses = NULL;
}

#include "runtime/acceptor.h"

#include "base/clock.h"
#include "base/mem.h"
#include <tern/log.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

static board_record *own_record(const acceptor *a)
{
    return &a->board->records[a->record];
}

static bool open_reserve(acceptor *a)
{
    if (a->reserve_fd < 0)
        a->reserve_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    return a->reserve_fd >= 0;
}

static void close_reserve(acceptor *a)
{
    if (a->reserve_fd >= 0)
        close(a->reserve_fd);
    a->reserve_fd = -1;
}

/** At most one line a second about what keeps connections out. */
static void complain(acceptor *a, const char *what, int error)
{
    if (!log_limit_allows(&a->complaints, 1, loop_self.now_ms))
        return;
    const tern_log_field fields[] = {{.name = "reason", .text = strerror(error)},
                                     {.name = "refused", .number = a->refused},
                                     {.name = "connections", .number = atomic_load(&own_record(a)->load)}};
    tern_log_event(TERN_LOG_WARN, what, fields, 3);
    a->refused = 0;
}

static void pause_until(acceptor *a, uint64_t at_ms)
{
    a->is_paused = true;
    timer_start(&loop_self.timers, &a->retry, at_ms);
}

/** Channel of the worker with the record; NULL when that worker no longer serves a slot. */
static const handover_channel *channel_of(const acceptor *a, int record)
{
    int slot = board_slot_of(a->board, (unsigned)record);
    return slot >= 0 && (unsigned)slot < a->channels->count ? &a->channels->channels[slot] : NULL;
}

static handover_note note_of(worker_arrival arrival, int record)
{
    handover_note note = {.record = record,
                          .kind = (uint8_t)arrival.kind,
                          .is_begun = arrival.is_begun,
                          .peer_family = arrival.peer.family,
                          .peer_port = arrival.peer.port};
    memcpy(note.peer_address, arrival.peer.address, sizeof note.peer_address);
    return note;
}

static worker_arrival arrival_of(const handover_note *note)
{
    worker_arrival arrival = {.kind = (listener_kind)note->kind,
                              .is_begun = note->is_begun != 0,
                              .peer = {.family = note->peer_family, .port = note->peer_port}};
    memcpy(arrival.peer.address, note->peer_address, sizeof note->peer_address);
    return arrival;
}

/** Sends a connection that board_place has counted for `record`; takes the count back when that fails. */
static bool send_to(acceptor *a, int fd, worker_arrival arrival, int record)
{
    const handover_channel *channel = channel_of(a, record);
    handover_note note = note_of(arrival, record);
    note.incarnation = atomic_load(&a->board->records[record].incarnation);
    if (channel && handover_send(channel, fd, &note))
        return true;
    board_release(a->board, (unsigned)record);
    return false;
}

/** Decides who serves a connection just accepted; false when it was sent away. */
static bool is_ours(acceptor *a, int fd, worker_arrival arrival)
{
    int record = board_place(a->board, a->record, loop_self.now_ms);
    if (record == (int)a->record)
        return true;
    if (record != BOARD_NOBODY && send_to(a, fd, arrival, record))
        return false;
    atomic_fetch_add(&own_record(a)->load, 1);
    return true;
}

/** Has the service tell a client that there is no descriptor for its connection. */
static void refuse(acceptor *a, int fd, listener_kind kind)
{
    a->service->refuse(a->service->self, fd, kind, "the service has too many connections", 1);
    a->refused++;
}

/** With no descriptor left: gives up the reserve to accept one connection and tell it so. */
static bool refuse_one(acceptor *a, const acceptor_source *s)
{
    const worker_arrival arrival = {.kind = s->kind};
    a->fds_ran_out = true;
    close_reserve(a);
    int fd = accept4(s->source.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    int error = errno;
    if (fd >= 0) {
        int record = board_place(a->board, a->record, loop_self.now_ms);
        if (record == (int)a->record)
            board_release(a->board, a->record);
        if (record != BOARD_NOBODY && record != (int)a->record && send_to(a, fd, arrival, record)) {
            close(fd);
        } else {
            refuse(a, fd, s->kind);
        }
    }
    bool has_reserve = open_reserve(a);
    complain(a, "out of file descriptors", EMFILE);
    errno = error;
    return fd >= 0 && has_reserve;
}

typedef enum accept_result { ACCEPT_ONE, ACCEPT_AGAIN, ACCEPT_NONE, ACCEPT_SHORT } accept_result;

static accept_result accept_failed(acceptor *a, acceptor_source *s)
{
    switch (errno) {
    case EAGAIN:
        return ACCEPT_NONE;
    case EMFILE:
    case ENFILE:
        if (refuse_one(a, s))
            return ACCEPT_AGAIN;
        return errno == EAGAIN ? ACCEPT_NONE : ACCEPT_SHORT;
    case EINVAL: /* the listener was shut down: the service ends */
        return ACCEPT_NONE;
    case EINTR:
    case ECONNABORTED: /* from here on: what became of this connection in the queue (accept(2), Linux) */
    case EPROTO:
    case EPERM:
    case ENETDOWN:
    case ENETUNREACH:
    case EHOSTDOWN:
    case EHOSTUNREACH:
    case ENONET:
    case ENOPROTOOPT:
    case EOPNOTSUPP:
    case ETIMEDOUT:
        return ACCEPT_AGAIN;
    default:
        complain(a, "cannot accept connections", errno);
        return ACCEPT_SHORT;
    }
}

static accept_result accept_one(acceptor *a, acceptor_source *s)
{
    int fd = accept4(s->source.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0)
        return accept_failed(a, s);
    const worker_arrival arrival = {.kind = s->kind};
    if (is_ours(a, fd, arrival))
        a->service->on_connection(a->service->self, fd, arrival);
    else
        close(fd);
    return ACCEPT_ONE;
}

/** Accepts the connections that wait in one listening socket, up to the batch and the limits. */
static void accept_some(acceptor *a, acceptor_source *s)
{
    for (int i = 0; i < ACCEPT_BATCH && s->is_open; i++) {
        if (atomic_load_explicit(&own_record(a)->load, memory_order_relaxed) >= a->max_load &&
            !board_has_room(a->board, a->record, loop_self.now_ms)) {
            pause_until(a, loop_self.now_ms + ACCEPT_PAUSE_MS);
            return;
        }
        accept_result result = accept_one(a, s);
        if (result == ACCEPT_NONE)
            return;
        if (result == ACCEPT_SHORT) {
            pause_until(a, loop_self.now_ms + ACCEPT_PAUSE_MS);
            return;
        }
    }
    pause_until(a, loop_self.now_ms); /* the rest next turn: the edge is used up */
}

/** Receives one socket; near the descriptor limit the reserve makes sure that the kernel need not drop it. */
static int take_one(acceptor *a, const handover_channel *channel, handover_note *note)
{
    unsigned held = atomic_load_explicit(&own_record(a)->load, memory_order_relaxed);
    if (!a->fds_ran_out && held < a->fd_limit / 2)
        return handover_take(channel, note);
    close_reserve(a);
    int fd = handover_take(channel, note);
    int error = errno;
    if (!open_reserve(a) && fd >= 0) {
        refuse(a, fd, (listener_kind)note->kind);
        open_reserve(a);
        complain(a, "out of file descriptors", EMFILE);
        fd = -1;
        error = EMFILE;
    }
    errno = error;
    return fd;
}

/** Moves the count of a connection to this process from the one it was sent to, when that has been
 * replaced. */
static void settle_count(acceptor *a, const handover_note *note, bool is_taken)
{
    bool is_counted = false;
    if (note->record >= 0 && (unsigned)note->record < a->board->record_count) {
        board_record *r = &a->board->records[note->record];
        is_counted = atomic_load(&r->incarnation) == note->incarnation;
    }
    if (is_counted && is_taken && note->record == (int)a->record)
        return;
    if (is_counted)
        board_release(a->board, (unsigned)note->record);
    if (is_taken)
        atomic_fetch_add(&own_record(a)->load, 1);
}

static void look_again(acceptor *a)
{
    if (!timer_is_running(&a->retry))
        timer_start(&loop_self.timers, &a->retry, loop_self.now_ms + ACCEPT_PAUSE_MS);
}

static void take_all(acceptor *a, acceptor_source *s)
{
    for (;;) {
        handover_note note;
        int fd = take_one(a, s->channel, &note);
        if (fd < 0 && errno != EMFILE) {
            if (errno != EAGAIN && errno != EWOULDBLOCK)
                look_again(a); /* short of memory: the waiting connections cause no second edge */
            return;
        }
        settle_count(a, &note, fd >= 0);
        if (fd >= 0)
            a->service->on_connection(a->service->self, fd, arrival_of(&note));
    }
}

static void run_source(acceptor *a, acceptor_source *s)
{
    if (!s->is_open)
        return;
    if (s->channel)
        take_all(a, s);
    else if (!a->is_paused)
        accept_some(a, s);
}

static void on_source(loop_source *source, uint32_t events)
{
    (void)events;
    acceptor_source *s = list_owner(source, acceptor_source, source);
    run_source(s->owner, s);
}

/** Edges that came while accept was paused, or brought an error, are lost: looks at every source. */
static void resume(acceptor *a)
{
    a->is_paused = false;
    if (!open_reserve(a))
        pause_until(a, loop_self.now_ms + ACCEPT_PAUSE_MS);
    for (unsigned i = 0; i < a->source_count; i++)
        run_source(a, &a->sources[i]);
}

static void on_retry(timer_entry *timer)
{
    resume(list_owner(timer, acceptor, retry));
}

void acceptor_connection_closed(acceptor *a)
{
    if (a->board == NULL) /* a connection that no acceptor gave, as in a test */
        return;
    board_release(a->board, a->record);
    if (a->is_paused) /* in a later turn: the service may be in the middle of anything here */
        timer_start(&loop_self.timers, &a->retry, loop_self.now_ms);
}

static acceptor_source *add_source(acceptor *a, int fd, unsigned slot)
{
    acceptor_source *s = &a->sources[a->source_count++];
    *s = (acceptor_source){.source = {.fd = fd, .on_event = on_source}, .owner = a, .slot = slot};
    return s;
}

static void add_listener(acceptor *a, const listener *l, unsigned workers)
{
    for (unsigned i = 0; i < l->count; i++) {
        acceptor_source *s = add_source(a, l->fds[i], l->is_shared ? a->index : i % workers);
        s->kind = l->kind;
        s->is_lent = l->is_lent;
    }
}

bool acceptor_review(acceptor *a)
{
    for (unsigned i = 0; i < a->source_count; i++) {
        acceptor_source *s = &a->sources[i];
        bool is_wanted = s->slot == a->index || atomic_load(&a->board->guardian[s->slot]) == (int)a->index;
        if (is_wanted == s->is_open)
            continue;
        s->is_open = is_wanted;
        if (!is_wanted) {
            loop_remove(&s->source);
        } else if (!loop_add(&s->source, EPOLLIN)) {
            s->is_open = false;
            return false;
        }
    }
    return true;
}

bool acceptor_open(acceptor *a, unsigned index, unsigned workers, const worker_config *config,
                   const listener_set *listeners)
{
    a->index = index;
    struct rlimit limit = {.rlim_cur = 1024};
    getrlimit(RLIMIT_NOFILE, &limit);
    unsigned sockets = listener_set_sockets(listeners) + 2 * a->channels->count; /* not for connections */
    a->fd_limit = limit.rlim_cur > UINT32_MAX ? UINT32_MAX : (unsigned)limit.rlim_cur;
    a->fd_limit -= sockets < a->fd_limit / 2 ? sockets : a->fd_limit / 2;
    a->max_load = config->max_connections ? config->max_connections : UINT32_MAX;
    a->reserve_fd = -1;
    a->retry.fire = on_retry;
    a->sources = mem_zero(listener_set_sockets(listeners) + a->channels->count, sizeof *a->sources);
    if (a->sources == NULL) {
        errno = ENOMEM;
        return false;
    }
    if (!open_reserve(a))
        return false;

    unsigned capacity = a->fd_limit > 2 * ACCEPT_SPARE_FDS ? a->fd_limit - ACCEPT_SPARE_FDS : a->fd_limit / 2;
    atomic_store(&own_record(a)->capacity, capacity < a->max_load ? capacity : a->max_load);
    atomic_store(&own_record(a)->state, BOARD_SERVING);
    for (unsigned i = 0; i < a->channels->count; i++)
        add_source(a, a->channels->channels[i].end[HANDOVER_TAKE], i % workers)->channel =
            &a->channels->channels[i];
    for (unsigned i = 0; i < listeners->count; i++)
        add_listener(a, &listeners->list[i], workers);
    return acceptor_review(a);
}

unsigned acceptor_sweep(acceptor *a)
{
    unsigned taken = 0;
    for (unsigned i = 0; i < a->source_count; i++) {
        acceptor_source *s = &a->sources[i];
        if (s->channel || !s->is_open || s->is_lent)
            continue;
        accept_result result = ACCEPT_ONE;
        for (unsigned k = 0; k < ACCEPT_SWEEP && (result == ACCEPT_ONE || result == ACCEPT_AGAIN); k++) {
            result = accept_one(a, s);
            taken += result == ACCEPT_ONE;
        }
    }
    return taken;
}

static void stop_sources(acceptor *a, bool channels)
{
    for (unsigned i = 0; i < a->source_count; i++) {
        acceptor_source *s = &a->sources[i];
        if (!s->is_open || (s->channel != NULL) != channels)
            continue;
        loop_remove(&s->source);
        s->is_open = false;
    }
}

void acceptor_stop_listening(acceptor *a, bool for_good)
{
    for (unsigned i = 0; for_good && i < a->source_count; i++)
        if (!a->sources[i].channel && a->sources[i].is_open && !a->sources[i].is_lent)
            shutdown(a->sources[i].source.fd, SHUT_RD);
    timer_stop(&loop_self.timers, &a->retry);
    a->is_paused = false;
    stop_sources(a, false);
}

void acceptor_stop_taking(acceptor *a)
{
    stop_sources(a, true);
}

bool acceptor_give_away(acceptor *a, int fd, worker_arrival arrival)
{
    int record = board_place(a->board, a->record, loop_self.now_ms);
    if (record == (int)a->record) /* cannot be: this process drains */
        board_release(a->board, a->record);
    bool is_sent = record != BOARD_NOBODY && record != (int)a->record && send_to(a, fd, arrival, record);
    if (!is_sent && record == BOARD_NOBODY && a->channels->count > 0) {
        /* after an upgrade the new workers are on a board of their own: any channel does */
        static unsigned next;
        const handover_note note = note_of(arrival, BOARD_NOBODY);
        is_sent = handover_send(&a->channels->channels[next++ % a->channels->count], fd, &note);
    }
    return is_sent;
}

void acceptor_close(acceptor *a)
{
    stop_sources(a, false);
    stop_sources(a, true);
    timer_stop(&loop_self.timers, &a->retry);
    close_reserve(a);
    mem_free(a->sources);
    a->sources = NULL;
    a->source_count = 0;
}

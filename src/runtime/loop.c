#include "runtime/loop.h"

#include "base/clock.h"
#include "runtime/coro.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { BATCH = 512 }; /* events fetched at once: enough that a busy worker asks rarely, 6 KiB of memory */

loop loop_self = {
    .epoll_fd = -1,
    .ready = {&loop_self.ready, &loop_self.ready},
    .later = {&loop_self.later, &loop_self.later},
    .wake_source = {.fd = -1},
};

/* The batch being dispatched: loop_remove must remove a source from the rest of it. */
static struct epoll_event batch[BATCH];
static int batch_next, batch_end;

static void on_wake_up(loop_source *source, uint32_t events)
{
    (void)events;
    uint64_t wakes;
    ssize_t got = read(source->fd, &wakes, sizeof wakes);
    (void)got; /* nothing to do: the loop turns, which is all a wake-up asks for */
}

bool loop_open(void)
{
    loop *self = &loop_self;
    self->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (self->epoll_fd < 0)
        return false;
    self->wake_source = (loop_source){.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), .on_event = on_wake_up};
    if (self->wake_source.fd < 0 || !loop_add(&self->wake_source, EPOLLIN)) {
        int reason = errno;
        loop_close();
        errno = reason;
        return false;
    }
    self->now_ms = clock_coarse_ms();
    timer_wheel_init(&self->timers, self->now_ms);
    list_init(&self->ready);
    list_init(&self->later);
    self->stopping = false;
    self->opened++;
    return true;
}

void loop_close(void)
{
    loop *self = &loop_self;
    if (self->wake_source.fd >= 0)
        close(self->wake_source.fd);
    if (self->epoll_fd >= 0)
        close(self->epoll_fd);
    self->wake_source.fd = self->epoll_fd = -1;
    self->on_sleep = NULL;
    self->on_wake = NULL;
}

bool loop_add(loop_source *source, uint32_t events)
{
    struct epoll_event event = {.events = events | EPOLLET, .data.ptr = source};
    return epoll_ctl(loop_self.epoll_fd, EPOLL_CTL_ADD, source->fd, &event) == 0;
}

void loop_remove(loop_source *source)
{
    /* Closing alone would not do: a copy of the descriptor, in a child or handed over to another worker,
     * keeps the registration alive. */
    epoll_ctl(loop_self.epoll_fd, EPOLL_CTL_DEL, source->fd, NULL);
    for (int i = batch_next; i < batch_end; i++) {
        if (batch[i].data.ptr == source)
            batch[i].data.ptr = NULL;
    }
}

void loop_do_later(loop_later *later)
{
    list_append(&loop_self.later, &later->link);
}

static void dispatch(int count)
{
    batch_end = count;
    for (batch_next = 0; batch_next < batch_end;) {
        const struct epoll_event *event = &batch[batch_next++];
        loop_source *source = event->data.ptr;
        if (source != NULL)
            source->on_event(source, event->events);
    }
    batch_next = batch_end = 0;
}

static void run_later(void)
{
    list_link pass; /* what these put off runs at the end of the next turn */
    list_link *link;
    if (!list_take_all(&loop_self.later, &pass))
        return;
    while ((link = list_take_first(&pass)) != NULL) {
        loop_later *later = list_owner(link, loop_later, link);
        later->run(later);
    }
}

static bool has_work(void)
{
    return !list_empty(&loop_self.ready) || !list_empty(&loop_self.later);
}

/** As epoll_wait, of a loop that is watched: it is idle while it sleeps for want of anything to do. */
static __attribute__((noinline)) int wait_watched(int sleep_ms)
{
    loop *self = &loop_self;
    int count = epoll_wait(self->epoll_fd, batch, BATCH, 0);
    uint64_t asleep_ns = 0;
    if (count == 0 && sleep_ms != 0) {
        asleep_ns = clock_ns();
        count = epoll_wait(self->epoll_fd, batch, BATCH, sleep_ms);
    }
    int reason = errno;
    self->woke_ns = clock_ns();
    if (asleep_ns != 0)
        self->idle_ns += self->woke_ns - asleep_ns;
    errno = reason;
    return count;
}

void loop_watch(void)
{
    loop_self.is_watched = true;
}

/** Waits for events, for the next timer at most; returns how many were fetched. */
static int wait_for_events(void)
{
    loop *self = &loop_self;
    if (self->on_sleep != NULL)
        self->on_sleep();
    int sleep_ms = self->stopping || has_work() ? 0 : timer_wheel_sleep_ms(&self->timers, self->now_ms);
    int count = __builtin_expect(self->is_watched, 0) ? wait_watched(sleep_ms)
                                                      : epoll_wait(self->epoll_fd, batch, BATCH, sleep_ms);
    /* The coarse clock lags the exact one by a kernel tick, so a sleep may end with its timer not yet due:
     * the next sleep is the millisecond or so that is missing. It never runs ahead: no timer fires early. */
    uint64_t now_ms = clock_coarse_ms();
    if (now_ms > self->now_ms)
        self->now_ms = now_ms;
    if (self->on_wake != NULL)
        self->on_wake(self->now_ms);
    if (count >= 0)
        return count;
    if (errno != EINTR) {
        fprintf(stderr, "tern: epoll_wait: %s\n", strerror(errno));
        abort();
    }
    return 0; /* the signal's handler may have left work: a whole turn follows */
}

static void turn(void)
{
    int count = wait_for_events();
    loop_self.turns++;
    dispatch(count);
    timer_wheel_advance(&loop_self.timers, loop_self.now_ms);
    coro_run_ready();
    run_later();
}

void loop_run(void)
{
    while (!loop_self.stopping || has_work())
        turn();
    loop_self.stopping = false;
}

void loop_stop(void)
{
    loop_self.stopping = true;
}

void loop_wake_up(void)
{
    int reason = errno; /* of the code that a signal interrupted */
    uint64_t one = 1;
    ssize_t written = write(loop_self.wake_source.fd, &one, sizeof one);
    (void)written; /* it fails only when the counter is full: then the loop is already to wake */
    errno = reason;
}

/**
 * A worker's event loop: descriptors (epoll, edge-triggered), timers, ready coroutines, in one thread.
 *
 * There is one loop in a process, reached as `loop_self`: a worker is a process, so this is the worker's
 * state. Nothing here is safe to call from another thread but loop_wake_up.
 */
#ifndef RUNTIME_LOOP_H
#define RUNTIME_LOOP_H

#include "base/clock.h"
#include "base/list.h"
#include "runtime/timer.h"

#include <stdbool.h>
#include <stdint.h>

/** A descriptor the loop watches; embed it in its owner. */
typedef struct loop_source {
    int fd;
    /** Called with EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLHUP | EPOLLERR as they came, on the loop's own
     * stack. */
    void (*on_event)(struct loop_source *source, uint32_t events);
} loop_source;

/** Work put off to the end of the current turn of the loop; embed it in its owner. */
typedef struct loop_later {
    list_link link;
    void (*run)(struct loop_later *later);
} loop_later;

typedef struct loop {
    uint64_t now_ms; /* monotonic, read once a turn; what every deadline is compared with */
    timer_wheel timers;
    int epoll_fd;
    unsigned opened; /* how often: sources of an earlier loop are not registered with this one */
    unsigned turns;  /* made so far: shows whether the loop has gone on since then */
    bool stopping;
    bool is_watched;  /* loop_watch was called: the two below are set */
    uint64_t woke_ns; /* when this turn had its events */
    uint64_t idle_ns; /* how long there has been nothing to do, in all */
    list_link ready;  /* coroutines to resume this turn (coro.h) */
    list_link later;  /* loop_later entries */
    /** Called before the loop asks for events and after it has them, each turn (may be NULL): the watchdog's
     * heartbeat. */
    void (*on_sleep)(void);
    void (*on_wake)(uint64_t now_ms);
    loop_source wake_source; /* the eventfd of loop_wake_up */
} loop;

extern loop loop_self;

/** Opens the loop of this process; false with errno set. Call after fork, never before. */
bool loop_open(void);
void loop_close(void);

/** Watches `source->fd` edge-triggered for `events` for as long as it is open; false with errno set. The
 * owner must loop_remove before it closes the descriptor, and must not free itself before loop_later has run:
 * its callers up the stack may still use it. */
bool loop_add(loop_source *source, uint32_t events);
/** Ends the watch; events already fetched in this turn are not delivered either. `source->fd` stays set. */
void loop_remove(loop_source *source);

/** Runs `later->run` once at the end of this turn. An entry may not be put off again before it has run. */
void loop_do_later(loop_later *later);

/** Runs turns until loop_stop, and then until nothing more is ready. It may be run again afterwards. A turn
 * is events, timers, ready coroutines, and what was put off, in this order. */
void loop_run(void);
void loop_stop(void);

/**
 * The deadline `ms` from now, for sleeps that people measure: real time is at least `ms` later when it
 * passes. `now_ms + ms` is cheaper and good for time limits, but now_ms is as old as the turn and a kernel
 * tick more.
 */
static inline uint64_t loop_after_ms(uint64_t ms)
{
    return clock_ms() + 1 + ms;
}

/** From now on the loop keeps how busy it is, for a clock or two and, when it is not busy, one system call more
 * a turn. May be called before loop_open. */
void loop_watch(void);

/** Makes a sleeping loop turn; callable from any thread and from signal handlers. */
void loop_wake_up(void);

#endif

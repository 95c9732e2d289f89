/**
 * Hierarchical timer wheel on the monotonic clock: start, stop and expiry are O(1).
 *
 * Precision is one millisecond; a timer never fires early and fires at most one turn of the loop late.
 */
#ifndef RUNTIME_TIMER_H
#define RUNTIME_TIMER_H

#include "base/list.h"

#include <stdbool.h>
#include <stdint.h>

/** One timer; embed it in its owner. Zeroed is a stopped timer. */
typedef struct timer_entry {
    list_link link; /* link.next is NULL while stopped */
    uint64_t at_ms;
    void (*fire)(struct timer_entry *timer);
} timer_entry;

enum { TIMER_LEVELS = 11, TIMER_SLOTS = 64 }; /* 64^11 ms: every deadline a uint64_t can name */

typedef struct timer_wheel {
    uint64_t now_ms;                 /* every timer up to here has fired */
    uint64_t occupied[TIMER_LEVELS]; /* one bit a slot that holds timers */
    unsigned count;
    list_link overdue; /* started for a time already past: fired by the next advance */
    list_link slots[TIMER_LEVELS][TIMER_SLOTS];
} timer_wheel;

void timer_wheel_init(timer_wheel *wheel, uint64_t now_ms);
/** (Re)starts `timer` for the absolute time `at_ms`; a time already past fires on the next advance. */
void timer_start(timer_wheel *wheel, timer_entry *timer, uint64_t at_ms);
/** Stops it; harmless when it is not running. */
void timer_stop(timer_wheel *wheel, timer_entry *timer);
static inline bool timer_is_running(const timer_entry *timer)
{
    return timer->link.next != 0;
}
/** Fires every timer due at `now_ms`, each already stopped when its `fire` runs (it may start itself
 * again). */
void timer_wheel_advance(timer_wheel *wheel, uint64_t now_ms);
/** Milliseconds until the next timer may be due: never late, at worst early; -1 when no timer runs. For
 * epoll_wait. */
int timer_wheel_sleep_ms(const timer_wheel *wheel, uint64_t now_ms);

#endif

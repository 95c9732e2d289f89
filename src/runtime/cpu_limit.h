/**
 * Ends coroutines that compute for too long.
 *
 * A timer of the loop's thread, of processor time, charges the coroutine that is running with each of its ticks, as
 * the kernel does with processes. One that has used up its ticks fails at its next call that spends budget or
 * allocates (safe points: nothing is left half done there). One that makes no such call goes on: the watchdog sees to
 * it.
 */
#ifndef RUNTIME_CPU_LIMIT_H
#define RUNTIME_CPU_LIMIT_H

#include "runtime/coro.h"

/** A coroutine is, or was, over its limit: cpu_limit_look knows which. Set by a signal handler. */
extern __attribute__((visibility("hidden"))) volatile bool cpu_limit_is_over;

/** Gives the running coroutine `ms` milliseconds of processor time from now on, give or take 4. Without timers of the
 * kernel it has no limit, and the log says so once. */
void cpu_limit_begin(unsigned ms);

/** Takes the limit away. */
static inline void cpu_limit_end(coro *co)
{
    co->cpu_ticks = 0;
}

/** Fails the scope of the running coroutine with 503, and takes its limit away, when that is over. */
void cpu_limit_look(void);

/** For calls that never wait. */
static inline void cpu_limit_check(void)
{
    if (__builtin_expect(cpu_limit_is_over, 0))
        cpu_limit_look();
}

#endif

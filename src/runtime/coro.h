/**
 * Stackful coroutines of one worker, on pooled mmap'd stacks with a guard below each.
 *
 * The loop's own stack starts and resumes coroutines; a coroutine gives up the processor by coro_wait and
 * gets it back from the loop, or ends. A coroutine never switches to another one directly: it makes the other
 * ready.
 *
 * Hot path: coro_start and its return. They may not allocate (except for the first use of a stack), format or
 * take locks.
 */
#ifndef RUNTIME_CORO_H
#define RUNTIME_CORO_H

#include "base/list.h"
#include "runtime/timer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    CORO_STACK_BYTES = 256 * 1024, /* of which only touched pages cost memory */
    /* Below each, and never accessible. It costs addresses only. Code built with stack probes
     * (-fstack-clash-protection) meets the first page of it; a frame without them has to be larger than this
     * to step over it. */
    CORO_GUARD_BYTES = 256 * 1024
};

typedef enum coro_outcome {
    CORO_WOKEN,    /* coro_wake was called */
    CORO_TIMEOUT,  /* the deadline passed */
    CORO_CANCELLED /* coro_cancel: the caller must give up (leave by unwind_throw) */
} coro_outcome;

typedef struct coro {
    list_link ready_link;        /* in loop_self.ready while it is to be resumed */
    void *stack_pointer;         /* saved while suspended */
    struct unwind_point *unwind; /* innermost catch point (unwind.h) */
    void *request;     /* what the coroutine works for, for crash reports and task scopes; NULL if nothing */
    void *scope;       /* the task scope (task.c); NULL if none */
    timer_entry timer; /* deadline of the current coro_wait */
    coro_outcome outcome;
    bool is_suspended;
    bool is_cancelled;      /* stays set once coro_cancel was called */
    bool is_yielding;       /* it is ready to go on: coro_yield has suspended it for the others only */
    unsigned cpu_ticks;     /* that it may still use, and one more (cpu_limit.h); 1: none; 0: no limit */
    unsigned cancel_masked; /* > 0: waits are not interrupted by cancellation (clean-up code) */
    void *stack_base;       /* lowest usable address, above the guard */
    size_t stack_bytes;
    void *sanitizer_stack; /* AddressSanitizer's fake stack while suspended */
} coro;

typedef void coro_fn(void *arg);

/**
 * Runs `fn(arg)` on a stack of its own, at once, until it waits for the first time or returns. Called on the
 * loop's stack only. False without memory for a stack (nothing has run then).
 */
bool coro_start(coro_fn *fn, void *arg);
/** As coro_start, but the coroutine runs later in this turn of the loop; callable from a coroutine. `request`
 * and `scope` are set on it before it runs. NULL without memory for a stack. */
coro *coro_spawn(coro_fn *fn, void *arg, void *request, void *scope);

extern coro *coro_running; /* read it by coro_self */

/** The running coroutine; NULL on the loop's own stack. */
static inline coro *coro_self(void)
{
    return coro_running;
}

/**
 * Suspends the running coroutine (there must be one) until coro_wake, the deadline (`at_ms`, absolute loop
 * time; 0 for none) or cancellation. When already cancelled and not masked it returns CORO_CANCELLED without
 * suspending. The caller has put itself on the list that its waker reads, and removes itself after every
 * return.
 */
coro_outcome coro_wait(uint64_t at_ms);
/**
 * Lets pending events and every other ready coroutine run, then goes on. It suspends even a cancelled
 * coroutine: one that cannot stop yet must not block the loop.
 *
 * @return false when the caller must give up, as after CORO_CANCELLED.
 */
bool coro_yield(void);
/** Makes a suspended coroutine ready with CORO_WOKEN; does nothing when it is running or already ready. */
void coro_wake(coro *co);
/** Asks a coroutine to give up: its current and later waits return CORO_CANCELLED (unless masked). One that
 * was spawned and has not run yet still runs, up to its first wait. */
void coro_cancel(coro *co);

/** Resumes every ready coroutine once; the loop calls it each turn. Returns whether any ran. */
bool coro_run_ready(void);

/** Gives the kernel back the pages of a suspended coroutine's stack that it does not use now: for one that will wait for
 * long. One system call. */
void coro_rest(const coro *co);

/** Coroutines alive, running or suspended. */
unsigned coro_count(void);
/** At most this many at once (0: no limit): further starts fail. */
void coro_set_limit(unsigned most);
/** Unmaps pooled stacks beyond `keep`, and gives the kernel back the touched pages of those kept
 * (MADV_DONTNEED below the first 16 KiB from the top). */
void coro_trim(unsigned keep);
/** Unmaps the pooled stacks that were not needed since the last call; when that is all of them, keeps a few
 * and trims those. Returns whether any was needed: then another call will find more to free. */
bool coro_tidy(void);
/** Whether stacks were taken or given back since the last coro_tidy. One comparison, for the loop's every
 * turn. */
bool coro_is_untidy(void);
/** Whether `address` is in the guard of the running coroutine: a crash there is a stack overflow. */
bool coro_is_guard(const void *address);

#endif

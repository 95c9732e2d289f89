/** The inside of tern_offload that metrics and tests look at. */
#ifndef RUNTIME_OFFLOAD_H
#define RUNTIME_OFFLOAD_H

#include <stdbool.h>

/**
 * tern_offload for the inside of a library that must not be left half-way: runs `work(arg)` on the pool while
 * the calling coroutine is suspended, and returns when it is done. It never throws and is not interrupted: a
 * coroutine that is cancelled meanwhile learns of it at its next wait. False when there is no thread to run
 * it
 * (`work` has not run then).
 */
bool offload_run(void (*work)(void *arg), void *arg);

/** Threads of this worker's pool, working or idle. */
unsigned offload_threads(void);

#ifdef TERN_FAULTS
/** Makes every start of a thread fail from now on, or no longer. */
void offload_fail_threads(bool fail);
/** Changes how long a thread stays without work. */
void offload_set_idle_ms(unsigned ms);
#endif

#endif

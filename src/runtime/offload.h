/** The inside of tern_offload that metrics and tests look at. */
#ifndef RUNTIME_OFFLOAD_H
#define RUNTIME_OFFLOAD_H

#include <stdbool.h>
#include <stdint.h>

/**
 * As tern_offload, for library code that must not be left half-way: runs `work(arg)` on the pool while the
 * calling coroutine is suspended, and returns when it is done. It never throws and is not interrupted: a
 * coroutine that is cancelled meanwhile learns of it at its next wait. False without a thread to run it
 * (`work` has not run then).
 */
bool offload_run(void (*work)(void *arg), void *arg);

/** How many threads may run the work of tern_offload at once. offload_run has two more, so that it does not
 * wait for the application's work. Running threads stay. */
void offload_set_threads(unsigned most);

/** Threads of this worker's pool, working or idle. */
unsigned offload_threads(void);

/** The queue of tern_offload. */
typedef struct offload_queue {
    unsigned waiting;   /* calls no thread has begun */
    uint64_t oldest_ms; /* how long the first of them has waited */
} offload_queue;
offload_queue offload_waiting(void);

#ifdef TERN_FAULTS
/** Makes every start of a thread fail from now on, or no longer. */
void offload_fail_threads(bool fail);
/** Changes how long a thread stays without work. */
void offload_set_idle_ms(unsigned ms);
#endif

#endif

/**
 * Runs a blocking library call (looking up a name, sending a cancel request) on its own thread.
 *
 * It does not use the worker's thread pool: a server that does not answer may block a thread for minutes, and
 * the pool may have only one.
 */
#ifndef RUNTIME_SIDE_THREAD_H
#define RUNTIME_SIDE_THREAD_H

#include "runtime/loop.h"

#include <stdatomic.h>
#include <stdbool.h>

typedef struct side_thread {
    void (*work)(struct side_thread *job);    /* on the thread; accesses only its own job */
    void (*on_done)(struct side_thread *job); /* on the loop's stack; not called once abandoned */
    void (*free)(struct side_thread *job);    /* called once, by whichever side is last */
    loop_source source;
    atomic_int users; /* the thread and the loop */
} side_thread;

/** Starts `job` (embedded in a heap block with work, on_done and free set). False when no thread can be
 * started; then the caller still owns the job. */
bool side_thread_start(side_thread *job);
/** Abandons the job: on_done will not be called. */
void side_thread_abandon(side_thread *job);

#endif

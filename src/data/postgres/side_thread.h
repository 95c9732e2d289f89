/**
 * Work that blocks in a library (looking up a host, asking a server to cancel), on a thread of its own.
 *
 * Not on the worker's thread pool: a server that does not answer may hold such a thread for minutes, and the
 * pool has as few threads as one.
 */
#ifndef POSTGRES_SIDE_THREAD_H
#define POSTGRES_SIDE_THREAD_H

#include "runtime/loop.h"

#include <stdatomic.h>
#include <stdbool.h>

typedef struct side_thread {
    void (*work)(struct side_thread *job);    /* on the thread; touches nothing but its own job */
    void (*on_done)(struct side_thread *job); /* on the loop's own stack; not called once abandoned */
    void (*free)(struct side_thread *job);    /* called once, by whichever side is last */
    loop_source source;
    atomic_int users; /* the thread and the loop */
} side_thread;

/** Starts `job` (embedded in a heap block with work, on_done and free set). False when no thread can be had;
 * the job is the caller's still. */
bool side_thread_start(side_thread *job);
/** The loop no longer cares: on_done will not be called. */
void side_thread_abandon(side_thread *job);

#endif

/**
 * Work that blocks in a library (looking up a host, asking a server to cancel), on a thread of its own.
 *
 * Not on the worker's thread pool: a server that does not answer may hold such a thread for minutes, and the
 * pool has as few threads as one.
 */
#ifndef POSTGRES_ASIDE_H
#define POSTGRES_ASIDE_H

#include "runtime/loop.h"

#include <stdatomic.h>
#include <stdbool.h>

typedef struct aside {
    void (*work)(struct aside *job);    /* on the thread; touches nothing but its own job */
    void (*on_done)(struct aside *job); /* on the loop's own stack; not called once abandoned */
    void (*free)(struct aside *job);    /* called once, by whichever side is last */
    loop_source source;
    atomic_int users; /* the thread and the loop */
} aside;

/** Starts `job` (embedded in a heap block with work, on_done and free set). False when no thread can be had;
 * the job is the caller's still. */
bool aside_start(aside *job);
/** The loop no longer cares: on_done will not be called. */
void aside_abandon(aside *job);

#endif

/** Locks as scope and tasks see them. */
#ifndef RUNTIME_LOCK_H
#define RUNTIME_LOCK_H

#include "runtime/coro.h"
#include "runtime/scope.h"

/** One lock or permit that a coroutine of a scope has; in the request's arena, and used again once it is
 * given back, so that a loop of lock and unlock takes no memory. */
typedef struct lock_hold {
    struct lock_hold *next;
    const coro *holder; /* NULL: the record is free */
    void *lock;         /* the tern_mutex or tern_semaphore; NULL while the holder still queues */
    bool is_permit;     /* lock is a tern_semaphore */
} lock_hold;

/** Gives back what `holder` has not (NULL: everybody of the scope). */
void lock_release_held(scope *s, const coro *holder);

#endif

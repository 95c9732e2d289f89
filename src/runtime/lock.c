#include "runtime/lock.h"

#include "runtime/budget.h"
#include "runtime/loop.h"
#include "runtime/unwind.h"

#include <tern/task.h>

/* Waits in a lock's queue; lives on the waiting coroutine's stack. The lock is handed over, never left free
 * for a third one to snatch: `is_granted` is set by whoever gives it up. */
typedef struct lock_waiter {
    struct lock_waiter *next, *prev;
    coro *waiting;
    lock_hold *hold;
    bool is_granted;
} lock_waiter;

/* The two ends of a queue, wherever the lock keeps them. */
typedef struct lock_queue {
    void **first, **last;
} lock_queue;

static void queue_append(lock_queue queue, lock_waiter *waiter)
{
    waiter->next = NULL;
    waiter->prev = *queue.last;
    if (waiter->prev != NULL)
        waiter->prev->next = waiter;
    else
        *queue.first = waiter;
    *queue.last = waiter;
}

static void queue_remove(lock_queue queue, lock_waiter *waiter)
{
    if (waiter->prev != NULL)
        waiter->prev->next = waiter->next;
    else
        *queue.first = waiter->next;
    if (waiter->next != NULL)
        waiter->next->prev = waiter->prev;
    else
        *queue.last = waiter->prev;
}

/* A record for the running coroutine; fails with 503 when out of memory. */
static lock_hold *take_hold(scope *s, bool is_permit)
{
    lock_hold *hold = s->holds;
    while (hold != NULL && hold->holder != NULL)
        hold = hold->next;
    if (hold == NULL) {
        hold = arena_alloc(s->arena, sizeof *hold);
        if (hold == NULL) {
            s->fail(s, 503, "out of request memory");
        }
        hold->next = s->holds;
        s->holds = hold;
    }
    hold->holder = coro_self();
    hold->lock = NULL;
    hold->is_permit = is_permit;
    return hold;
}

/* Waits until somebody hands the lock to `hold`, until `at_ms` (0: for ever) at most; false when that is over.
 * Leaves the coroutine when it is cancelled before. */
static bool wait_for_grant(lock_queue queue, lock_hold *hold, uint64_t at_ms)
{
    lock_waiter waiter = {.waiting = coro_self(), .hold = hold};
    coro_outcome outcome = CORO_WOKEN;
    queue_append(queue, &waiter);
    while (!waiter.is_granted && outcome == CORO_WOKEN)
        outcome = coro_wait(at_ms);
    if (waiter.is_granted)
        return true;
    queue_remove(queue, &waiter);
    hold->holder = NULL;
    if (outcome == CORO_CANCELLED)
        unwind_throw(UNWIND_CANCELLED);
    return false;
}

/* Hands `lock` to who waits longest; NULL when nobody does. */
static lock_hold *grant_first(lock_queue queue, void *lock)
{
    lock_waiter *waiter = *queue.first;
    if (waiter == NULL)
        return NULL;
    queue_remove(queue, waiter);
    waiter->hold->lock = lock;
    waiter->is_granted = true;
    coro_wake(waiter->waiting);
    return waiter->hold;
}

static lock_queue mutex_queue(tern_mutex *mutex)
{
    return (lock_queue){&mutex->first_waiter, &mutex->last_waiter};
}

static lock_queue semaphore_queue(tern_semaphore *semaphore)
{
    return (lock_queue){&semaphore->first_waiter, &semaphore->last_waiter};
}

static void release(lock_hold *hold)
{
    if (hold->is_permit) {
        tern_semaphore *semaphore = hold->lock;
        if (grant_first(semaphore_queue(semaphore), semaphore) == NULL)
            semaphore->permits++;
    } else {
        tern_mutex *mutex = hold->lock;
        mutex->owner = grant_first(mutex_queue(mutex), mutex);
    }
    hold->holder = NULL;
    hold->lock = NULL;
}

void lock_release_held(scope *s, const coro *holder)
{
    for (lock_hold *hold = s->holds; hold != NULL; hold = hold->next)
        if (hold->lock != NULL && (holder == NULL || hold->holder == holder))
            release(hold);
}

static bool lock_until(tern_mutex *mutex, uint64_t at_ms)
{
    budget_spend(BUDGET_STEP);
    scope *s = scope_self();
    const lock_hold *owner = mutex->owner;
    if (owner != NULL && owner->holder == coro_self()) {
        s->fail(s, 500, "tern_lock: this task holds the mutex already");
    }
    lock_hold *hold = take_hold(s, false);
    if (owner != NULL)
        return wait_for_grant(mutex_queue(mutex), hold, at_ms);
    hold->lock = mutex;
    mutex->owner = hold;
    return true;
}

void tern_lock(tern_ctx *c, tern_mutex *mutex)
{
    (void)c;
    lock_until(mutex, 0);
}

bool tern_lock_within(tern_ctx *c, tern_mutex *mutex, uint64_t ms)
{
    (void)c;
    return lock_until(mutex, loop_after_ms(ms));
}

void tern_unlock(tern_ctx *c, tern_mutex *mutex)
{
    (void)c;
    scope *s = scope_self();
    lock_hold *owner = mutex->owner;
    if (owner == NULL || owner->holder != coro_self()) {
        s->fail(s, 500, "tern_unlock: this task does not hold the mutex");
    }
    release(owner);
}

void tern_semaphore_acquire(tern_ctx *c, tern_semaphore *semaphore)
{
    (void)c;
    budget_spend(BUDGET_STEP);
    lock_hold *hold = take_hold(scope_self(), true);
    if (semaphore->permits == 0) {
        wait_for_grant(semaphore_queue(semaphore), hold, 0);
        return;
    }
    semaphore->permits--;
    hold->lock = semaphore;
}

static bool has_room(const tern_semaphore *semaphore, unsigned most_waiting)
{
    const lock_waiter *waiter = semaphore->first_waiter;
    while (waiter != NULL && most_waiting != 0) {
        waiter = waiter->next;
        most_waiting--;
    }
    return most_waiting != 0;
}

bool tern_semaphore_acquire_within(tern_ctx *c, tern_semaphore *semaphore, unsigned most_waiting, uint64_t ms)
{
    (void)c;
    budget_spend(BUDGET_STEP);
    if (semaphore->permits == 0 && (ms == 0 || !has_room(semaphore, most_waiting)))
        return false;
    lock_hold *hold = take_hold(scope_self(), true);
    if (semaphore->permits == 0)
        return wait_for_grant(semaphore_queue(semaphore), hold, loop_after_ms(ms));
    semaphore->permits--;
    hold->lock = semaphore;
    return true;
}

void tern_semaphore_release(tern_ctx *c, tern_semaphore *semaphore)
{
    (void)c;
    scope *s = scope_self();
    const coro *self = coro_self();
    lock_hold *found = NULL;
    for (lock_hold *hold = s->holds; hold != NULL; hold = hold->next)
        if (hold->lock == semaphore && (found == NULL || hold->holder == self))
            found = hold; /* the task's own permit, else one of the same request */
    if (found == NULL) {
        s->fail(s, 500, "tern_semaphore_release: this request holds no permit");
    }
    release(found);
}

/**
 * Tasks: doing several things at once inside a request, without threads.
 *
 * A task is a coroutine of the same worker. Exactly one runs at a time and it is switched only in calls that
 * may wait, so plain variables need no lock between two such calls. Those are: tern_go, tern_wait,
 * tern_sleep, tern_offload, sending to and receiving from a channel, taking a lock or a permit, reading the
 * body, writing to a stream, calls to other services, and everything that asks the database. A call that does
 * not have to wait (the lock is free, the client reads fast) still lets others run when its coroutine has had
 * the processor for a while. Giving back a lock, closing a channel, shared memory (tern/shared.h), logging
 * and text never do.
 *
 * Everything that may wait leaves the handler (like tern_fail) when the request is cancelled: the client
 * left, or its deadline passed. What was deferred runs first.
 */
#ifndef TERN_TASK_H
#define TERN_TASK_H

#ifdef __cplusplus
#error "handlers are written in C, which skips destructors; C++ may use tern/log.h and tern/shared.h"
#endif

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct tern_ctx tern_ctx;
typedef struct tern_task tern_task;

/**
 * Starts `run(c, arg)` beside the caller; it begins when the caller next waits, or yields in a call that may
 * wait.
 *
 * The task belongs to the request: when the handler ends, tasks still running are cancelled and waited for
 * before the request's memory goes. A task that fails (tern_fail) passes its failure to the task that waits
 * for it.
 *
 * @return never NULL: without memory for it the request fails with 503.
 */
tern_task *tern_go(tern_ctx *c, void (*run)(tern_ctx *c, void *arg), void *arg);

/** Waits until `task` has ended; a failure of the task becomes a failure here. Waiting again returns at
 * once. */
void tern_wait(tern_ctx *c, tern_task *task);

/** Asks `task` to give up: its waits leave it. It still has to be waited for, or is when the handler ends. */
void tern_cancel(tern_task *task);

/** Waits `ms` milliseconds (0: lets the others run once). */
void tern_sleep(tern_ctx *c, uint64_t ms);

/**
 * Runs `work(arg)` on a thread of the worker's small pool and waits for it: for work that uses much CPU or
 * blocks in a library.
 *
 * `work` may not call Tern, nor touch what the loop's thread uses at the same time. It never runs when the
 * request is cancelled before it begins; once begun it is waited for, because it uses `arg`.
 */
void tern_offload(tern_ctx *c, void (*work)(void *arg), void *arg);

/* -- channels: hand values from task to task -- */

typedef struct tern_channel tern_channel;

/** A channel of `capacity` values (0: sender and receiver meet) of `value_bytes` each, in the request's
 * memory. */
tern_channel *tern_channel_new(tern_ctx *c, size_t value_bytes, size_t capacity);
/** Copies `*value` in, waiting while the channel is full; false when it is closed. */
bool tern_send(tern_ctx *c, tern_channel *channel, const void *value);
/** Copies the oldest value out, waiting for one; false when the channel is closed and empty. */
bool tern_receive(tern_ctx *c, tern_channel *channel, void *value);
/** Closes the channel: senders get false, receivers get what is left and then false. Closing twice is
 * harmless. */
void tern_channel_close(tern_channel *channel);

/* -- locks between tasks of one worker (for state kept across waits) -- */

/** Zeroed is an unlocked mutex; it may be a global: waiters of many requests queue in order. */
typedef struct tern_mutex {
    void *owner;
    void *first_waiter, *last_waiter;
} tern_mutex;

/** Waits for the mutex; released by tern_unlock, or by itself when the task or request that took it ends.
 * Fails with 500 when this task holds it already. */
void tern_lock(tern_ctx *c, tern_mutex *mutex);
/** Waits for the mutex for `ms` milliseconds at most; false when the time is over. */
bool tern_lock_within(tern_ctx *c, tern_mutex *mutex, uint64_t ms);
void tern_unlock(tern_ctx *c, tern_mutex *mutex);

/** `{.permits = n}` is a semaphore with n permits free; it may be a global. */
typedef struct tern_semaphore {
    unsigned permits;
    void *first_waiter, *last_waiter;
} tern_semaphore;

/** Waits for a permit. Given back by tern_semaphore_release, or by itself when the task or request that took
 * it ends. */
void tern_semaphore_acquire(tern_ctx *c, tern_semaphore *semaphore);
/** Like tern_semaphore_acquire, but waits for `ms` milliseconds at most, and not at all where `most_waiting` others
 * wait already. False when no permit came. */
bool tern_semaphore_acquire_within(tern_ctx *c, tern_semaphore *semaphore, unsigned most_waiting,
                                   uint64_t ms);
void tern_semaphore_release(tern_ctx *c, tern_semaphore *semaphore);

#endif

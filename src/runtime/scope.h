/**
 * What belongs to one request and must be undone when it ends: deferred calls, tasks, its arena.
 *
 * The app layer opens a scope for each request and puts it into coro_self()->scope; the tasks a request
 * starts share it.
 */
#ifndef RUNTIME_SCOPE_H
#define RUNTIME_SCOPE_H

#include "base/arena.h"
#include "base/list.h"

#include <stdbool.h>

typedef struct scope_defer {
    struct scope_defer *older;
    void (*undo)(void *arg);
    void *arg;
} scope_defer;

typedef struct scope {
    arena *arena;        /* the request's memory */
    struct coro *runner; /* the coroutine that opened it; tasks run in others */
    void *owner;         /* the tern_ctx */
    scope_defer *defers; /* newest first */
    list_link tasks;     /* every task started (task.c) */
    bool has_tasks;      /* false: nothing to wait for (and `tasks` not set up), the usual case */
    int problem_status;  /* the last problem, which may be on its way as a failure; 0: none yet */
    const char *problem_detail;
    struct lock_hold *holds; /* locks and permits held (lock.c); NULL: none, the usual case */
    /** Ends the running coroutine's work with a status (the app's tern_fail). */
    __attribute__((noreturn)) void (*fail)(struct scope *s, int status, const char *detail);
} scope;

/** Hot path: a few stores. */
void scope_open(scope *s, arena *a, void *owner,
                __attribute__((noreturn)) void (*fail)(scope *s, int status, const char *detail));
/** Registers an undo; calls s->fail with 503 when out of memory (after running `undo` at once, so nothing
 * leaks). */
void scope_add_defer(scope *s, void (*undo)(void *arg), void *arg);
/** Runs the defers added since `mark` (NULL: all), newest first, cancellation masked; one that throws is
 * logged and does not keep the others from running. */
void scope_run_defers(scope *s, scope_defer *mark);
/** Cancels and waits for tasks, runs all defers, then gives back every lock still held. The arena stays.
 * Called in the coroutine the scope was opened for. */
void scope_close(scope *s);
/** Called by unwind_throw: ends the tasks while the frames that are about to be dropped, and that tasks may
 * point into, are still there. Does nothing in a task. */
void scope_before_throw(void);
/** The scope of the running coroutine. */
scope *scope_self(void);

#endif

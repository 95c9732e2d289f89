/* Hot path: every request calls scope_open and scope_close. With nothing deferred and no task started they
 * may only store and compare. */
#include "runtime/scope.h"

#include "runtime/coro.h"
#include "runtime/lock.h"
#include "runtime/task.h"
#include "runtime/unwind.h"

#include <tern/log.h>

void scope_open(scope *s, arena *a, void *owner,
                __attribute__((noreturn)) void (*fail)(scope *s, int status, const char *detail))
{
    s->arena = a;
    s->runner = coro_self();
    s->owner = owner;
    s->defers = NULL;
    s->has_tasks = false;
    s->problem_status = 0;
    s->holds = NULL;
    s->fail = fail;
}

scope *scope_self(void)
{
    coro *self = coro_self();
    return self != NULL ? self->scope : NULL;
}

void scope_add_defer(scope *s, void (*undo)(void *arg), void *arg)
{
    scope_defer *defer = arena_alloc(s->arena, sizeof *defer);
    if (defer == NULL) {
        undo(arg);
        s->fail(s, 503, "out of request memory");
    }
    *defer = (scope_defer){s->defers, undo, arg};
    s->defers = defer;
}

/* Takes defers off the list and runs them until `mark` is reached or one throws; false when one did. */
static bool run_until_throw(scope *s, const scope_defer *mark)
{
    unwind_point point;
    if (unwind_catch(&point) != 0)
        return false;
    while (s->defers != mark) {
        const scope_defer *defer = s->defers;
        s->defers = defer->older;
        defer->undo(defer->arg);
    }
    unwind_release(&point);
    return true;
}

void scope_run_defers(scope *s, scope_defer *mark)
{
    if (s->defers == mark)
        return;
    coro *self = coro_self();
    self->cancel_masked++;
    while (!run_until_throw(s, mark))
        tern_log(TERN_LOG_ERROR, "a deferred call failed; the ones before it still run");
    self->cancel_masked--;
}

void scope_close(scope *s)
{
    if (s->has_tasks)
        task_end_all(s);
    scope_run_defers(s, NULL);
    if (s->has_tasks) /* a deferred call may have started some */
        task_end_all(s);
    if (s->holds != NULL)
        lock_release_held(s, NULL);
}

void scope_before_throw(void)
{
    const coro *self = coro_self();
    scope *s = self != NULL ? self->scope : NULL;
    if (s != NULL && s->has_tasks && s->runner == self)
        task_end_all(s);
}

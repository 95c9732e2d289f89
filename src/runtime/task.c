#include "runtime/task.h"

#include "runtime/budget.h"
#include "runtime/coro.h"
#include "runtime/cpu_limit.h"
#include "runtime/lock.h"
#include "runtime/loop.h"
#include "runtime/unwind.h"

#include <tern/log.h>
#include <tern/task.h>

/* In the request's arena, so it outlives the coroutine that runs it. */
struct tern_task {
    list_link link; /* in scope->tasks until the scope is closed */
    scope *scope;
    coro *runner; /* NULL once it has ended */
    tern_ctx *c;
    void (*run)(tern_ctx *c, void *arg);
    void *arg;
    list_link waiters;     /* task_waiter */
    unwind_reason outcome; /* UNWIND_NONE: it returned */
    int failed_status;     /* with UNWIND_FAIL: another task may fail before this one is waited for */
    const char *failed_detail;
    bool is_watched; /* it has been waited for, so its failure was reported */
};

/* On the stack of a coroutine that waits for a task. */
typedef struct task_waiter {
    list_link link;
    coro *waiting;
} task_waiter;

static unwind_reason run_caught(const tern_task *task)
{
    unwind_point point;
    if (unwind_catch(&point) != 0)
        return point.reason;
    task->run(task->c, task->arg);
    unwind_release(&point);
    return UNWIND_NONE;
}

static void task_main(void *arg)
{
    tern_task *task = arg;
    coro *self = coro_self();
    task->outcome = self->is_cancelled ? UNWIND_CANCELLED : run_caught(task);
    task->failed_status = task->scope->problem_status;
    task->failed_detail = task->scope->problem_detail;
    if (task->scope->holds != NULL)
        lock_release_held(task->scope, self);
    task->runner = NULL;
    list_each (link, &task->waiters)
        coro_wake(list_owner(link, task_waiter, link)->waiting);
}

tern_task *tern_go(tern_ctx *c, void (*run)(tern_ctx *c, void *arg), void *arg)
{
    budget_spend(BUDGET_STATEMENT);
    scope *s = scope_self();
    tern_task *task = arena_alloc(s->arena, sizeof *task);
    coro *runner = task != NULL ? coro_spawn(task_main, task, coro_self()->request, s) : NULL;
    if (runner == NULL) {
        s->fail(s, 503, task != NULL ? "too many tasks" : "out of request memory");
    }
    if (!s->has_tasks) {
        list_init(&s->tasks);
        s->has_tasks = true;
    }
    *task = (tern_task){.scope = s, .runner = runner, .c = c, .run = run, .arg = arg};
    list_init(&task->waiters);
    list_append(&s->tasks, &task->link);
    return task;
}

/* Waits until `task` has ended; false when the caller was cancelled before. */
static bool join(tern_task *task)
{
    task_waiter waiter = {.waiting = coro_self()};
    bool is_cancelled = false;
    list_append(&task->waiters, &waiter.link);
    while (task->runner != NULL && !is_cancelled)
        is_cancelled = coro_wait(0) == CORO_CANCELLED;
    list_remove(&waiter.link);
    return task->runner == NULL;
}

void tern_wait(tern_ctx *c, tern_task *task)
{
    (void)c;
    scope *s = scope_self();
    if (task->runner == coro_self()) {
        s->fail(s, 500, "tern_wait: a task waits for itself");
    }
    budget_spend(BUDGET_STEP);
    task->is_watched = true;
    if (!join(task))
        unwind_throw(UNWIND_CANCELLED);
    if (task->outcome != UNWIND_FAIL)
        return;
    if (task->failed_status != 0)
        s->fail(s, task->failed_status, task->failed_detail);
    unwind_throw(UNWIND_FAIL);
}

void tern_cancel(tern_task *task)
{
    if (task->runner != NULL)
        coro_cancel(task->runner);
}

void task_end_all(scope *s)
{
    coro *self = coro_self();
    list_each (link, &s->tasks)
        tern_cancel(list_owner(link, tern_task, link));
    self->cancel_masked++;
    for (list_link *link; (link = list_take_first(&s->tasks)) != NULL;) {
        tern_task *task = list_owner(link, tern_task, link);
        tern_cancel(task); /* again: one just cancelled may have started it */
        join(task);
        if (task->outcome == UNWIND_FAIL && !task->is_watched)
            tern_log(TERN_LOG_WARN, "a task failed and nothing had waited for it");
    }
    self->cancel_masked--;
}

void tern_sleep(tern_ctx *c, uint64_t ms)
{
    (void)c;
    static const uint64_t longest_ms = (uint64_t)1 << 62; /* a hundred million years */
    cpu_limit_check();
    uint64_t at_ms = ms != 0 ? loop_after_ms(ms < longest_ms ? ms : longest_ms) : loop_self.now_ms;
    coro_outcome outcome;
    do
        outcome = coro_wait(at_ms);
    while (outcome == CORO_WOKEN);
    if (outcome == CORO_CANCELLED)
        unwind_throw(UNWIND_CANCELLED);
}

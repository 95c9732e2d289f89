#include "base/clock.h"
#include "fake_request.h"

#include <tern/log.h>

static void note_task(tern_ctx *c, void *arg)
{
    (void)c;
    note(arg);
}

static void sleep_then_note(tern_ctx *c, void *arg)
{
    tern_sleep(c, 2);
    note(arg);
}

static void sleep_long(tern_ctx *c, void *arg)
{
    tern_sleep(c, 3600000);
    note(arg);
}

static void fail_task(tern_ctx *c, void *arg)
{
    tern_sleep(c, 0);
    fail_with(c, *(int *)arg);
}

static void go_and_wait(tern_ctx *c)
{
    tern_task *a = tern_go(c, note_task, "a ");
    tern_task *b = tern_go(c, note_task, "b ");
    note("handler ");
    tern_wait(c, b);
    tern_wait(c, a);
    tern_wait(c, a);
    note("done");
}

TEST(tasks_begin_in_order_when_the_handler_waits)
{
    CHECK_INT(run_handler(go_and_wait).reason, UNWIND_NONE);
    CHECK_TEXT(trace, "handler a b done");
}

static void two_sleeps(tern_ctx *c)
{
    tern_task *a = tern_go(c, sleep_then_note, "a ");
    tern_task *b = tern_go(c, sleep_then_note, "b ");
    CHECK(coro_self()->request != NULL);
    tern_wait(c, a);
    tern_wait(c, b);
}

TEST(tasks_wait_side_by_side)
{
    run_handler(two_sleeps);
    CHECK_TEXT(trace, "a b ");
}

static int teapot = 418;

static void wait_for_a_failure(tern_ctx *c)
{
    tern_wait(c, tern_go(c, fail_task, &teapot));
    note("never");
}

TEST(a_tasks_failure_becomes_the_waiters)
{
    fake_request r = run_handler(wait_for_a_failure);
    CHECK_INT(r.reason, UNWIND_FAIL);
    CHECK_INT(r.status, 418);
    CHECK_TEXT(trace, "");
}

static void wait_and_note(tern_ctx *c, void *arg)
{
    tern_wait(c, arg);
    note("never");
}

static void two_wait_for_a_failure(tern_ctx *c)
{
    tern_task *failing = tern_go(c, fail_task, &teapot);
    tern_task *waiting = tern_go(c, wait_and_note, failing);
    tern_sleep(c, 1);
    tern_wait(c, waiting);
    note("never");
}

TEST(a_failure_reaches_every_waiter)
{
    CHECK_INT(run_handler(two_wait_for_a_failure).status, 418);
    CHECK_TEXT(trace, "");
}

static void leave_a_failure_alone(tern_ctx *c)
{
    tern_log_set_level(TERN_LOG_SILENT);
    tern_go(c, fail_task, &teapot);
    tern_sleep(c, 1);
    note("handler went on");
}

TEST(a_failure_without_a_waiter_does_not_fail_the_handler)
{
    CHECK_INT(run_handler(leave_a_failure_alone).reason, UNWIND_NONE);
    CHECK_TEXT(trace, "handler went on");
}

static void cancel_a_sleeper(tern_ctx *c)
{
    tern_task *task = tern_go(c, sleep_long, "never");
    tern_sleep(c, 0);
    tern_cancel(task);
    tern_wait(c, task);
    tern_cancel(task);
    note("done");
}

TEST(a_cancelled_task_leaves_its_wait_and_is_not_a_failure)
{
    CHECK_INT(run_handler(cancel_a_sleeper).reason, UNWIND_NONE);
    CHECK_TEXT(trace, "done");
}

static void cancel_before_it_begins(tern_ctx *c)
{
    tern_task *task = tern_go(c, note_task, "never");
    tern_cancel(task);
    tern_wait(c, task);
}

TEST(a_task_cancelled_before_it_begins_never_runs)
{
    run_handler(cancel_before_it_begins);
    CHECK_TEXT(trace, "");
}

static void leave_tasks_running(tern_ctx *c)
{
    scope_add_defer(&fake_of(c)->scope, note_arg, "defer");
    for (unsigned i = 0; i < 20; i++)
        tern_go(c, sleep_long, "never");
    tern_sleep(c, 0);
    tern_go(c, note_task, "never");
}

TEST(tasks_left_running_end_before_the_requests_defers_run)
{
    uint64_t begin_ms = clock_ns() / 1000000;
    run_handler(leave_tasks_running);
    CHECK_TEXT(trace, "defer");
    CHECK(clock_ns() / 1000000 - begin_ms < 30000);
}

static void clean_up_slowly(void *arg)
{
    coro *self = coro_self();
    (void)arg;
    self->cancel_masked++;
    coro_wait(loop_after_ms(2));
    self->cancel_masked--;
    note("cleaned ");
}

static void ends_late(tern_ctx *c, void *arg)
{
    clean_up_slowly(arg);
    (void)c;
}

static void cancelled_parent(tern_ctx *c)
{
    tern_go(c, ends_late, NULL);
    tern_sleep(c, 0);
    coro_cancel(coro_self());
    tern_sleep(c, 3600000);
}

TEST(a_cancelled_request_still_waits_for_its_tasks)
{
    CHECK_INT(run_handler(cancelled_parent).reason, UNWIND_CANCELLED);
    CHECK_TEXT(trace, "cleaned ");
}

static void grandchild_starter(tern_ctx *c, void *arg)
{
    tern_go(c, sleep_long, "never");
    tern_wait(c, tern_go(c, note_task, arg));
}

static void start_grandchildren(tern_ctx *c)
{
    tern_wait(c, tern_go(c, grandchild_starter, "grandchild "));
    note("done");
}

TEST(a_task_may_start_tasks_and_they_belong_to_the_request)
{
    run_handler(start_grandchildren);
    CHECK_TEXT(trace, "grandchild done");
}

static void starts_when_masked(tern_ctx *c, void *arg)
{
    coro *self = coro_self();
    (void)arg;
    self->cancel_masked++;
    coro_wait(loop_after_ms(1));
    self->cancel_masked--;
    tern_go(c, sleep_long, "never");
}

static void end_with_a_late_starter(tern_ctx *c)
{
    tern_go(c, starts_when_masked, NULL);
    tern_sleep(c, 0);
}

TEST(a_task_started_while_the_request_ends_is_ended_too)
{
    run_handler(end_with_a_late_starter);
    CHECK_TEXT(trace, "");
}

static void go_without_memory(tern_ctx *c)
{
    for (;;)
        tern_go(c, sleep_long, "never");
}

TEST(a_task_without_memory_fails_the_request)
{
    fake_request r = {.handler = go_without_memory, .memory_limit = 16};
    run_requests(&r, 1);
    CHECK_INT(r.status, 503);
    CHECK_TEXT(r.detail, "out of request memory");
}

TEST(a_task_without_a_stack_fails_the_request)
{
    coro_set_limit(10);
    fake_request r = run_handler(go_without_memory);
    CHECK_INT(r.status, 503);
    CHECK_TEXT(r.detail, "too many tasks");
    CHECK_TEXT(trace, "");
}

static tern_task *self_waiter;

static void wait_for_itself(tern_ctx *c, void *arg)
{
    (void)arg;
    tern_wait(c, self_waiter);
}

static void start_self_waiter(tern_ctx *c)
{
    self_waiter = tern_go(c, wait_for_itself, NULL);
    tern_wait(c, self_waiter);
}

TEST(waiting_for_oneself_is_a_failure_not_a_hang)
{
    CHECK_INT(run_handler(start_self_waiter).status, 500);
}

static void sleep_some(tern_ctx *c)
{
    for (uint64_t ms = 0; ms < 8; ms++) {
        uint64_t begin_ns = clock_ns();
        tern_sleep(c, ms);
        CHECK(clock_ns() - begin_ns >= ms * 1000000);
    }
}

TEST(a_sleep_is_never_short)
{
    CHECK_INT(run_handler(sleep_some).reason, UNWIND_NONE);
}

static void sleep_for_ever(tern_ctx *c, void *arg)
{
    (void)arg;
    tern_sleep(c, UINT64_MAX);
    note("never");
}

static void cancel_the_longest_sleep(tern_ctx *c)
{
    tern_task *task = tern_go(c, sleep_for_ever, NULL);
    tern_sleep(c, 2);
    tern_cancel(task);
    tern_wait(c, task);
}

TEST(the_longest_sleep_does_not_wrap_around)
{
    run_handler(cancel_the_longest_sleep);
    CHECK_TEXT(trace, "");
}

static void cancelled_waiter(tern_ctx *c)
{
    tern_task *task = tern_go(c, sleep_long, "never");
    tern_task *waiter = tern_go(c, wait_and_note, task);
    tern_sleep(c, 0);
    tern_cancel(waiter);
    tern_wait(c, waiter);
    tern_cancel(task);
    tern_wait(c, task);
    note("done");
}

TEST(a_cancelled_waiter_leaves_the_task_it_waited_for)
{
    run_handler(cancelled_waiter);
    CHECK_TEXT(trace, "done");
}

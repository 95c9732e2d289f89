#include "fake_request.h"

#include <tern/log.h>

static void defer_three(tern_ctx *c)
{
    scope *s = &fake_of(c)->scope;
    CHECK(scope_self() == s);
    scope_add_defer(s, note_arg, "1");
    scope_add_defer(s, note_arg, "2");
    scope_add_defer(s, note_arg, "3");
    note("handler ");
}

TEST(defers_run_newest_first_when_the_handler_returns)
{
    fake_request r = run_handler(defer_three);
    CHECK_INT(r.reason, UNWIND_NONE);
    CHECK_TEXT(trace, "handler 321");
}

static void defer_and_fail(tern_ctx *c)
{
    scope_add_defer(&fake_of(c)->scope, note_arg, "undone");
    fail_with(c, 404);
    note("never");
}

TEST(defers_run_when_the_handler_fails)
{
    fake_request r = run_handler(defer_and_fail);
    CHECK_INT(r.reason, UNWIND_FAIL);
    CHECK_INT(r.status, 404);
    CHECK_TEXT(trace, "undone");
}

static void throw_from_defer(void *arg)
{
    note("throw ");
    fail_with(arg, 500);
}

static void defer_a_throw(tern_ctx *c)
{
    scope *s = &fake_of(c)->scope;
    tern_log_set_level(TERN_LOG_SILENT);
    scope_add_defer(s, note_arg, "1 ");
    scope_add_defer(s, throw_from_defer, c);
    scope_add_defer(s, note_arg, "3 ");
}

TEST(a_defer_that_throws_does_not_stop_the_others)
{
    run_handler(defer_a_throw);
    CHECK_TEXT(trace, "3 throw 1 ");
}

static void run_down_to_a_mark(tern_ctx *c)
{
    scope *s = &fake_of(c)->scope;
    scope_add_defer(s, note_arg, "1 ");
    scope_defer *mark = s->defers;
    scope_add_defer(s, note_arg, "2 ");
    scope_add_defer(s, note_arg, "3 ");
    scope_run_defers(s, mark);
    scope_run_defers(s, mark);
    note("marked ");
}

TEST(defers_run_down_to_a_mark_and_each_once)
{
    run_handler(run_down_to_a_mark);
    CHECK_TEXT(trace, "3 2 marked 1 ");
}

static void add_another(void *arg)
{
    note("first ");
    scope_add_defer(&fake_of(arg)->scope, note_arg, "second ");
}

static void defer_a_defer(tern_ctx *c)
{
    scope_add_defer(&fake_of(c)->scope, add_another, c);
}

TEST(a_defer_may_defer)
{
    run_handler(defer_a_defer);
    CHECK_TEXT(trace, "first second ");
}

static void sleep_in_defer(void *arg)
{
    tern_sleep(arg, 1);
    note("slept ");
}

static void cancelled_with_a_sleeping_defer(tern_ctx *c)
{
    scope_add_defer(&fake_of(c)->scope, sleep_in_defer, c);
    coro_cancel(coro_self());
    tern_sleep(c, 60000);
    note("never");
}

TEST(clean_up_may_wait_though_the_request_is_cancelled)
{
    fake_request r = run_handler(cancelled_with_a_sleeping_defer);
    CHECK_INT(r.reason, UNWIND_CANCELLED);
    CHECK_TEXT(trace, "slept ");
}

static void defer_without_memory(tern_ctx *c)
{
    for (;;)
        scope_add_defer(&fake_of(c)->scope, note_arg, "x");
}

TEST(a_defer_that_cannot_be_stored_runs_at_once_and_the_request_fails)
{
    fake_request r = {.handler = defer_without_memory, .memory_limit = 16};
    run_requests(&r, 1);
    CHECK_INT(r.status, 503);
    CHECK_INT(strlen(trace), sizeof r.lent / 32 + 1);
}

TEST(outside_coroutines_there_is_no_scope)
{
    CHECK(scope_self() == NULL);
}

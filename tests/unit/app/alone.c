/** Work of a command in an application that does not serve. */
#include "app/command_work.h"
#include "check.h"
#include "runtime/coro.h"

#include <tern/log.h>
#include <tern/task.h>

/* What has happened, in order. */
static char told[256];

static void tell(const char *what)
{
    strncat(told, what, sizeof told - strlen(told) - 1);
}

static bool start(void *arg)
{
    tell("start ");
    return arg == NULL;
}

static void stop(void *arg)
{
    (void)arg;
    tell("stop");
}

static void tell_deferred(void *arg)
{
    tell(arg);
}

static tern_app *app_that_tells(void *refuses)
{
    tern_log_set_level(TERN_LOG_SILENT);
    tern_app *app = tern_app_new(.title = "Test");
    tern_on_start(app, start, refuses);
    tern_on_stop(app, stop, NULL);
    return app;
}

static void work(tern_ctx *c, void *arg)
{
    CHECK(coro_self() != NULL);
    tern_defer(c, tell_deferred, (void *)(uintptr_t) "deferred ");
    tell(tern_sprintf(c, "%s ", (const char *)arg));
    tern_sleep(c, 1);
    tell("woke ");
}

/** Runs it in its own application; returns the report of the failure, or "" without one. */
static const char *failure_of(void (*run)(tern_ctx *c, void *arg), void *refuses)
{
    static char text[256];
    tern_app *app = app_that_tells(refuses);
    buf problem = {0};
    bool is_done = app_run_command_work(app, run, (void *)(uintptr_t) "works", &problem);
    CHECK(is_done == (problem.len == 0));
    CHECK(problem.len < sizeof text);
    memcpy(text, problem.len != 0 ? problem.data : "", problem.len + 1);
    buf_free(&problem);
    app_free(app);
    return text;
}

TEST(work_runs_alone_in_a_coroutine_between_start_and_stop)
{
    CHECK_TEXT(failure_of(work, NULL), "");
    CHECK_TEXT(told, "start works woke deferred stop");
}

static void fail_with_details(tern_ctx *c, void *arg)
{
    tern_defer(c, tell_deferred, (void *)(uintptr_t) "deferred ");
    tern_fail(c, 409, "%s no more", (const char *)arg);
}

TEST(work_that_fails_says_why_and_its_deferred_calls_run)
{
    CHECK_TEXT(failure_of(fail_with_details, NULL), "works no more");
    CHECK_TEXT(told, "start deferred stop");
}

static void fail_barely(tern_ctx *c, void *arg)
{
    (void)arg;
    ctx_fail(c, 500, NULL);
}

TEST(work_that_fails_without_details_points_to_the_log)
{
    CHECK_TEXT(failure_of(fail_barely, NULL), "it failed; see the log");
}

static void fail_in_a_task(tern_ctx *c, void *arg)
{
    tern_wait(c, tern_go(c, fail_with_details, arg));
}

TEST(work_fails_by_a_task_that_it_waits_for)
{
    CHECK_TEXT(failure_of(fail_in_a_task, NULL), "works no more");
}

static void read_the_request(tern_ctx *c, void *arg)
{
    (void)arg;
    CHECK_TEXT(tern_header(c, "Host"), NULL);
    CHECK_TEXT(tern_query(c, "q"), NULL);
    CHECK_INT(tern_body(c).len, 0);
}

TEST(work_alone_finds_an_empty_request)
{
    CHECK_TEXT(failure_of(read_the_request, NULL), "");
}

static void *nothing;

TEST(work_does_not_run_where_the_application_does_not_start)
{
    CHECK_TEXT(failure_of(work, &nothing), "the application cannot start; see the log");
    CHECK_TEXT(told, "start ");
}

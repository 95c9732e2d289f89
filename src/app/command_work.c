#include "app/command_work.h"

#include "app/run.h"
#include "runtime/coro.h"
#include "runtime/loop.h"

#include <string.h>

typedef struct command_work {
    void (*work)(tern_ctx *c, void *arg);
    void *arg;
    buf *problem;
    bool is_over, is_done;
    http_exchange x;
    tern_ctx c;
} command_work;

static void tell_failure(const command_work *a)
{
    const scope *s = &a->c.scope;
    buf_add_text(a->problem, s->problem_detail != NULL ? s->problem_detail : "it failed; see the log");
}

static void run(void *arg)
{
    command_work *a = arg;
    ctx_open(&a->c);
    unwind_reason why = ctx_guard(&a->c, a->work, a->arg);
    a->is_done = why == UNWIND_NONE;
    if (why == UNWIND_FAIL)
        tell_failure(a);
    else if (why == UNWIND_CANCELLED)
        buf_add_text(a->problem, "it was cancelled");
    ctx_leave(&a->c);
    a->is_over = true;
    loop_stop();
}

static void run_on_loop(command_work *a)
{
    if (!coro_start(run, a)) {
        buf_add_text(a->problem, "out of memory for a stack");
        return;
    }
    while (!a->is_over)
        loop_run();
}

bool app_run_command_work(tern_app *app, void (*work)(tern_ctx *c, void *arg), void *arg, buf *problem)
{
    static const http_request no_request;
    command_work a = {.work = work, .arg = arg, .problem = problem, .c = {.app = app}};
    a.c.x = &a.x;
    a.x.request = &no_request;
    a.x.app = &a.c;
    arena_init(&a.x.arena, NULL, 0, SIZE_MAX);
    arena_check(&a.x.arena);
    request_id_prepare();
    if (!loop_open()) {
        buf_add_text(problem, "the event loop cannot be created");
        return false;
    }
    if (app_start_hooks(app)) {
        run_on_loop(&a);
        app_stop_hooks(app);
    } else {
        buf_add_text(problem, "the application cannot start; see the log");
    }
    loop_close();
    coro_trim(0);
    arena_free(&a.x.arena);
    return a.is_done;
}

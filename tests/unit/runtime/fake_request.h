/** Requests without a server: a handler in a coroutine with a scope, as the app layer runs one. */
#ifndef TESTS_FAKE_REQUEST_H
#define TESTS_FAKE_REQUEST_H

#include "check.h"
#include "runtime/coro.h"
#include "runtime/loop.h"
#include "runtime/scope.h"
#include "runtime/unwind.h"

#include <tern/task.h>

typedef struct fake_request {
    void (*handler)(tern_ctx *c);
    scope scope;
    arena arena;
    size_t memory_limit; /* 0: 1 MiB */
    _Alignas(16) char lent[512];
    coro *runner;
    int status; /* of the last failure; 0: none */
    const char *detail;
    unwind_reason reason; /* how the handler ended */
    bool has_ended;
} fake_request;

static unsigned fake_running;

static inline fake_request *fake_of(tern_ctx *c)
{
    return (fake_request *)(void *)c;
}

__attribute__((noreturn)) static inline void fake_fail(scope *s, int status, const char *detail)
{
    fake_request *r = s->owner;
    r->status = status;
    r->detail = detail;
    unwind_throw(UNWIND_FAIL);
}

/** tern_fail for handlers of these tests. */
static inline void fail_with(tern_ctx *c, int status)
{
    fake_fail(&fake_of(c)->scope, status, "asked for");
}

static inline unwind_reason fake_run_handler(fake_request *r)
{
    unwind_point point;
    if (unwind_catch(&point) != 0)
        return point.reason;
    r->handler((tern_ctx *)(void *)r);
    unwind_release(&point);
    return UNWIND_NONE;
}

static inline void fake_main(void *arg)
{
    fake_request *r = arg;
    r->runner = coro_self();
    r->runner->scope = &r->scope;
    r->runner->request = r;
    arena_init(&r->arena, r->lent, sizeof r->lent, r->memory_limit != 0 ? r->memory_limit : 1 << 20);
    scope_open(&r->scope, &r->arena, r, fake_fail);
    r->reason = fake_run_handler(r);
    scope_close(&r->scope);
    arena_free(&r->arena);
    r->has_ended = true;
    if (--fake_running == 0)
        loop_stop();
}

/** Runs these handlers concurrently, started in order, until all have ended. */
static inline void run_requests(fake_request *requests, size_t count)
{
    CHECK(loop_open());
    fake_running = (unsigned)count;
    for (size_t i = 0; i < count; i++)
        CHECK(coro_start(fake_main, &requests[i]));
    if (fake_running != 0)
        loop_run();
    for (size_t i = 0; i < count; i++)
        CHECK(requests[i].has_ended);
    loop_stop(); /* coroutines that are still ready end, too */
    loop_run();
    CHECK_INT(coro_count(), 0);
    loop_close();
}

static inline fake_request run_handler(void (*handler)(tern_ctx *c))
{
    static fake_request request;
    request = (fake_request){.handler = handler};
    run_requests(&request, 1);
    return request;
}

/* -- what happened, in order -- */

static char trace[512];

static inline void note(const char *text)
{
    CHECK(strlen(trace) + strlen(text) < sizeof trace);
    strcat(trace, text);
}

static inline void note_arg(void *arg)
{
    note(arg);
}

#endif

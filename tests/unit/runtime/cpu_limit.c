/** Coroutines that compute for too long. */
#include "runtime/cpu_limit.h"

#include "base/clock.h"
#include "fake_request.h"
#include "runtime/budget.h"
#include "runtime/unwind.h"

#include <time.h>

static int64_t processor_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return now.tv_sec * 1000000000 + now.tv_nsec;
}

/** Uses the processor for `ms` milliseconds; calls `step` now and then. */
static void compute(int64_t ms, void (*step)(void))
{
    int64_t until_ns = processor_ns() + ms * 1000000;
    while (processor_ns() < until_ns)
        if (step != NULL)
            step();
}

static void spend(void)
{
    budget_spend(BUDGET_STEP);
}

static int64_t used_ns;

static void spend_too_long(tern_ctx *c)
{
    (void)c;
    cpu_limit_begin(20);
    used_ns = -processor_ns();
    compute(5000, spend);
}

TEST(a_coroutine_over_its_limit_fails_at_its_next_call_that_may_wait)
{
    fake_request r = run_handler(spend_too_long);
    used_ns += processor_ns();
    CHECK_INT(r.reason, UNWIND_FAIL);
    CHECK_INT(r.status, 503);
    CHECK(used_ns > 10 * 1000000 && used_ns < 200 * 1000000);
}

static void allocate_too_long(tern_ctx *c)
{
    (void)c;
    cpu_limit_begin(20);
    for (;;)
        compute(1, cpu_limit_check);
}

TEST(a_coroutine_over_its_limit_fails_at_its_next_allocation)
{
    CHECK_INT(run_handler(allocate_too_long).status, 503);
}

static void compute_and_end(tern_ctx *c)
{
    (void)c;
    cpu_limit_begin(20);
    compute(60, NULL);
    cpu_limit_end(coro_self());
    compute(5, spend);
}

TEST(a_coroutine_without_such_a_call_goes_on)
{
    CHECK_INT(run_handler(compute_and_end).reason, UNWIND_NONE);
}

static void compute_less(tern_ctx *c)
{
    (void)c;
    cpu_limit_begin(500);
    compute(60, spend);
}

TEST(a_coroutine_below_its_limit_goes_on)
{
    CHECK_INT(run_handler(compute_less).reason, UNWIND_NONE);
}

static void without_limit(tern_ctx *c)
{
    (void)c;
    compute(60, spend);
}

static void limited_beside(tern_ctx *c)
{
    cpu_limit_begin(30);
    for (unsigned i = 0; i < 20; i++)
        tern_sleep(c, 1);
}

TEST(what_others_compute_is_charged_to_them)
{
    fake_request requests[] = {
        {.handler = limited_beside}, {.handler = without_limit}, {.handler = without_limit}};
    run_requests(requests, 3);
    for (unsigned i = 0; i < 3; i++)
        CHECK_INT(requests[i].reason, UNWIND_NONE);
}

static void fail_never_in_cleanup(void *arg)
{
    (void)arg;
    compute(60, spend);
    used_ns = 1;
}

static void defer_long(tern_ctx *c)
{
    cpu_limit_begin(20);
    scope_add_defer(&fake_of(c)->scope, fail_never_in_cleanup, NULL);
}

TEST(clean_up_is_not_left_half_way)
{
    used_ns = 0;
    CHECK_INT(run_handler(defer_long).reason, UNWIND_NONE);
    CHECK_INT(used_ns, 1);
}

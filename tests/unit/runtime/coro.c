#include "runtime/coro.h"
#include "check.h"
#include "runtime/loop.h"

#include <stdlib.h>

static unsigned ended;

static void end_at_once(void *arg)
{
    CHECK(coro_self() != NULL);
    ++*(unsigned *)arg;
}

TEST(coro_start_runs_to_the_end_at_once)
{
    CHECK(coro_start(end_at_once, &ended));
    CHECK_INT(ended, 1);
    CHECK(coro_self() == NULL);
    CHECK_INT(coro_count(), 0);
}

static coro *last;
static coro_outcome outcome;

static void wait_once(void *arg)
{
    last = coro_self();
    outcome = coro_wait(*(uint64_t *)arg);
    ended++;
}

TEST(coro_waits_until_it_is_woken_and_waking_twice_is_harmless)
{
    uint64_t for_ever = 0;
    CHECK(loop_open());
    CHECK(coro_start(wait_once, &for_ever));
    CHECK_INT(ended, 0);
    CHECK_INT(coro_count(), 1);
    CHECK(!coro_run_ready());
    coro_wake(last);
    coro_wake(last);
    CHECK(coro_run_ready());
    CHECK(!coro_run_ready());
    CHECK_INT(ended, 1);
    CHECK_INT(outcome, CORO_WOKEN);
    CHECK_INT(coro_count(), 0);
    loop_close();
}

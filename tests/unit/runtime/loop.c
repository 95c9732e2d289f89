#include "runtime/loop.h"
#include "check.h"
#include "runtime/coro.h"

static uint64_t began_ns, woke_ns;

static void sleep_then_stop(void *arg)
{
    began_ns = clock_ns();
    CHECK_INT(coro_wait(loop_after_ms(*(unsigned *)arg)), CORO_TIMEOUT);
    woke_ns = clock_ns();
    loop_stop();
}

TEST(loop_runs_a_sleep_that_is_never_short)
{
    CHECK(loop_open());
    for (unsigned ms = 0; ms < 12; ms++) {
        CHECK(coro_start(sleep_then_stop, &ms));
        loop_run();
        CHECK(woke_ns - began_ns >= ms * UINT64_C(1000000));
    }
    loop_close();
}

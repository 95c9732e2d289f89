/**
 * What coroutines cost: starting and ending one, a hand-over, and a hand-over among many.
 *
 * Usage: bench_coro. Prints nanoseconds, the best of several rounds (the rest is the machine's noise).
 */
#include "base/clock.h"
#include "runtime/coro.h"
#include "runtime/loop.h"
#include "runtime/stack.h"
#include "runtime/switch.h"
#include "runtime/unwind.h"

#include <stdio.h>
#include <stdlib.h>

enum { ROUNDS = 10, STEPS = 500000, MANY = 10000 };

static unsigned long ran;
static coro *waiting[MANY];
static bool enough;

static void count_run(void *arg)
{
    (void)arg;
    ran++;
}

static void start_and_end(void)
{
    for (int i = 0; i < STEPS; i++)
        coro_start(count_run, NULL);
}

static void wait_for_ever(void *arg)
{
    *(coro **)arg = coro_self();
    while (!enough)
        coro_wait(0);
}

static void wake_one(void)
{
    for (int i = 0; i < STEPS; i++) {
        coro_wake(waiting[0]);
        coro_run_ready();
    }
}

static void wake_many(void)
{
    for (int i = 0; i < STEPS / MANY; i++) {
        for (int k = 0; k < MANY; k++)
            coro_wake(waiting[k]);
        coro_run_ready();
    }
}

static void *here, *there;

static void *switch_back_and_forth(void *arg)
{
    (void)arg;
    while (!enough)
        switch_to(&there, here);
    return here;
}

static void bare_switch(void)
{
    for (int i = 0; i < STEPS; i++)
        switch_to(&here, there);
}

static void catch_and_throw(void)
{
    unwind_point point;
    for (volatile int i = 0; i < STEPS; i++) {
        if (unwind_catch(&point) == 0)
            unwind_throw(UNWIND_FAIL);
    }
}

static void measure(const char *what, void (*run)(void), unsigned parts)
{
    double best = 1e9;
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t began_ns = clock_ns();
        run();
        double ns = (double)(clock_ns() - began_ns) / STEPS / parts;
        if (ns < best)
            best = ns;
    }
    printf("%-44s %8.2f ns\n", what, best);
}

int main(void)
{
    if (!loop_open())
        return 1;
    measure("start and end", start_and_end, 1);
    stack_slot *slot = stack_get();
    if (slot == NULL)
        return 1;
    switch_enter(&here, slot, switch_back_and_forth, NULL);
    measure("one bare switch", bare_switch, 2);
    measure("catch and throw", catch_and_throw, 1);
    coro_start(wait_for_ever, &waiting[0]);
    measure("wake, resume, wait again", wake_one, 1);
    for (int i = 1; i < MANY; i++) {
        if (!coro_start(wait_for_ever, &waiting[i]))
            return 1;
    }
    measure("wake, resume, wait again: 10,000 in turn", wake_many, 1);
    loop_close();
    return 0;
}

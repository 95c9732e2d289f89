/**
 * How much a coroutine may do without waiting before it yields to the others.
 *
 * A worker's coroutines share one thread, and most calls that may wait often do not have to: the client reads
 * as fast as the handler writes, the rows have all arrived, the lock is free. A handler that repeats such a
 * call would keep the worker busy alone. So each of these calls spends some units. The clock is looked at
 * once per BUDGET_UNITS, and a coroutine that has run for BUDGET_STRETCH_NS yields.
 *
 * Calls that never wait (text, memory, logging, shared memory) spend nothing: a program may rely on nothing
 * else running between two of them. A loop of such calls is for the watchdog to end.
 *
 * Hot path: budget_is_spent is one comparison and one subtraction.
 */
#ifndef RUNTIME_BUDGET_H
#define RUNTIME_BUDGET_H

#include "runtime/coro.h"
#include "runtime/unwind.h"

enum {
    BUDGET_UNITS = 64,        /* between two looks at the clock */
    BUDGET_STRETCH_NS = 25000 /* of processor time: how long others wait for each busy handler */
};

/** What a call costs, roughly in tens of nanoseconds. */
enum {
    BUDGET_STEP = 1,      /* a value, a row, a lock, a few bytes copied */
    BUDGET_REQUEST = 4,   /* of HTTP, at the least */
    BUDGET_STATEMENT = 8, /* of SQL, at the least; a task begun */
    BUDGET_SYSTEM_CALL = 16
};

extern __attribute__((visibility("hidden"))) unsigned budget_left;

/** Looks at the clock: whether the running coroutine has used up its stretch and must call coro_yield. False
 * on the loop's own stack. */
bool budget_look(void);

/** Spends `units`; whether the running coroutine must call coro_yield now. */
static inline bool budget_is_spent(unsigned units)
{
    if (__builtin_expect(units < budget_left, 1)) {
        budget_left -= units;
        return false;
    }
    return budget_look();
}

/** For calls of handlers that may wait: spends `units`, yields when they are used up, and leaves the handler
 * when its request has been cancelled. */
static inline void budget_spend(unsigned units)
{
    if (budget_is_spent(units) && !coro_yield())
        unwind_throw(UNWIND_CANCELLED);
}

#endif

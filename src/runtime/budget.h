/**
 * What a coroutine may do without waiting before the others have their turn.
 *
 * A worker's coroutines share one thread, and most calls that may wait often need not: the client reads as
 * fast as the handler writes, the rows have all arrived, the lock is free. A handler that repeats such a call
 * would keep the worker to itself. So each of these calls spends some units. The clock is looked at once per
 * BUDGET_UNITS, and a coroutine that has run for BUDGET_STRETCH_NS yields.
 *
 * Calls that never wait (text, memory, logging, shared memory) spend nothing: they must not let others run
 * between two of them. A loop of such calls is the watchdog's affair.
 *
 * Hot path: budget_is_spent is one comparison and one subtraction.
 */
#ifndef RUNTIME_BUDGET_H
#define RUNTIME_BUDGET_H

#include "runtime/coro.h"
#include "runtime/unwind.h"

enum {
    BUDGET_UNITS = 64,        /* between two looks at the clock */
    BUDGET_STRETCH_NS = 25000 /* of processor time at a stretch: what a ping waits beside each busy handler */
};

/** What a call costs, roughly in tens of nanoseconds. */
enum {
    BUDGET_STEP = 1,      /* a value, a row, a lock, a few bytes copied */
    BUDGET_REQUEST = 4,   /* of HTTP, at the least */
    BUDGET_STATEMENT = 8, /* of SQL, at the least; a task begun */
    BUDGET_SYSTEM_CALL = 16
};

extern __attribute__((visibility("hidden"))) unsigned budget_left;

/** Looks at the clock: whether the running coroutine has had its stretch, and is to call coro_yield. False on
 * the loop's own stack. */
bool budget_look(void);

/** Spends `units`; whether the running coroutine is to call coro_yield now. */
static inline bool budget_is_spent(unsigned units)
{
    if (__builtin_expect(units < budget_left, 1)) {
        budget_left -= units;
        return false;
    }
    return budget_look();
}

/** For calls of handlers that may wait: spends `units`, lets the others run when it is their turn, and leaves
 * the handler when it has been cancelled meanwhile. */
static inline void budget_spend(unsigned units)
{
    if (budget_is_spent(units) && !coro_yield())
        unwind_throw(UNWIND_CANCELLED);
}

#endif

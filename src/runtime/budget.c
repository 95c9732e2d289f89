#include "runtime/budget.h"

#include "base/clock.h"
#include "runtime/cpu_limit.h"
#include "runtime/loop.h"

unsigned budget_left = BUDGET_UNITS;

/* About when the running coroutine got the processor: the first look at the clock for it in this turn of the
 * loop. A coroutine that begins where another one has ended, in the same turn, may inherit its time, which
 * only shortens a stretch. */
static struct {
    const coro *owner;
    unsigned turn;
    uint64_t since_ns;
} stretch;

bool budget_look(void)
{
    const coro *self = coro_self();
    budget_left = BUDGET_UNITS;
    cpu_limit_check();
    if (self == NULL)
        return false;
    uint64_t now_ns = clock_ns();
    if (stretch.owner != self || stretch.turn != loop_self.turns) {
        stretch.owner = self;
        stretch.turn = loop_self.turns;
        stretch.since_ns = now_ns;
        return false;
    }
    if (now_ns - stretch.since_ns < BUDGET_STRETCH_NS)
        return false;
    stretch.owner = NULL;
    return true;
}

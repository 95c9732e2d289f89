/* Long statements give way: SQLite calls in often enough, and by the clock the coroutine steps aside. */
#include "data/sqlite/inside.h"

#include "base/clock.h"
#include "runtime/loop.h"

enum { TURN_NS = 25000 }; /* of processor time at a stretch, so what a ping waits beside a long statement */

/* When the running coroutine came to have the processor, as far as is known: when it was first asked in this
 * turn of the loop. now_ms stands for the turn; several turns may share one, which only shortens a stretch.
 */
static struct {
    const coro *owner;
    uint64_t turn_ms, since_ns;
} turn;

void sqlite_give_way(void)
{
    coro *self = coro_self();
    if (self == NULL)
        return;
    uint64_t now_ns = clock_ns();
    if (turn.owner != self || turn.turn_ms != loop_self.now_ms) {
        turn.owner = self;
        turn.turn_ms = loop_self.now_ms;
        turn.since_ns = now_ns;
        return;
    }
    if (now_ns - turn.since_ns < TURN_NS)
        return;
    self->cancel_masked++; /* SQLite's frames are below: who cares looks at is_cancelled */
    while (coro_wait(loop_self.now_ms) == CORO_WOKEN) {
    }
    self->cancel_masked--;
    turn.owner = NULL;
}

/* Long statements yield: SQLite calls this often enough, and the clock decides. */
#include "data/sqlite/internal.h"

#include "runtime/budget.h"

void sqlite_yield(void)
{
    /* Cancellation is not handled here, because SQLite's frames are on the stack. */
    if (budget_look())
        coro_yield();
}

/* Long statements yield: SQLite calls in often enough, and the clock decides. */
#include "data/sqlite/internal.h"

#include "runtime/budget.h"

void sqlite_yield(void)
{
    /* Whether it has been cancelled is not answered here: SQLite's frames are below. */
    if (budget_look())
        coro_yield();
}

#include "runtime/unwind.h"

#include "runtime/coro.h"
#include "runtime/scope.h"

#include <stdlib.h>
#include <unistd.h>

static unwind_point *loop_unwind; /* innermost catch point of the loop's own stack */

/** Each stack has its own chain: a throw never leaves the stack it runs on. */
static inline unwind_point **innermost(void)
{
    coro *co = coro_self();
    return co != NULL ? &co->unwind : &loop_unwind;
}

void unwind_push(unwind_point *point)
{
    unwind_point **chain = innermost();
    point->outer = *chain;
    point->reason = UNWIND_NONE;
    *chain = point;
}

void unwind_release(unwind_point *point)
{
    *innermost() = point->outer;
}

void unwind_throw(unwind_reason reason)
{
    scope_before_throw();
    unwind_point **chain = innermost();
    unwind_point *point = *chain;
    if (point == NULL) {
        static const char message[] = "tern: a failure was thrown outside of a request\n";
        ssize_t written = write(STDERR_FILENO, message, sizeof message - 1);
        (void)written;
        abort();
    }
    *chain = point->outer;
    point->reason = reason;
    longjmp(point->env, 1);
}

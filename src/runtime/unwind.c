#include "runtime/unwind.h"

#include "runtime/scope.h"

#include <stdlib.h>
#include <unistd.h>

unwind_point *unwind_of_loop;

void unwind_throw(unwind_reason reason)
{
    scope_before_throw();
    unwind_point **chain = unwind_innermost();
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

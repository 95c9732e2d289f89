/** Tasks as the scope sees them. */
#ifndef RUNTIME_TASK_H
#define RUNTIME_TASK_H

#include "runtime/scope.h"

/** Cancels every task of `s` that has not ended and waits for all of them, whether or not the caller itself
 * is cancelled. */
void task_end_all(scope *s);
/** Whether a task of `s` has not ended. */
bool task_any_runs(const scope *s);

#endif

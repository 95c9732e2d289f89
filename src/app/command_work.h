/** Work of a command that needs what handlers have: a coroutine, a tern_ctx, what tern_on_start made. */
#ifndef APP_COMMAND_WORK_H
#define APP_COMMAND_WORK_H

#include "app/ctx.h"

/**
 * Runs `work(c, arg)` once in this process, which does not serve: with a loop of its own, after what
 * tern_on_start was given and before what tern_on_stop was given, in a request that no client has made. Its
 * memory has no limit and its time neither.
 *
 * @return whether `work` came to its end; otherwise a line without its end in `problem` says why not. `work`
 * that fails is left as a handler is (tern_fail), its defers run.
 */
bool app_run_command_work(tern_app *app, void (*work)(tern_ctx *c, void *arg), void *arg, buf *problem);

#endif

/** Work of a command that needs the environment of handlers: a coroutine, a tern_ctx, the results of
 * tern_on_start. */
#ifndef APP_COMMAND_WORK_H
#define APP_COMMAND_WORK_H

#include "app/ctx.h"

/**
 * Runs `work(c, arg)` once in this process, which does not serve: with its own loop, after the functions of
 * tern_on_start and before those of tern_on_stop, in a request without a client. Its memory and time are
 * unlimited.
 *
 * @return whether `work` returned; otherwise `problem` has the reason, a line without a line end. A failing
 * `work` is left like a handler (tern_fail), and its defers run.
 */
bool app_run_command_work(tern_app *app, void (*work)(tern_ctx *c, void *arg), void *arg, buf *problem);

#endif

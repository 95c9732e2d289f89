/** The work of a process before its first request and after its last. */
#ifndef APP_RUN_H
#define APP_RUN_H

#include "app/ctx.h"
#include "app/settings/settings.h"

/** Prepares this process to serve `app`, whose routes are compiled, and runs the functions of tern_on_start.
 * The loop is open. False, with a log line, when that fails. */
bool app_start(tern_app *app, const settings *settings);
/** Runs the functions of tern_on_stop and frees the resources of serving; no connection is open any more. */
void app_stop(tern_app *app);
/** Runs only the hooks of other layers and of tern_on_start, tern_on_stop, without serving. */
bool app_start_hooks(tern_app *app);
void app_stop_hooks(tern_app *app);

#endif

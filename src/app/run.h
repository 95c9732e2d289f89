/** What a process does before its first request and after its last. */
#ifndef APP_RUN_H
#define APP_RUN_H

#include "app/ctx.h"
#include "app/settings/settings.h"

/** Prepares this process to serve `app`, whose routes are compiled, and runs what tern_on_start was given.
 * The loop is open. False, logged, when it cannot. */
bool app_start(tern_app *app, const settings *settings);
/** Runs what tern_on_stop was given and gives back what serving held; no connection is open any more. */
void app_stop(tern_app *app);
/** What other layers and tern_on_start, tern_on_stop were given, without what serves. */
bool app_start_hooks(tern_app *app);
void app_stop_hooks(tern_app *app);

#endif

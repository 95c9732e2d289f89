/** `APP db seed`: runs the functions of tern_seed in a process that does not serve. */
#ifndef DATA_SEED_H
#define DATA_SEED_H

#include "app/ctx.h"
#include "data/engine.h"

/** Runs them in order, each in its own transaction, and reports this on standard output. False with a line,
 * without its end, in `problem`. The database has the models' tables. */
bool data_seed_run(tern_app *app, buf *problem);

#endif

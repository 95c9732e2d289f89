/** `APP db seed`: what tern_seed registered, run in a process that does not serve. */
#ifndef DATA_SEED_H
#define DATA_SEED_H

#include "app/ctx.h"
#include "data/engine.h"

/** Runs them in order, each in its transaction, and says so on standard output. False with a line, without
 * its end, in `problem`. The database has the models' tables. */
bool data_seed_run(tern_app *app, buf *problem);

#endif

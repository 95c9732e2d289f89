#ifndef PEER_ROWS_H
#define PEER_ROWS_H

#include <tern.h>

TERN_MODEL(World,
    (int, id,            .key = true),
    (int, random_number))

TERN_MODEL(Fortune,
    (int,          id,      .key = true),
    (const char *, message))

/** Adds the routes that need a database, where BENCH_DATABASE names one. */
void add_rows(tern_app *app);

#endif

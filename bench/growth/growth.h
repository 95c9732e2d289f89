/** Between the files of the application that grows. */
#ifndef BENCH_GROWTH_H
#define BENCH_GROWTH_H

#include <tern.h>
#include <tern/test.h>

/** Registers a route for each thing that a request may have many of. (requests.c) */
void growth_add_requests(tern_app *app);

#endif

#ifndef TRAVEL_H
#define TRAVEL_H

#include <tern.h>

/** The application with all its routes, which main runs and tests.c tests. */
tern_app *make_app(void);

#endif

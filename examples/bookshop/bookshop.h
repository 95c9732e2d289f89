#ifndef BOOKSHOP_H
#define BOOKSHOP_H

#include <tern.h>

/** The application with all its routes: what main runs and what tests.c tests. */
tern_app *make_app(void);

#endif

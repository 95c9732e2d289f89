#ifndef BOOKSHOP_H
#define BOOKSHOP_H

#include <tern.h>

/** Lets the staff pass, by a header; what writes to the catalogue needs it. */
TERN_PROVIDER(void, staff);

/** The application with all its routes: what main runs and what tests.c tests. */
tern_app *make_app(void);

#endif

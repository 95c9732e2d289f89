#ifndef BOOKSHOP_H
#define BOOKSHOP_H

#include <tern.h>

/** Admits the staff, by a header; operations that write to the catalogue need it. */
TERN_PROVIDER(void, staff);

/** The application with all its routes, which main runs and tests.c tests. */
tern_app *make_app(void);

#endif

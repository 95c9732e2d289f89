/** Lists of middleware: as they are registered, and as the chain that a request runs through. */
#ifndef APP_MIDDLEWARE_H
#define APP_MIDDLEWARE_H

#include "app/ctx.h"

/** A copy of a list that ends with `run` NULL, with the lifetime of the application; NULL without pieces, and
 * when out of memory. */
const tern_middleware *middleware_keep(tern_app *app, const tern_middleware *list, unsigned *count);

/** Puts a piece outside of all others. */
void middleware_use_first(tern_app *app, const tern_middleware *piece);

/** Joins the middleware of the groups, outermost first, and of the route; NULL when out of memory. */
const tern_middleware *middleware_chain(tern_app *app, const tern_group *group, const tern_middleware *last,
                                        unsigned last_count, unsigned *count);

/** Whether the order of a chain does no harm (tern_stage); false with lines in `problems`, which may have the
 * line of another route already. (middleware_order.c) */
bool middleware_order_check(const tern_middleware *chain, buf *problems);

/** Prints each route of the application with the middleware around it, outermost first, and where each piece
 * is used. (middleware_print.c) */
void middleware_print(const tern_app *app, buf *out);

/** Calls `prepare` of every registered piece, in order of registration; once if several have the same options. */
void middleware_prepare(tern_app *app);

#endif

/**
 * What `.requires` of an application, its groups and routes comes to: a list of permissions for each route, and a piece of
 * middleware that asks for them. A route without `.requires` has neither.
 */
#ifndef APP_REQUIRES_H
#define APP_REQUIRES_H

#include "app/ctx.h"

/** What a route requires. */
typedef struct requirement {
    const char *const *permissions; /* in order, each once; ended by NULL */
    bool names_permission;          /* some are not Tern's own words: 403 may occur */
} requirement;

/** Sets r->requires, and puts the piece that asks into the route's chain: after the pieces that identify. False with
 * lines in `problems`: malformed permissions, and a route that requires some without a piece that identifies. */
bool requires_plan(tern_app *app, route *r, buf *problems);
/** Whether a permission, without spaces around it, is a word that `.requires` takes; otherwise the reason. */
const char *requires_wrong(tern_str word);
/** The `enter` of the piece. (identity.c) */
void requires_enter(tern_ctx *c, void *options);

#endif

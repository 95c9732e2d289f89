/** Replies that Tern makes outside of a request's middleware: what HTTP refuses, and time limits. */
#ifndef APP_REFUSED_H
#define APP_REFUSED_H

#include "app/ctx.h"

/** Has the pieces of middleware around the request's route, or of the application if it has no route, set the headers
 * that they add to every reply (tern_middleware.mark). The request's scope must be open. Never fails. */
void refused_mark(tern_ctx *c);

/** http_service's `refuse`: a problem in the application's shape, with those headers. */
void refused_reply(void *app, http_exchange *x, int status, const char *detail);

#endif

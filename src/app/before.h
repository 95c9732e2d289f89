/** What middleware does before the route is looked up (tern_middleware.before). */
#ifndef APP_BEFORE_H
#define APP_BEFORE_H

#include "app/ctx.h"

/** The request as the client sent it, and as middleware asks for it. */
typedef struct ctx_before {
    const http_request *sent;
    http_request asked;
    const char *detail; /* of the failure that c->refused has the status of; NULL: none */
    bool is_open;       /* the pieces run now */
    bool has_body;      /* one of them has read it */
} ctx_before;

/** Runs the pieces. False when one has failed: c->refused is the status. */
bool before_route(tern_ctx *c);
/** Once the route and its body policy are known: false when what was read of the body does not fit them, and the
 * request has no route any more. */
bool before_settle(tern_ctx *c);
/** Reads the body while the pieces run. */
void before_read_body(tern_ctx *c);

#endif

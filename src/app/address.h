/** Paths as clients write them, and whether one leads anywhere. */
#ifndef APP_ADDRESS_H
#define APP_ADDRESS_H

#include "app/ctx.h"

/**
 * Decodes the request's path to route by, in the request's memory; false with c->refused when it cannot be.
 * `*has_marks`: it has URL_SLASH_MARK for an encoded '/', which only an application with
 * .allow_encoded_slashes somewhere gets to see.
 */
bool address_decode(tern_ctx *c, tern_str *path, bool *has_marks);
/** After a path with marks was matched: puts '/' into the parameters of a route that takes it, else refuses
 * the request as before any was looked for. */
void address_settle(tern_ctx *c, tern_str path);

/** The route that a request for `location`, a percent-encoded path, would reach by `method` on this host;
 * NULL when it would be refused or find none. */
const route *address_route(tern_ctx *c, http_method method, const char *location);
/** The path of the request as the client wrote it, and after it the key of `value`, a segment for each of
 * its fields, percent-encoded: where the value can be found, if anywhere. In the request's memory; NULL when
 * the model has no key, a part of it is empty, or the path would name another host. (typed_reply.c) */
const char *address_of_key(tern_ctx *c, const tern_type *type, const void *value);

#endif

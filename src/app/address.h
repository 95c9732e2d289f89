/** Paths as clients write them, and whether a path has a route. */
#ifndef APP_ADDRESS_H
#define APP_ADDRESS_H

#include "app/ctx.h"

/**
 * Decodes the request's path for routing, in the request's memory; false with c->refused when it is invalid.
 * `*has_marks`: it contains URL_SLASH_MARK for an encoded '/', which happens only in an application that uses
 * .allow_encoded_slashes.
 */
bool address_decode(tern_ctx *c, tern_str *path, bool *has_marks);
/** After a path with marks was matched: puts '/' into the parameters of a route that allows it, and refuses
 * the request otherwise, as if no route had been looked for. */
void address_settle(tern_ctx *c, tern_str path);

/** The route that a request for `location`, a percent-encoded path, would reach by `method` on this host;
 * NULL when it would be refused or has no route. */
const route *address_route(tern_ctx *c, http_method method, const char *location);
/** The path of the request as the client wrote it, followed by the key of `value`, a percent-encoded segment
 * for each field: the address of the value, if it has one. In the request's memory; NULL when the model has
 * no key, a part of it is empty, or the path would name another host. (typed_reply.c) */
const char *address_of_key(tern_ctx *c, const tern_type *type, const void *value);

#endif

/** Middleware for entity tags: replies that a client has already are not sent again. docs/bodies.md explains it. */
#ifndef TERN_ETAG_H
#define TERN_ETAG_H

#include <tern/middleware.h>

typedef struct tern_etag_options {
    bool weak;        /* W/"...": the tag means the same content, but not the same bytes */
    size_t max_bytes; /* larger bodies get no tag: default 1 MiB */
    bool (*skip)(tern_ctx *c);
} tern_etag_options;
tern_middleware tern_etag_with(const tern_etag_options *options);
/**
 * Gives each 200 reply to GET or HEAD an ETag, the hash of its body, and answers the request's conditions: 304 for a
 * client that has this content (If-None-Match), 412 when it wants another one (If-Match): RFC 9110 section 13.
 *
 * A reply that has an ETag or Last-Modified keeps them, and its conditions are answered by these. Files do all this by
 * themselves; streams get no tag. The handler still runs: to save its work, use tern_is_not_modified in it. Use it
 * inside of tern_compress.
 */
#define tern_etag(...) tern_etag_with(&(tern_etag_options){__VA_ARGS__})

#endif

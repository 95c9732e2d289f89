/** Request bodies with a content coding, read as they were before it. */
#ifndef APP_DECODED_H
#define APP_DECODED_H

#include "app/ctx.h"

/** The next bytes of a streamed body that is decoded: c->decoding is set. 0 at its end; fails like tern_body_read, and
 * with 400 or 413 where the coding is broken or the body too large. */
size_t decoded_read(tern_ctx *c, void *out, size_t size);

#endif

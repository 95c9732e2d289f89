/** The request's body. */
#include "app/decoded.h"

#include <string.h>

bool tern_has_body(tern_ctx *c)
{
    return c->x->request->has_body;
}

tern_str tern_body(tern_ctx *c)
{
    http_exchange *x = c->x;
    if (c->match.route != NULL && x->policy.is_streamed)
        tern_fail(c, 500, "the route streams its body: read it with tern_body_read");
    return x->body.data != NULL ? x->body : TERN_STR("");
}

/** Returns the next piece of a body that is already complete. */
static size_t read_buffered(tern_ctx *c, void *out, size_t size)
{
    tern_str body = c->x->body;
    size_t left = body.len - c->body_taken;
    size_t taken = size < left ? size : left;
    if (taken != 0)
        memcpy(out, body.data + c->body_taken, taken);
    c->body_taken += taken;
    return taken;
}

size_t tern_body_read(tern_ctx *c, void *out, size_t size)
{
    if (c->match.route == NULL || !c->x->policy.is_streamed)
        return read_buffered(c, out, size);
    if (size == 0)
        return 0;
    if (c->decoding != NULL)
        return decoded_read(c, out, size);
    long n = http_body_read(c->x, out, size);
    if (n < 0) {
        const char *detail = NULL;
        int status = http_body_error(c->x, &detail);
        ctx_fail(c, status, detail);
    }
    return (size_t)n;
}

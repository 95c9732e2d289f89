/** Adds the request's id to every reply, and accepts one from the client if it is trusted. */
#include <tern/middleware.h>

static void mark(tern_ctx *c, void *header)
{
    tern_set_header(c, header, tern_request_id(c));
}

static void mark_trusting(tern_ctx *c, void *header)
{
    tern_set_request_id(c, tern_header(c, header)); /* a malformed one is ignored */
    mark(c, header);
}

static tern_reply run(tern_ctx *c, void *header)
{
    const char *id = tern_request_id(c);
    tern_reply reply = tern_next(c);
    tern_set_header(c, header, id);
    return reply;
}

static tern_reply run_trusting(tern_ctx *c, void *header)
{
    tern_set_request_id(c, tern_header(c, header)); /* a malformed one is ignored */
    return run(c, header);
}

tern_middleware tern_request_ids_with(const tern_request_id_options *options)
{
    const char *header = options->header != NULL ? options->header : "X-Request-Id";
    return (tern_middleware){.name = "request_ids",
                             .run = options->trust_client ? run_trusting : run,
                             .options = (void *)(uintptr_t)header,
                             .skip = options->skip,
                             .mark = options->trust_client ? mark_trusting : mark,
                             .stage = TERN_STAGE_REQUEST_ID,
                             .headers = header};
}

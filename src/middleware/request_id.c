/** Adds the request's id to every reply, and accepts one from the client if it is trusted. */
#include <tern/middleware.h>

typedef struct request_ids {
    const char *name;
    const tern_kept_header *header;
} request_ids;

static void prepare(tern_app *app, void *options)
{
    request_ids *own = options;
    if (own == NULL)
        tern_mistake(app, "request_ids: out of memory");
    else
        own->header = tern_keep_header(app, own->name, NULL);
}

static void mark(tern_ctx *c, void *options)
{
    const request_ids *own = options;
    tern_set_kept_header(c, own->header, tern_request_id(c));
}

static void mark_trusting(tern_ctx *c, void *options)
{
    const request_ids *own = options;
    tern_set_request_id(c, tern_header(c, own->name)); /* a malformed one is ignored */
    mark(c, options);
}

static tern_reply run(tern_ctx *c, void *options)
{
    const request_ids *own = options;
    const char *id = tern_request_id(c);
    tern_reply reply = tern_next(c);
    tern_set_kept_header(c, own->header, id);
    return reply;
}

static tern_reply run_trusting(tern_ctx *c, void *options)
{
    const request_ids *own = options;
    tern_set_request_id(c, tern_header(c, own->name)); /* a malformed one is ignored */
    return run(c, options);
}

tern_middleware tern_request_ids_with(const tern_request_id_options *options)
{
    const request_ids own = {.name = options->header != NULL ? options->header : "X-Request-Id"};
    return (tern_middleware){.name = "request_ids",
                             .run = options->trust_client ? run_trusting : run,
                             .options = tern_keep(&own, sizeof own),
                             .prepare = prepare,
                             .skip = options->skip,
                             .mark = options->trust_client ? mark_trusting : mark,
                             .stage = TERN_STAGE_REQUEST_ID,
                             .headers = own.name};
}

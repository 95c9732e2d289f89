/** Entity tags of whole bodies, and the conditions of requests by them. */
#include <tern/etag.h>

#include <string.h>

enum { MAX_BYTES = 1024 * 1024 };

static bool is_read(tern_ctx *c)
{
    const char *method = tern_method(c);
    return strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
}

static void put_tag(tern_ctx *c, const tern_etag_options *options, const tern_reply *reply)
{
    if (tern_reply_header(c, "ETag") != NULL || tern_reply_header(c, "Last-Modified") != NULL ||
        reply->len > options->max_bytes)
        return;
    const char *version = tern_version_of(c, reply->data, reply->len);
    tern_set_header(c, "ETag", tern_sprintf(c, "%s\"%s\"", options->weak ? "W/" : "", version));
}

static tern_reply run(tern_ctx *c, void *arg)
{
    tern_reply reply = tern_next(c);
    if (reply.status != 200 || reply.kind == TERN_REPLY_FILE || !is_read(c))
        return reply;
    if (reply.kind == TERN_REPLY_BYTES)
        put_tag(c, arg, &reply);
    return tern_conditional(c, reply);
}

static void prepare(tern_app *app, void *options)
{
    if (options == NULL)
        tern_mistake(app, "etag: out of memory");
}

tern_middleware tern_etag_with(const tern_etag_options *options)
{
    tern_etag_options made = *options;
    if (made.max_bytes == 0)
        made.max_bytes = MAX_BYTES;
    return (tern_middleware){.name = "etag",
                             .run = run,
                             .options = tern_keep(&made, sizeof made),
                             .skip = options->skip,
                             .prepare = prepare,
                             .answers = "304, 412",
                             .headers = "ETag",
                             .stage = TERN_STAGE_ETAG};
}

/** Decodes the bodies of requests. */
#include <tern/compress.h>
#include <tern/log.h>

static tern_reply run(tern_ctx *c, void *arg)
{
    const tern_decompress_options *options = arg;
    tern_decode_body(c, options->max_bytes, options->max_ratio);
    return tern_next(c);
}

static void prepare(tern_app *app, void *options)
{
    static const char *const codings[] = {"gzip", "deflate", "br", "zstd"};
    const char *problem;
    if (options == NULL)
        tern_mistake(app, "decompress: out of memory");
    for (size_t i = 0; i < sizeof codings / sizeof *codings; i++)
        if (!tern_need_decoding(codings[i], &problem))
            tern_log(TERN_LOG_WARN, "decompress: %s is left out: %s", codings[i], problem);
}

tern_middleware tern_decompress_with(const tern_decompress_options *options)
{
    return (tern_middleware){.name = "decompress",
                             .run = run,
                             .options = tern_keep(options, sizeof *options),
                             .skip = options->skip,
                             .prepare = prepare,
                             .answers = "400, 413, 415",
                             .stage = TERN_STAGE_DECOMPRESS};
}

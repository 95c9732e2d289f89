/** Refuses requests that change something and may have been replayed. */
#include <tern/security.h>

#include <string.h>

static bool is_safe(const char *method)
{
    static const char *const safe[] = {"GET", "HEAD", "OPTIONS", "QUERY"};
    for (size_t i = 0; i < sizeof safe / sizeof *safe; i++)
        if (strcmp(method, safe[i]) == 0)
            return true;
    return false;
}

static tern_reply run(tern_ctx *c, void *unused)
{
    (void)unused;
    /* Any value and any sender: a client that says so itself only waits for longer. */
    if (tern_header(c, "Early-Data") != NULL && !is_safe(tern_method(c)))
        tern_fail(c, 425, "this request was sent before the handshake of TLS was complete: send it again");
    return tern_next(c);
}

tern_middleware tern_early_data_with(const tern_early_data_options *options)
{
    return (tern_middleware){
        .name = "early_data", .run = run, .skip = options->skip, .answers = "425", .stage = TERN_STAGE_HOST};
}

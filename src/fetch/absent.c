/* Calls in a build without libcurl's headers: each says what is missing. */
#include "app/ctx.h"

#include <tern/fetch.h>
#include <tern/log.h>

static _Noreturn void fail(tern_ctx *c)
{
    tern_log(TERN_LOG_ERROR,
             "fetch: Tern was built without libcurl: install libcurl4-openssl-dev and build it again");
    ctx_fail(c, 500, NULL);
}

tern_fetched *tern_fetch_with(tern_ctx *c, const char *url, const tern_fetch_options *options, bool fails)
{
    (void)url, (void)options, (void)fails;
    fail(c);
}

const char *tern_fetch_header_of(const tern_fetched *reply, const char *name)
{
    (void)reply, (void)name;
    return NULL;
}

size_t tern_fetch_read(tern_ctx *c, tern_fetched *reply, void *out, size_t size)
{
    (void)reply, (void)out, (void)size;
    fail(c);
}

bool tern_fetch_event(tern_ctx *c, tern_fetched *reply, tern_fetch_sse *event)
{
    (void)reply, (void)event;
    fail(c);
}

void tern_fetch_close(tern_fetched *reply)
{
    (void)reply;
}

tern_cookie_jar *tern_cookie_jar_new(tern_ctx *c)
{
    fail(c);
}

void tern_fetch_defaults_with(tern_app *app, const tern_fetch_settings *settings)
{
    (void)app, (void)settings;
}

void tern_fetch_service_with(tern_app *app, const char *name, const tern_fetch_service_options *options)
{
    (void)app, (void)name, (void)options;
}

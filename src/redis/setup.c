/* tern_redis_setup: from main's declaration to the client of each worker. */
#include "redis/client.h"

#include "app/ctx.h"

static bool prepare(void *app, buf *problems)
{
    return redis_client_check(app, problems);
}

/* A worker ends: nothing calls any more. */
static void stop(void *unused)
{
    (void)unused;
    redis_client_close();
}

static bool is_ready(tern_ctx *c)
{
    return tern_redis_try(c, "PING")->kind == TERN_REDIS_STATUS;
}

void tern_redis_setup_with(tern_app *app, const tern_redis_options *options)
{
    static const tern_app *set_up; /* the last application that was */
    if (options == NULL && set_up == app)
        return;
    set_up = app;
    tern_redis_options own = options != NULL ? *options : (tern_redis_options){0};
    own.url = app_keep_text(app, own.url);
    own.ca_file = app_keep_text(app, own.ca_file);
    own.cert_file = app_keep_text(app, own.cert_file);
    own.key_file = app_keep_text(app, own.key_file);
    own.name = app_keep_text(app, own.name);
    redis_client_set_options(&own);
    app_add_hook(app, &(app_hook){.prepare = prepare, .stop = stop, .arg = app});
    if (own.required)
        tern_ready_check(app, "redis", is_ready);
}

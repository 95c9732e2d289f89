/* tern_redis_setup: from main's declaration to the client of each worker. */
#include "redis/client.h"

#include "app/ctx.h"

static bool prepare(void *app, buf *problems)
{
    return redis_client_check(app, problems);
}

/* A worker begins: the certificates of authorities, which take some time, are read before its first request. */
static bool start(void *app)
{
    const char *problem;
    tern_redis_fault fault;
    redis_client_get(app, &problem,
                     &fault); /* what fails here is tried again, and reported, by the first command */
    return true;
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

static void tidy(void *unused)
{
    (void)unused;
    redis_client_tidy();
}

static bool is_set_up(const tern_app *app)
{
    for (const app_hook *hook = app->hooks; hook != NULL; hook = hook->next)
        if (hook->prepare == prepare)
            return true;
    return false;
}

static void keep(tern_app *app, const char **into, const char *given)
{
    if (given != NULL)
        *into = app_keep_text(app, given);
}

static void keep_number(unsigned *into, unsigned given)
{
    if (given != 0)
        *into = given;
}

/** What is set replaces what an earlier call has set: middleware that needs Redis calls this, too. */
void tern_redis_setup_with(tern_app *app, const tern_redis_options *options)
{
    static const tern_redis_options none;
    tern_redis_options own = {0};
    options = options != NULL ? options : &none;
    bool is_first = !is_set_up(app);
    if (!is_first)
        own = *redis_client_options();
    bool was_required = own.required;
    own.required = was_required || options->required;
    keep(app, &own.url, options->url);
    keep(app, &own.ca_file, options->ca_file);
    keep(app, &own.cert_file, options->cert_file);
    keep(app, &own.key_file, options->key_file);
    keep(app, &own.name, options->name);
    keep_number(&own.timeout_ms, options->timeout_ms);
    keep_number(&own.connect_timeout_ms, options->connect_timeout_ms);
    keep_number(&own.connections, options->connections);
    keep_number(&own.queue, options->queue);
    if (options->max_reply != 0)
        own.max_reply = options->max_reply;
    redis_client_set_options(&own);
    if (is_first)
        app_add_hook(app,
                     &(app_hook){.prepare = prepare, .start = start, .stop = stop, .tidy = tidy, .arg = app});
    if (own.required && !was_required)
        tern_ready_check(app, "redis", is_ready);
}

/* Redis in a build without hiredis' headers: it says what is missing, at start where it can. */
#include "app/ctx.h"

#include <tern/log.h>
#include <tern/redis.h>

static const char missing[] = "Tern was built without hiredis: install libhiredis-dev and build it again";

static bool prepare(void *unused, buf *problems)
{
    (void)unused;
    buf_add_printf(problems, "redis: %s\n", missing);
    return false;
}

void tern_redis_setup_with(tern_app *app, const tern_redis_options *options)
{
    (void)options;
    app_add_hook(app, &(app_hook){.prepare = prepare});
}

static const tern_redis_reply *refuse(tern_ctx *c, bool fails)
{
    static const tern_redis_reply error = {
        .kind = TERN_REDIS_ERROR, .fault = TERN_REDIS_WRONG, .text = {missing, sizeof missing - 1}};
    if (!fails)
        return &error;
    tern_log(TERN_LOG_ERROR, "redis: %s", missing);
    ctx_fail(c, 500, NULL);
}

const tern_redis_reply *tern_redis_with(tern_ctx *c, tern_redis_command command, bool fails)
{
    (void)command;
    return refuse(c, fails);
}

const tern_redis_reply *tern_redis_argv(tern_ctx *c, const tern_str *args, size_t count)
{
    (void)args, (void)count;
    return refuse(c, true);
}

const tern_redis_reply *tern_redis_argv_try(tern_ctx *c, const tern_str *args, size_t count)
{
    (void)args, (void)count;
    return refuse(c, false);
}

struct tern_redis_pipeline {
    tern_ctx *c;
};

tern_redis_pipeline *tern_redis_pipeline_new(tern_ctx *c)
{
    tern_redis_pipeline *p = tern_alloc(c, sizeof *p);
    p->c = c;
    return p;
}

void tern_redis_add_command(tern_redis_pipeline *pipeline, tern_redis_command command)
{
    (void)pipeline, (void)command;
}

void tern_redis_add_argv(tern_redis_pipeline *pipeline, const tern_str *args, size_t count)
{
    (void)pipeline, (void)args, (void)count;
}

const tern_redis_reply *tern_redis_send(tern_redis_pipeline *pipeline)
{
    return refuse(pipeline->c, true);
}

const tern_redis_reply *tern_redis_send_try(tern_redis_pipeline *pipeline)
{
    return refuse(pipeline->c, false);
}

const tern_redis_reply *tern_redis_exec(tern_redis_pipeline *pipeline)
{
    return refuse(pipeline->c, true);
}

const tern_redis_reply *tern_redis_exec_try(tern_redis_pipeline *pipeline)
{
    return refuse(pipeline->c, false);
}

const tern_redis_reply *tern_redis_script_with(tern_ctx *c, tern_redis_lua *script,
                                               tern_redis_command command, bool fails)
{
    (void)script, (void)command;
    return refuse(c, fails);
}

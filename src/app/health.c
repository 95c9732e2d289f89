/** GET /healthz and /readyz, for load balancers and Kubernetes. */
#include "app/ctx.h"
#include "base/buf.h"

#include <tern/identity.h>

#include <string.h>

TERN_HANDLER(healthz)
{
    tern_set_header(c, "Cache-Control", "no-store");
    return tern_json_text(c, "{\"status\":\"ok\"}");
}

typedef struct check_run {
    const app_check *check;
    bool is_ready;
} check_run;

static void run_check(tern_ctx *c, void *arg)
{
    check_run *run = arg;
    run->is_ready = run->check->is_ready(c);
}

/** Runs every check; a check that fails by tern_fail is not ready. */
static check_run *run_checks(tern_ctx *c, unsigned *count)
{
    *count = 0;
    for (const app_check *check = c->app->checks; check != NULL; check = check->next)
        ++*count;
    check_run *runs = tern_alloc(c, *count * sizeof *runs);
    unsigned i = 0;
    for (const app_check *check = c->app->checks; check != NULL; check = check->next, i++) {
        runs[i].check = check;
        if (ctx_guard(c, run_check, &runs[i]) == UNWIND_CANCELLED)
            unwind_throw(UNWIND_CANCELLED);
    }
    return runs;
}

static void write_checks(buf *body, const check_run *runs, unsigned count, bool is_ready)
{
    buf_add_printf(body, "{\"status\":\"%s\",\"checks\":{", is_ready ? "ok" : "unavailable");
    for (unsigned i = 0; i < count; i++) {
        buf_add_text(body, i == 0 ? "\"" : ",\"");
        buf_add_json(body, runs[i].check->name, strlen(runs[i].check->name));
        buf_add_printf(body, "\":\"%s\"", runs[i].is_ready ? "ok" : "failed");
    }
    buf_add_text(body, "}}");
}

TERN_HANDLER(readyz)
{
    tern_set_header(c, "Cache-Control", "no-store");
    if (c->app->is_draining)
        return tern_with_status(tern_json_text(c, "{\"status\":\"draining\",\"checks\":{}}"), 503);
    unsigned count;
    const check_run *runs = run_checks(c, &count);
    bool is_ready = true;
    for (unsigned i = 0; i < count; i++)
        is_ready = is_ready && runs[i].is_ready;
    buf body = {0};
    write_checks(&body, runs, count, is_ready);
    char *text = body.failed ? NULL : arena_text(ctx_arena(c), body.data, body.len);
    buf_free(&body);
    return tern_with_status(tern_json_text(c, ctx_need(c, text)), is_ready ? 200 : 503);
}

bool tern_is_health_check(tern_ctx *c)
{
    const route *r = c->match.route;
    return r != NULL && (r->handler.run == healthz->run || r->handler.run == readyz->run);
}

void health_add_routes(tern_app *app)
{
    tern_get(app, "/healthz", healthz, .summary = "Whether the process is alive", .hidden = true,
             .requires = TERN_ANYBODY);
    tern_get(app, "/readyz", readyz, .summary = "Whether requests should be sent here", .hidden = true,
             .requires = TERN_ANYBODY);
}

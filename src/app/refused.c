#include "app/refused.h"

#include "runtime/loop.h"

static void mark(tern_ctx *c, void *arg)
{
    const tern_middleware *m = arg;
    if (m->skip == NULL || !m->skip(c))
        m->mark(c, m->options);
}

void refused_mark(tern_ctx *c)
{
    const tern_middleware *chain = c->match.route != NULL ? c->match.route->chain : c->app->unmatched_chain;
    unsigned count = 0;
    while (chain != NULL && chain[count].run != NULL)
        count++;
    while (count-- > 0) /* from the inside out, as after tern_next */
        if (chain[count].mark != NULL)
            ctx_guard(c, mark, (void *)(uintptr_t)&chain[count]);
}

/** The refused request: the one of its head if it was accepted, otherwise one with only what is known. */
static tern_ctx *refused_request(tern_app *app, http_exchange *x)
{
    tern_ctx *c = x->app;
    if (c != NULL || (c = arena_alloc(&x->arena, sizeof *c)) == NULL)
        return c;
    x->app = c;
    ctx_begin(c, app, x);
    c->found = ROUTE_NOT_FOUND;
    c->match.route = NULL;
    return c;
}

void refused_reply(void *self, http_exchange *x, int status, const char *detail)
{
    tern_app *app = self;
    tern_ctx *c = refused_request(app, x);
    if (c == NULL) {
        http_reply(x, status, NULL, NULL, 0);
        return;
    }
    http_set_deadline(x, loop_self.now_ms + c->timeout_ms); /* the functions' waits are bounded */
    ctx_open(c);
    tern_reply reply = ctx_problem(c, status, detail);
    refused_mark(c);
    ctx_leave(c);
    ctx_send(c, &reply);
    if (c->after != NULL)
        ctx_run_after(c);
}

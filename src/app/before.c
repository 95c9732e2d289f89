/** What middleware does before the route is looked up: another method or path. */
#include "app/before.h"

#include "runtime/coro.h"

#include <string.h>

bool before_route(tern_ctx *c)
{
    const http_request *sent = c->x->request;
    ctx_before *b = c->before = arena_alloc(ctx_arena(c), sizeof *b);
    c->match.route = NULL;
    c->found = ROUTE_NOT_FOUND;
    c->refused = 503;
    if (b == NULL)
        return false;
    *b = (ctx_before){.sent = sent, .asked = *sent, .is_open = true};
    c->x->request = &b->asked;
    c->x->policy = (http_body_policy){.max_bytes = c->app->options.limits.body_bytes};
    coro *self = coro_self(); /* of another request, for a copy of that (tern_repeat) */
    void *request = self->request;
    scope *outer = self->scope;
    ctx_open(c);
    unwind_reason why = UNWIND_NONE;
    for (const tern_middleware *m = c->app->before; m->run != NULL && why == UNWIND_NONE; m++)
        if (m->skip == NULL || !m->skip(c))
            why = ctx_guard(c, (void (*)(tern_ctx *, void *))m->before, m->options);
    if (why == UNWIND_FAIL) {
        b->detail = c->scope.problem_detail;
        c->refused = (short)c->scope.problem_status;
    } else {
        c->refused = why == UNWIND_NONE ? 0 : 503;
    }
    ctx_leave(c);
    self->request = request;
    self->scope = outer;
    b->is_open = false;
    c->path = NULL; /* it may be another one now */
    return why == UNWIND_NONE;
}

bool before_settle(tern_ctx *c)
{
    http_exchange *x = c->x;
    if (!c->before->has_body)
        return true;
    x->policy.is_streamed = false; /* tern_body_read returns what was read */
    if (x->body.len <= x->policy.max_bytes)
        return true;
    c->refused = 413;
    c->before->detail = "the body is larger than this route takes";
    c->found = ROUTE_NOT_FOUND;
    c->match.route = NULL;
    return false;
}

void before_read_body(tern_ctx *c)
{
    ctx_before *b = c->before;
    if (b->has_body || !c->x->request->has_body)
        return;
    b->has_body = true;
    if (http_body_read_whole(c->x))
        return;
    const char *detail = NULL;
    int status = http_body_error(c->x, &detail);
    c->x->wants_close = true;
    ctx_fail(c, status != 0 ? status : 400, detail);
}

static ctx_before *need_before(tern_ctx *c)
{
    if (c->before == NULL || !c->before->is_open)
        ctx_fail(c, 500, "tern_set_target and tern_set_method are for `before` of middleware");
    return c->before;
}

void tern_set_target(tern_ctx *c, const char *target)
{
    ctx_before *b = need_before(c);
    size_t path_len = strcspn(target, "?"), len = strlen(target);
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)target[i] <= ' ' || (unsigned char)target[i] > '~' || target[i] == '#')
            tern_fail(c, 500, "a target has a character that is not encoded");
    if (target[0] != '/')
        tern_fail(c, 500, "a target must begin with '/'");
    b->asked.path = (tern_str){target, path_len};
    b->asked.query = len > path_len ? (tern_str){target + path_len + 1, len - path_len - 1} : (tern_str){0};
    b->asked.path_is_plain = false; /* it is decoded, and "/../" resolved, as that of a client */
    b->asked.is_asterisk = false;
    c->path = NULL;
    c->is_query_counted = false;
}

void tern_set_method(tern_ctx *c, const char *method)
{
    ctx_before *b = need_before(c);
    size_t len = strlen(method);
    if (!http_field_is_valid(method, len, "", 0) || len == 0)
        tern_fail(c, 500, "\"%s\" is not a method", method);
    b->asked.method = http_method_of(method, len);
    b->asked.method_text = (tern_str){method, len};
}

void *tern_route_arg(tern_ctx *c)
{
    return c->match.route != NULL ? (void *)(uintptr_t)c->match.route->handler.arg : NULL;
}

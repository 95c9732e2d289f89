/**
 * From a complete head to its reply: routing, the onion of middleware, the handler.
 *
 * Hot path: accept_head, handle, run_level. They must not use heap memory, format text or clear fields that
 * are set later anyway; a request without middleware passes one catch point.
 */
#include "app/address.h"
#include "app/before.h"
#include "app/formats.h"
#include "app/refused.h"
#include "base/text.h"
#include "runtime/coro.h"
#include "runtime/cpu_limit.h"
#include "runtime/loop.h"
#include "runtime/task.h"

#include <tern/log.h>

#include <inttypes.h>
#include <string.h>

enum { DEFAULT_BODY_BYTES = 1024 * 1024, DEFAULT_REQUEST_MS = 30000, DEFAULT_BODY_MS = 60000 };

static const tern_middleware no_middleware = {0};

/* -- one level of the onion -- */

/** The state that a failure inside a level restores. */
typedef struct level {
    scope_defer *defers;
    ctx_fields fields;
} level;

void ctx_keep_fields(tern_ctx *c, ctx_fields *kept)
{
    http_exchange *x = c->x;
    *kept = (ctx_fields){0};
    if (x->field_count == 0)
        return;
    kept->list = arena_alloc(&x->arena, x->field_count * sizeof *kept->list);
    if (kept->list == NULL)
        return;
    memcpy(kept->list, x->fields, x->field_count * sizeof *kept->list);
    kept->count = x->field_count;
}

void ctx_restore_fields(tern_ctx *c, const ctx_fields *kept)
{
    /* x->fields only grows, so the copy fits. */
    if (kept->count != 0)
        memcpy(c->x->fields, kept->list, kept->count * sizeof *kept->list);
    c->x->field_count = kept->count;
}

static void level_open(tern_ctx *c, level *l)
{
    *l = (level){.defers = c->scope.defers};
    if (c->x->field_count != 0)
        ctx_keep_fields(c, &l->fields);
}

/** Runs the defers of the level. Tasks end first: they may use the frames that were left. */
static void level_close(tern_ctx *c, const level *l)
{
    if (c->scope.has_tasks)
        task_end_all(&c->scope);
    if (c->scope.defers != l->defers)
        scope_run_defers(&c->scope, l->defers);
}

/* -- requests without a route -- */

/** The same path with a '/' added or removed, otherwise as the client wrote it: nothing is decoded and
 * encoded again. */
static tern_reply slash_redirect(tern_ctx *c)
{
    tern_str path = c->x->request->path, query = c->x->request->query;
    if (path.len > 1 && (path.data[1] == '/' || path.data[1] == '\\'))
        return ctx_problem(c, 404, NULL); /* "//host/" would be another site */
    int path_len = (int)path.len - (c->found == ROUTE_REMOVE_SLASH);
    const char *url =
        tern_sprintf(c, "%.*s%s%s%.*s", path_len, path.data, c->found == ROUTE_ADD_SLASH ? "/" : "",
                     query.data != NULL ? "?" : "", (int)query.len, query.data != NULL ? query.data : "");
    return tern_redirect_with(c, 308, url);
}

/** The route for another method at the request's path; NULL: none. */
static const route *route_of_method(tern_ctx *c, http_method method, tern_str name)
{
    const tern_str path = c->path != NULL ? (tern_str){c->path, c->path_len} : c->x->request->path;
    route_match match;
    route_found found = router_match(c->app->router, method, name, c->x->request->host, path, &match);
    bool is_other_slash = found == ROUTE_ADD_SLASH || found == ROUTE_REMOVE_SLASH;
    return found == ROUTE_FOUND || (is_other_slash && c->app->options.slashes == TERN_SLASH_SAME)
               ? match.route
               : NULL;
}

/** Says which bodies QUERY takes at this path, if it has such a route. */
static void add_accept_query(tern_ctx *c)
{
    if (c->x->request->is_asterisk || strstr(c->match.allow, "QUERY") == NULL)
        return;
    const route *r = route_of_method(c, HTTP_QUERY, TERN_STR("QUERY"));
    if (r != NULL && r->accept_query != NULL)
        http_field_put(c->x, "Accept-Query", r->accept_query, true);
}

static tern_reply unmatched_reply(tern_ctx *c)
{
    if (c->refused != 0)
        return ctx_problem(c, c->refused,
                           c->before != NULL && c->before->detail != NULL ? c->before->detail
                           : c->refused == 400                            ? "the path is wrongly encoded"
                                                                          : NULL);
    switch (c->found) {
    case ROUTE_WRONG_METHOD:
    case ROUTE_OPTIONS:
        http_field_put(c->x, "Allow", c->match.allow, true);
        add_accept_query(c);
        return c->found == ROUTE_OPTIONS ? tern_no_content(c) : ctx_problem(c, 405, NULL);
    case ROUTE_ADD_SLASH:
    case ROUTE_REMOVE_SLASH:
        return slash_redirect(c);
    default:
        return ctx_problem(c, 404, NULL);
    }
}

/* -- running -- */

static tern_reply unsound_reply(tern_ctx *c, int status)
{
    const route *r = c->match.route;
    tern_log(TERN_LOG_ERROR, "%s:%d: handler %s returned a reply that cannot be sent (status %d)",
             r->handler.file, r->handler.line, r->handler.name, status);
    return ctx_problem(c, 500, NULL);
}

/** Not inlined: the caller's setjmp must not find its locals in registers. */
static __attribute__((noinline)) tern_reply call_next(tern_ctx *c)
{
    const tern_middleware *m = c->next;
    while (m->run != NULL) {
        c->next = m + 1;
        if (m->skip == NULL || !m->skip(c)) {
            if (m->enter == NULL)
                return m->run(c, m->options);
            m->enter(c, m->options);
        }
        m = c->next;
    }
    c->next = NULL;
    const route *r = c->match.route;
    if (r == NULL)
        return unmatched_reply(c);
    tern_reply reply = r->handler.run(c);
    if (c->reply_type != NULL)
        reply = typed_reply_check(c, &reply);
    if (c->app->formats != 0)
        reply = format_reply(c, reply);
    return reply_is_sound(&reply) ? reply : unsound_reply(c, reply.status);
}

/** The reply of ctx_leave_for. */
static tern_reply left_reply(tern_ctx *c)
{
    c->scope.problem_status = 0; /* nothing went wrong */
    http_field_put(c->x, "Cache-Control", "no-store", true);
    http_field_put(c->x, c->problem_field->name, c->problem_field->value, true);
    return (tern_reply){.status = 303};
}

/** The reply of a failure inside. A 503 is temporary: a client may retry after a second. */
static tern_reply failure_reply(tern_ctx *c)
{
    if (c->scope.problem_status == 303)
        return left_reply(c);
    if (c->scope.problem_status == 503)
        http_field_put(c->x, "Retry-After", "1", true);
    if (c->problem_field != NULL)
        http_field_put(c->x, c->problem_field->name, c->problem_field->value, true);
    tern_problem problem = c->problem != NULL ? *c->problem : (tern_problem){0};
    problem.status = c->scope.problem_status;
    problem.detail = c->scope.problem_detail;
    return ctx_problem_of(c, &problem);
}

/** One level inside a catch point. `*why` is UNWIND_NONE if there is a reply, or how the level was left. */
static tern_reply run_level(tern_ctx *c, unwind_reason *why)
{
    level l;
    unwind_point point;
    level_open(c, &l);
    if (unwind_catch(&point) == 0) {
        tern_reply reply = call_next(c);
        unwind_release(&point);
        level_close(c, &l);
        *why = UNWIND_NONE;
        return reply;
    }
    *why = point.reason;
    level_close(c, &l);
    ctx_restore_fields(c, &l.fields);
    return *why == UNWIND_FAIL ? failure_reply(c) : (tern_reply){0};
}

static __attribute__((noinline)) tern_reply unexpected_next(tern_ctx *c)
{
    char label[160];
    tern_log(TERN_LOG_ERROR, "%s: tern_next was called twice, or by a handler",
             ctx_route_label(c, label, sizeof label));
    return ctx_problem(c, 500, NULL);
}

tern_reply tern_next(tern_ctx *c)
{
    unwind_reason why;
    if (c->next == NULL)
        return unexpected_next(c);
    tern_reply reply = run_level(c, &why);
    c->next = NULL;
    if (why == UNWIND_CANCELLED)
        unwind_throw(UNWIND_CANCELLED);
    return reply;
}

/* Not called: a piece with `enter` has this to be told from the end of a list. */
tern_reply tern_entered(tern_ctx *c, void *options)
{
    (void)options;
    return tern_next(c);
}

unwind_reason ctx_guard(tern_ctx *c, void (*work)(tern_ctx *c, void *arg), void *arg)
{
    level l = {.defers = c->scope.defers};
    unwind_point point;
    if (unwind_catch(&point) == 0) {
        work(c, arg);
        unwind_release(&point);
        level_close(c, &l);
        return UNWIND_NONE;
    }
    level_close(c, &l);
    return point.reason;
}

bool tern_attempt(tern_ctx *c, void (*work)(tern_ctx *c, void *arg), void *arg)
{
    unwind_reason reason = ctx_guard(c, work, arg);
    if (reason == UNWIND_CANCELLED)
        unwind_throw(UNWIND_CANCELLED);
    if (reason == UNWIND_FAIL) { /* nobody replies with it */
        c->scope.problem_status = 0;
        c->problem = NULL;
        c->problem_field = NULL;
    }
    return reason == UNWIND_NONE;
}

/* Inline copies of functions in a header: these are for the path of every request. */

static inline void enter(coro *self, tern_ctx *c)
{
    self->request = c;
    self->scope = &c->scope;
}

static inline void leave(coro *self, tern_ctx *c)
{
    scope_close(&c->scope);
    self->scope = NULL;
    self->request = NULL;
}

void ctx_enter(tern_ctx *c)
{
    enter(coro_self(), c);
}

void ctx_leave(tern_ctx *c)
{
    leave(coro_self(), c);
}

/* -- after the reply -- */

void tern_after(tern_ctx *c, void (*then)(tern_ctx *c, void *arg), void *arg)
{
    ctx_after *after = ctx_need(c, arena_alloc(ctx_arena(c), sizeof *after));
    *after = (ctx_after){.next = c->after, .run = then, .arg = arg};
    c->after = after;
}

tern_sent_reply tern_sent(tern_ctx *c)
{
    const http_exchange *x = c->x;
    return (tern_sent_reply){
        .status = x->reply_status, .bytes = x->sent_bytes, .is_cut_off = http_reply_is_cut_off(x)};
}

void ctx_run_after(tern_ctx *c)
{
    ctx_enter(c);
    while (c->after != NULL) {
        const ctx_after *after = c->after;
        c->after = after->next;
        if (ctx_guard(c, after->run, after->arg) == UNWIND_FAIL) {
            char label[160];
            const char *detail = c->scope.problem_detail;
            tern_log(TERN_LOG_ERROR, "%s: a function of tern_after failed: %s",
                     ctx_route_label(c, label, sizeof label),
                     detail != NULL ? detail : http_status_text(c->scope.problem_status));
        }
    }
    ctx_leave(c);
}

/* -- serving a request -- */

/** The reply to a request whose time is over. */
static tern_reply late_reply(tern_ctx *c)
{
    http_exchange *x = c->x;
    char label[160];
    tern_log(TERN_LOG_WARN, "%s took longer than %" PRIu64 " ms and was stopped",
             ctx_route_label(c, label, sizeof label), c->timeout_ms);
    const char *detail =
        c->timeout_ms % 1000 == 0
            ? arena_printf(&x->arena, "the request took longer than %" PRIu64 " s", c->timeout_ms / 1000)
            : arena_printf(&x->arena, "the request took longer than %" PRIu64 " ms", c->timeout_ms);
    return ctx_problem(c, 503, detail);
}

/** The reply to a request that was cancelled; false when the client has left. */
static bool cancelled_reply(tern_ctx *c, tern_reply *reply)
{
    http_exchange *x = c->x;
    x->wants_close = true; /* the coroutine stays cancelled: it cannot serve another request */
    if (!x->is_late && x->has_client_left)
        return false;
    *reply = x->is_late ? late_reply(c) : ctx_problem(c, 503, "the server is stopping");
    if (c->app->marks)
        refused_mark(c);
    return true;
}

__attribute__((noreturn)) static void fail_scope(scope *s, int status, const char *detail)
{
    ctx_fail(s->owner, status, detail);
}

void ctx_open(tern_ctx *c)
{
    scope_open(&c->scope, ctx_arena(c), c, fail_scope);
    ctx_enter(c);
}

static void serve(tern_ctx *c)
{
    coro *self = coro_self(); /* looked up once, unlike in ctx_open and ctx_leave */
    scope_open(&c->scope, ctx_arena(c), c, fail_scope);
    enter(self, c);
    unwind_reason why;
    tern_reply reply = run_level(c, &why);
    if (__builtin_expect(self->cpu_ticks != 0, 0))
        cpu_limit_end(self);
    bool has_reply = why != UNWIND_CANCELLED || cancelled_reply(c, &reply);
    leave(self, c);
    if (has_reply)
        ctx_send(c, &reply);
    if (c->after != NULL)
        ctx_run_after(c);
}

/* -- functions that http calls -- */

/** Puts the values of the host's parameters in lower case: hosts that differ by case are one host. */
static __attribute__((noinline)) void lower_host_params(tern_ctx *c)
{
    const route *r = c->match.route;
    for (unsigned i = r->path_param_count; i < r->param_count; i++) {
        tern_str *value = &c->match.params[i];
        char *lower = arena_text(ctx_arena(c), value->data, value->len);
        if (lower == NULL) {
            c->refused = 503;
            c->found = ROUTE_NOT_FOUND;
            c->match.route = NULL;
            return;
        }
        for (size_t k = 0; k < value->len; k++)
            lower[k] = (char)text_lower((unsigned char)lower[k]);
        value->data = lower;
    }
}

static inline bool has_host_params(const tern_ctx *c)
{
    return c->match.route->param_count != c->match.route->path_param_count;
}

/** Finds the route of the same path with a '/' added or removed, if that is to answer both. */
static __attribute__((noinline)) void find_other_slash(tern_ctx *c, tern_str *path)
{
    c->match.route = NULL;
    if ((c->found != ROUTE_ADD_SLASH && c->found != ROUTE_REMOVE_SLASH) ||
        c->app->options.slashes != TERN_SLASH_SAME)
        return;
    const http_request *request = c->x->request;
    char *other = arena_alloc(ctx_arena(c), path->len + 2);
    if (other == NULL) {
        c->refused = 503;
        c->found = ROUTE_NOT_FOUND;
        return;
    }
    memcpy(other, path->data, path->len);
    other[path->len] = '/';
    *path = (tern_str){other, c->found == ROUTE_ADD_SLASH ? path->len + 1 : path->len - 1};
    c->found =
        router_match(c->app->router, request->method, request->method_text, request->host, *path, &c->match);
    if (c->found != ROUTE_FOUND)
        c->match.route = NULL;
    else if (has_host_params(c))
        lower_host_params(c);
}

static inline void find_route(tern_ctx *c)
{
    const http_request *request = c->x->request;
    tern_str path = request->path;
    bool has_marks = false;
    if (request->is_asterisk) {
        c->found = ROUTE_OPTIONS;
        c->match.route = NULL;
        c->match.allow = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";
    } else if (request->path_is_plain || address_decode(c, &path, &has_marks)) {
        c->found = router_match(c->app->router, request->method, request->method_text, request->host, path,
                                &c->match);
        if (__builtin_expect(c->found != ROUTE_FOUND, 0))
            find_other_slash(c, &path);
        else if (has_host_params(c))
            lower_host_params(c);
        if (has_marks)
            address_settle(c, path);
    } else {
        c->found = ROUTE_NOT_FOUND;
        c->match.route = NULL;
    }
}

void ctx_find_route(tern_ctx *c)
{
    if (c->app->before == NULL || before_route(c))
        find_route(c);
    const tern_middleware *chain = c->match.route != NULL ? c->match.route->chain : c->app->unmatched_chain;
    c->next = chain != NULL ? chain : &no_middleware;
    if (c->match.route != NULL && c->match.route->options.timeout_ms != 0)
        c->timeout_ms = c->match.route->options.timeout_ms;
}

static inline void begin(tern_ctx *c, tern_app *app, http_exchange *x)
{
    c->x = x;
    c->app = app;
    c->before = NULL;
    c->path = NULL;
    c->locals = NULL;
    c->after = NULL;
    c->reads = NULL;
    c->body_taken = 0;
    c->decoding = NULL;
    c->is_query_counted = false;
    c->is_repeat = false;
    c->is_shaping = false;
    c->is_bound = false;
    c->data = NULL;
    c->is_json_read = false;
    c->reply_type = NULL;
    c->packed.data = NULL;
    c->refused = 0;
    c->request_id[0] = '\0';
    c->timeout_ms = app->options.limits.request_timeout_ms;
}

void ctx_begin(tern_ctx *c, tern_app *app, http_exchange *x)
{
    begin(c, app, x);
}

static bool takes_preflight(const tern_middleware *chain)
{
    for (; chain != NULL && chain->run != NULL; chain++)
        if (chain->takes_preflight)
            return true;
    return false;
}

/** The middleware for an OPTIONS request without a route of its own: the application's; for a preflight request that of
 * the route it asks about, if a piece of it answers those. */
static const tern_middleware *options_chain(tern_ctx *c)
{
    static const http_method methods[] = {HTTP_GET, HTTP_POST, HTTP_PUT, HTTP_PATCH, HTTP_DELETE};
    const http_request *request = c->x->request;
    unsigned from = 0;
    const http_header *asked = http_request_header(request, "Access-Control-Request-Method", 29, &from);
    if (asked == NULL || request->is_asterisk)
        return c->app->unmatched_chain;
    const tern_str name = {asked->value, asked->value_len};
    const route *r = route_of_method(c, http_method_of(name.data, name.len), name);
    for (unsigned i = 0; r == NULL && i < sizeof methods / sizeof *methods; i++)
        r = route_of_method(c, methods[i], (tern_str){0});
    return r != NULL && takes_preflight(r->chain) ? r->chain : c->app->unmatched_chain;
}

/** A request without a route, or one that was refused before the look-up. */
static __attribute__((noinline)) void serve_unmatched(tern_ctx *c, const tern_middleware *chain)
{
    c->next = chain != NULL ? chain : &no_middleware;
    c->x->deadline_ms = loop_self.now_ms + c->timeout_ms;
    serve(c);
}

static void accept_head(void *self, http_exchange *x)
{
    tern_app *app = self;
    tern_ctx *c = x->app = arena_alloc(&x->arena, sizeof *c);
    if (c == NULL) {
        http_reply(x, 503, NULL, NULL, 0);
        return;
    }
    begin(c, app, x);
    if (app->before == NULL || before_route(c))
        find_route(c);
    if (c->found != ROUTE_FOUND) {
        serve_unmatched(c, c->found == ROUTE_OPTIONS ? options_chain(c) : app->unmatched_chain);
        return;
    }
    const route *r = c->match.route;
    const tern_route_options *options = &r->options;
    if (__builtin_expect(x->request->wants_tunnel, 0) && x->request->version == HTTP_2 &&
        options->websocket == NULL) { /* any success would say that it is one */
        c->match.route = NULL;
        c->refused = 501;
        serve_unmatched(c, app->unmatched_chain);
        return;
    }
    c->next = r->chain != NULL ? r->chain : &no_middleware;
    if (options->timeout_ms != 0)
        c->timeout_ms = options->timeout_ms;
    x->policy.max_bytes = options->max_body != 0 ? options->max_body : app->options.limits.body_bytes;
    x->policy.is_streamed = options->stream_body;
    x->pace = r->pace;
    if (c->before != NULL && !before_settle(c)) {
        serve_unmatched(c, r->chain);
        return;
    }
    x->deadline_ms = loop_self.now_ms + c->timeout_ms;
    if (x->request->has_body) /* the body's time is not part of the handler's */
        x->deadline_ms += app->options.limits.body_timeout_ms;
}

static void handle(void *self, http_exchange *x)
{
    (void)self;
    tern_ctx *c = x->app;
    if (c == NULL || c->match.route == NULL) /* the client left during accept_head */
        return;
    if (!x->policy.is_streamed && x->request->has_body)
        http_set_deadline(x, loop_self.now_ms + c->timeout_ms);
    unsigned cpu_ms = c->match.route->options.cpu_ms;
    if (__builtin_expect(cpu_ms != 0, 0))
        cpu_limit_begin(cpu_ms);
    serve(c);
}

void app_service(tern_app *app, http_service *service)
{
    tern_limits *limits = &app->options.limits;
    request_id_prepare(); /* a crash report cannot */
    if (limits->body_bytes == 0)
        limits->body_bytes = DEFAULT_BODY_BYTES;
    if (limits->request_timeout_ms == 0)
        limits->request_timeout_ms = DEFAULT_REQUEST_MS;
    if (limits->body_timeout_ms == 0)
        limits->body_timeout_ms = DEFAULT_BODY_MS;
    *service = (http_service){.self = app, .accept_head = accept_head, .handle = handle};
    if (app->shaper != NULL || app->marks)
        service->refuse = refused_reply;
}

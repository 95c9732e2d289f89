#include "app/problem_shape.h"
#include "app/bind/bind.h"
#include "app/router/pattern.h"
#include "runtime/coro.h"

#include <tern/app.h>
#include <tern/log.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* -- the group of a request -- */

/** The length of a path's first segment with its '/'. */
static size_t segment_len(const char *path)
{
    return path[0] == '/' ? 1 + strcspn(path + 1, "/") : strcspn(path, "/");
}

/** The rest of `path` after a prefix, whose parameters match any one segment; NULL when the path does not
 * begin with it. */
static const char *after_prefix(const char *prefix, const char *path)
{
    while (*prefix != '\0' && strcmp(prefix, "/") != 0) {
        size_t own = prefix[0] == '/' ? 1 + pattern_segment_len(prefix + 1, '/') : segment_len(prefix),
               theirs = segment_len(path);
        bool is_parameter = prefix[0] == '/' && memchr(prefix, '{', own) != NULL;
        bool is_same = own == theirs && memcmp(prefix, path, own) == 0;
        if (own == 0 || !(is_same || (is_parameter && theirs > 1)))
            return NULL;
        prefix += own;
        path += theirs;
    }
    return path;
}

/** The rest of `path` after the prefixes of a group and its parents; NULL when the path does not begin with
 * them. */
static const char *after_group(const tern_group *group, const char *path, tern_str host)
{
    if (group->host != NULL && !router_host_admits(group->host, host))
        return NULL;
    if (group->parent != NULL && (path = after_group(group->parent, path, host)) == NULL)
        return NULL;
    return after_prefix(group->prefix, path);
}

static unsigned depth_of(const tern_group *group)
{
    unsigned depth = 0;
    for (; group->parent != NULL; group = group->parent)
        depth++;
    return depth;
}

/** The group of a request: its route's, or, without a route, the group with a shape and the longest prefix of
 * the path. */
static const tern_group *group_of(tern_ctx *c)
{
    const tern_app *app = c->app;
    const tern_group *found = &app->root;
    if (c->match.route != NULL && c->match.route->group != NULL)
        return c->match.route->group;
    const char *path = c->path, *least = NULL;
    if (path == NULL)
        path = arena_text(ctx_arena(c), c->x->request->path.data, c->x->request->path.len);
    for (const problem_shape *shape = app->shapes; shape != NULL && path != NULL; shape = shape->later) {
        const char *left = after_group(shape->group, path, c->x->request->host);
        if (left == NULL || (least != NULL && left < least) ||
            (left == least && depth_of(shape->group) < depth_of(found)))
            continue;
        found = shape->group;
        least = left;
    }
    return found;
}

/* -- the reply -- */

typedef struct shaping {
    const problem_shape *shape;
    const tern_problem *problem;
    tern_reply reply;
} shaping;

/** Runs the function and its defers. Tasks continue: they belong to the handler, which may only have found
 * that a file is missing. Not inlined: the caller's locals must not be in registers of this setjmp. */
static __attribute__((noinline)) unwind_reason call_function(tern_ctx *c, shaping *s)
{
    scope_defer *mark = c->scope.defers;
    unwind_point point;
    if (unwind_catch(&point) == 0) {
        s->reply = s->shape->function(c, s->problem);
        unwind_release(&point);
        scope_run_defers(&c->scope, mark);
        return UNWIND_NONE;
    }
    scope_run_defers(&c->scope, mark);
    return point.reason;
}

static void log_failure(tern_ctx *c, const shaping *s, const char *why)
{
    char label[160];
    tern_log(TERN_LOG_ERROR, "%s: the function for problems of %s:%d %s; problem details with %d are sent",
             ctx_route_label(c, label, sizeof label), s->shape->options.file, s->shape->options.line, why,
             s->problem->status);
}

/** Whether the function made a usable reply; otherwise the log says why not. */
static bool is_usable(tern_ctx *c, const shaping *s, unwind_reason why)
{
    char text[256];
    if (why == UNWIND_CANCELLED) {
        if (!c->x->has_client_left)
            log_failure(c, s, "waited until the request's time was over");
        return false;
    }
    if (why == UNWIND_FAIL) {
        const char *detail = c->scope.problem_detail;
        snprintf(text, sizeof text, "failed with %d%s%.150s", c->scope.problem_status,
                 detail != NULL ? ": " : "", detail != NULL ? detail : "");
        log_failure(c, s, text);
        return false;
    }
    bool is_sound = reply_is_sound(&s->reply);
    bool is_a_problem = c->is_misshapen && tern_problem_of(c, &s->reply) != NULL;
    if (!is_sound || is_a_problem)
        log_failure(c, s, is_sound ? "could not make its reply" : "returned a reply that cannot be sent");
    return is_sound && !is_a_problem;
}

/** Moves a Content-Type that the function set as a header into the reply, so that it is dropped with the body
 * when middleware replaces it with a page. */
static void take_type(tern_ctx *c, const ctx_fields *before, tern_reply *reply)
{
    const http_field *type = http_field_get(c->x, "Content-Type");
    for (unsigned i = 0; type != NULL && i < before->count; i++)
        if (before->list[i].value == type->value)
            return;
    if (type == NULL)
        return;
    reply->type = type->value;
    http_field_remove(c->x, "Content-Type");
}

static bool shape_reply(tern_ctx *c, const tern_problem *problem, tern_reply *reply)
{
    shaping s = {.problem = problem};
    if (c->is_shaping || (s.shape = problem_shape_of(group_of(c), problem->status)) == NULL)
        return false;
    ctx_fields before;
    ctx_keep_fields(c, &before);
    c->is_shaping = true;
    c->is_misshapen = false;
    unwind_reason why = call_function(c, &s);
    bool is_done = is_usable(c, &s, why);
    c->is_shaping = false;
    if (!is_done) {
        ctx_restore_fields(c, &before);
        return false;
    }
    if (s.reply.status < 300)
        s.reply.status = problem->status;
    take_type(c, &before, &s.reply);
    *reply = s.reply;
    return true;
}

/* -- at start -- */

enum { NO_STATUS = -1 }; /* tern_on_status was given 0 */

static bool mistake(buf *problems, const problem_shape *shape, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static bool mistake(buf *problems, const problem_shape *shape, const char *format, ...)
{
    char text[256];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    buf_add_printf(problems, "%s:%d: %s %s\n", shape->options.file, shape->options.line,
                   shape->status != 0 ? "tern_on_status" : "tern_on_problem", text);
    return false;
}

static bool check_shape(const problem_shape *shape, buf *problems)
{
    bool is_right = true;
    if (shape->function == NULL)
        is_right = mistake(problems, shape, "needs a function");
    if (shape->status != 0 && (shape->status < 400 || shape->status > 599))
        is_right = mistake(problems, shape, "is for errors, and %d is not one: use 400 to 599",
                           shape->status != NO_STATUS ? shape->status : 0);
    for (const problem_shape *other = shape->next; other != NULL; other = other->next)
        if (other->status == shape->status)
            is_right =
                mistake(problems, shape, "already has a function, at %s:%d: a group has one for each status",
                        other->options.file, other->options.line);
    if (shape->options.returns != NULL)
        is_right = schema_prepare(shape->options.returns, problems) && is_right;
    return is_right;
}

static bool check(const tern_app *app, buf *problems)
{
    bool is_right = true;
    for (const problem_shape *shape = app->shapes; shape != NULL; shape = shape->later)
        is_right = check_shape(shape, problems) && is_right;
    return is_right;
}

static const problem_shaper shaper = {.shape = shape_reply, .check = check};

static void add_shape(tern_group *group, const problem_shape *added)
{
    tern_app *app = group->app;
    problem_shape *shape = app_keep(app, sizeof *shape);
    if (shape == NULL)
        return;
    *shape = *added;
    shape->group = group;
    shape->options.file = app_keep_text(app, added->options.file);
    shape->options.media_type = app_keep_text(app, added->options.media_type);
    shape->next = group->shapes;
    group->shapes = shape;
    *app->shapes_end = shape;
    app->shapes_end = &shape->later;
    app->shaper = &shaper;
}

void tern_on_problem_with(tern_group *group, tern_problem_function *function,
                          const tern_problem_options *options)
{
    add_shape(group, &(problem_shape){.function = function, .options = *options});
}

void tern_on_status_with(tern_group *group, int status, tern_problem_function *function,
                         const tern_problem_options *options)
{
    /* 0 must not mean all of them */
    add_shape(group, &(problem_shape){.status = status != 0 ? status : NO_STATUS,
                                      .function = function,
                                      .options = *options});
}

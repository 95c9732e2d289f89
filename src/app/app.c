/** The application as `main` builds it: everything is stored as registered, and app_compile turns it into
 * routes. */
#include "app/bind/bind.h"
#include "app/ctx.h"
#include "app/docs_page/docs_page.h"
#include "app/middleware.h"
#include "app/openapi/openapi.h"
#include "app/page/shape.h"
#include "app/problem_shape.h"
#include "app/provide/provide.h"
#include "app/requires.h"
#include "base/mem.h"
#include "runtime/stack.h"

#include <tern/security.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/** A route as registered. */
typedef struct app_pending {
    struct app_pending *next;
    tern_group *group;
    const char *method, *pattern; /* the pattern without the groups' prefixes */
    tern_handler handler;
    tern_route_options options; /* `use` is a copy */
    unsigned use_count;
} app_pending;

void *app_keep(tern_app *app, size_t size)
{
    void *block = arena_alloc(&app->arena, size);
    if (block == NULL)
        app->memory_short = true;
    else
        memset(block, 0, size);
    return block;
}

/* The caller's data need not outlive the call. */
const char *app_keep_text(tern_app *app, const char *text)
{
    if (text == NULL)
        return NULL;
    char *copy = arena_text(&app->arena, text, strlen(text));
    if (copy == NULL)
        app->memory_short = true;
    return copy;
}

/** Replaces all texts by copies. */
static void keep_page_names(tern_app *app, tern_page_names *names)
{
    const char **const texts[] = {&names->items, &names->total, &names->total_is_estimate,
                                  &names->page,  &names->size,  &names->has_next,
                                  &names->next};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        *texts[i] = app_keep_text(app, *texts[i]);
}

static unsigned count_needs(const tern_provider *const *list)
{
    unsigned count = 0;
    while (list != NULL && list[count] != NULL)
        count++;
    return count;
}

static const tern_provider *const *keep_needs(tern_app *app, const tern_provider *const *list)
{
    unsigned count = count_needs(list);
    const tern_provider **kept = count != 0 ? app_keep(app, (count + 1) * sizeof *kept) : NULL;
    if (kept != NULL)
        memcpy(kept, list, count * sizeof *kept);
    return kept;
}

tern_app *tern_app_new_with(const tern_app_options *options)
{
    tern_app *app = mem_zero(1, sizeof *app);
    if (app == NULL) {
        fputs("tern: out of memory for the application\n", stderr);
        exit(1);
    }
    arena_init(&app->arena, NULL, 0, SIZE_MAX / 2);
    app->options = *options;
    app->options.title = app_keep_text(app, options->title);
    app->options.version = app_keep_text(app, options->version);
    app->options.description = app_keep_text(app, options->description);
    app->options.openapi = app_keep_text(app, options->openapi);
    app->options.openapi_path = app_keep_text(app, options->openapi_path);
    app->options.docs_path = app_keep_text(app, options->docs_path);
    app->options.security = app_keep_text(app, options->security);
    app->options.requires = app_keep_text(app, options->requires);
    app->options.server_name = app_keep_text(app, options->server_name);
    keep_page_names(app, &app->options.page_names);
    app->root.app = app;
    app->root.prefix = "";
    app->root.requires = app->options.requires;
    app->pending_end = &app->pending;
    app->pieces_end = &app->pieces;
    app->hooks_end = &app->hooks;
    app->checks_end = &app->checks;
    app->schemes_end = &app->schemes;
    app->shapes_end = &app->shapes;
    tern_safe_headers_with(app, &(tern_safe_headers_options){0});
    if (options->health)
        health_add_routes(app);
    return app;
}

void app_free(tern_app *app)
{
    if (app == NULL)
        return;
    router_free(app->router);
    buf_free(&app->openapi);
    buf_free(&app->mistakes);
    arena_free(&app->arena);
    mem_free(app);
}

tern_group *tern_app_root(tern_app *app)
{
    return &app->root;
}

tern_group *tern_group_self(tern_group *group)
{
    return group;
}

tern_group *tern_group_new_with(tern_group *parent, const char *prefix, const tern_group_options *options)
{
    tern_app *app = parent->app;
    tern_group *group = app_keep(app, sizeof *group);
    if (group == NULL)
        return parent; /* app_compile fails for it: nothing is ever served from the wrong path */
    group->app = app;
    group->parent = parent;
    group->prefix = app_keep_text(app, prefix != NULL ? prefix : "");
    group->host = app_keep_text(app, options->host);
    group->needs = keep_needs(app, options->needs);
    group->requires = app_keep_text(app, options->requires);
    tern_use_all(group, options->use);
    return group;
}

void app_try_frame(tern_app *app, void (*frame)(void), const char *file)
{
    enum { KEPT = sizeof app->tried_frames / sizeof *app->tried_frames };
    if (frame == NULL)
        return;
    for (unsigned i = 0; i < KEPT; i++)
        if (app->tried_frames[i] == frame)
            return;
    app->tried_frames[app->tried_count++ % KEPT] = frame;
    if (!stack_is_probed(frame))
        app->unprobed_file = file;
}

void tern_route(tern_group *group, const char *method, const char *pattern, const tern_handler *handler,
                const tern_route_options *options)
{
    tern_app *app = group->app;
    app_pending *pending = app_keep(app, sizeof *pending);
    if (pending == NULL)
        return;
    pending->group = group;
    pending->method = app_keep_text(app, method);
    pending->pattern = app_keep_text(app, pattern);
    if (handler != NULL) {
        pending->handler = *handler;
        app_try_frame(app, handler->frame, handler->file);
    }
    pending->options = *options;
    pending->options.file = app_keep_text(app, options->file);
    pending->options.name = app_keep_text(app, options->name);
    pending->options.summary = app_keep_text(app, options->summary);
    pending->options.tags = app_keep_text(app, options->tags);
    pending->options.description = app_keep_text(app, options->description);
    pending->options.security = app_keep_text(app, options->security);
    pending->options.requires = app_keep_text(app, options->requires);
    pending->options.accept_query = app_keep_text(app, options->accept_query);
    pending->options.needs = keep_needs(app, options->needs);
    pending->options.takes_in = app_keep_text(app, options->takes_in);
    pending->options.wrapped = app_keep_text(app, options->wrapped);
    keep_page_names(app, &pending->options.page_names);
    openapi_keep_options(app, &pending->options);
    pending->options.use = middleware_keep(app, options->use, &pending->use_count);
    *app->pending_end = pending;
    app->pending_end = &pending->next;
}

void app_add_hook(tern_app *app, const app_hook *hook)
{
    app_hook *kept = app_keep(app, sizeof *kept);
    if (kept == NULL)
        return;
    *kept = *hook;
    kept->next = NULL;
    *app->hooks_end = kept;
    app->hooks_end = &kept->next;
}

void tern_on_start(tern_app *app, bool (*start)(void *arg), void *arg)
{
    app_add_hook(app, &(app_hook){.start = start, .arg = arg});
}

void tern_on_stop(tern_app *app, void (*stop)(void *arg), void *arg)
{
    app_add_hook(app, &(app_hook){.stop = stop, .arg = arg});
}

void tern_ready_check(tern_app *app, const char *name, bool (*is_ready)(tern_ctx *c))
{
    app_check *check = app_keep(app, sizeof *check);
    if (check == NULL)
        return;
    *check = (app_check){.name = app_keep_text(app, name), .is_ready = is_ready};
    *app->checks_end = check;
    app->checks_end = &check->next;
}

/** The prefixes of the groups from the outermost in, and then `pattern`; NULL when out of memory. */
static const char *full_pattern(tern_app *app, const tern_group *group, const char *pattern)
{
    for (; group != NULL && pattern != NULL; group = group->parent)
        if (*group->prefix != '\0')
            pattern = arena_printf(&app->arena, "%s%s", group->prefix, pattern);
    return pattern;
}

static const char *host_of(const tern_group *group)
{
    while (group != NULL && group->host == NULL)
        group = group->parent;
    return group != NULL ? group->host : NULL;
}

/** Joins the needs of the groups, outermost first, and of the route; NULL if none or out of memory. */
static const tern_provider *const *join_needs(tern_app *app, const app_pending *pending)
{
    unsigned count = count_needs(pending->options.needs);
    for (const tern_group *g = pending->group; g != NULL; g = g->parent)
        count += count_needs(g->needs);
    const tern_provider **needs = count != 0 ? app_keep(app, (count + 1) * sizeof *needs) : NULL;
    if (needs == NULL)
        return NULL;
    const tern_provider *const *list = pending->options.needs;
    for (const tern_group *g = pending->group;; g = g->parent) { /* filled from the inside out */
        unsigned added = count_needs(list);
        count -= added;
        if (added != 0)
            memcpy(needs + count, list, added * sizeof *needs);
        if (g == NULL)
            return needs;
        list = g->needs;
    }
}

/** Whether the option is for the route, and can be the value of a header. */
static bool check_accept_query(const route *added, buf *problems)
{
    const tern_route_options *o = &added->options;
    const char *types = o->accept_query, *wrong = NULL;
    if (types == NULL || added->method_name == NULL)
        return true;
    if (strcmp(added->method_name, "QUERY") != 0)
        wrong = "is for tern_query_route";
    for (const char *at = types; *at != '\0'; at++)
        if (*at < ' ' || *at > '~')
            wrong = "must be media types in ASCII, like \"application/sql\"";
    if (wrong != NULL)
        buf_add_printf(problems, "%s:%d: %s %s: .accept_query %s\n", o->file, o->line, added->method_name,
                       added->pattern != NULL ? added->pattern : "", wrong);
    return wrong == NULL;
}

/** Plans how the handler's input is filled; false with lines in `problems`. */
static bool add_binding(tern_app *app, route *added, buf *problems)
{
    bool is_right = check_accept_query(added, problems);
    is_right &= bind_prepare_returns(&app->arena, added, problems);
    added->accept_query = added->options.accept_query;
    if (added->handler.input == NULL || added->pattern == NULL)
        return is_right;
    added->bind = bind_plan_make(&app->arena, added, NULL, problems);
    added->accept_query = bind_accept_query(added);
    if (added->bind != NULL && added->bind->has_uploads)
        added->options.stream_body = true;
    return is_right && added->bind != NULL;
}

/** Plans the calls before the handler; false with lines in `problems`. */
static bool add_providers(tern_app *app, const app_pending *pending, route *added, buf *problems)
{
    const tern_provider *const *needs = join_needs(app, pending), *any = needs != NULL ? needs[0] : NULL;
    for (unsigned i = 0; i < added->handler.pairs && any == NULL; i++)
        any = added->handler.takes[i];
    return any == NULL || any->means->plan(app, added, needs, problems);
}

/** False with lines in `problems`, or when out of memory. */
static bool make_page_shape(tern_app *app, const tern_route_options *o, const char *where,
                            const page_shape **shape, buf *problems)
{
    size_t told = problems->len;
    *shape =
        page_shape_make(&app->arena, &o->page_names, &app->options.page_names, o->total, where, problems);
    app->memory_short |= *shape == NULL && problems->len == told;
    return *shape != NULL;
}

static bool names_pages(const tern_route_options *o)
{
    const tern_page_names *n = &o->page_names;
    return o->total != TERN_TOTAL_EXACT || n->items != NULL || n->total != NULL ||
           n->total_is_estimate != NULL || n->page != NULL || n->size != NULL || n->has_next != NULL ||
           n->next != NULL;
}

/** The shape of the route's pages: the application's, unless the route has one. */
static bool add_page_shape(tern_app *app, route *added, buf *problems)
{
    const tern_route_options *o = &added->options;
    added->page = app->page;
    if (!names_pages(o))
        return true;
    const char *where = arena_printf(&app->arena, "%s:%d: %s %s", o->file, o->line, added->method_name,
                                     added->pattern != NULL ? added->pattern : "");
    if (where == NULL) {
        app->memory_short = true;
        return false;
    }
    if (!o->paged) {
        buf_add_printf(problems, "%s: .total and .page_names are for pages: add .paged = true\n", where);
        return false;
    }
    return make_page_shape(app, o, where, &added->page, problems);
}

/** What the route leaves to the middleware around it. */
static void take_limits(tern_route_options *o, const tern_middleware *chain, unsigned count)
{
    while (count-- > 0) { /* from the inside out */
        const tern_route_limits *limits = chain[count].limits;
        if (limits == NULL)
            continue;
        o->max_body = o->max_body != 0 ? o->max_body : limits->max_body;
        o->timeout_ms = o->timeout_ms != 0 ? o->timeout_ms : limits->timeout_ms;
        o->cpu_ms = o->cpu_ms != 0 ? o->cpu_ms : limits->cpu_ms;
    }
}

static uint64_t first_of(uint64_t one, uint64_t other)
{
    return one != 0 ? one : other;
}

/** The pace that the middleware around the route sets; NULL: none does. False when out of memory. */
static bool make_pace(tern_app *app, route *added)
{
    http_pace pace = {0};
    for (unsigned i = added->chain_len; i-- > 0;) { /* from the inside out */
        const tern_route_limits *limits = added->chain[i].limits;
        if (limits == NULL)
            continue;
        if (pace.reply_rate == 0)
            pace.reply_free = limits->reply_free;
        pace.min_body_rate = first_of(pace.min_body_rate, limits->min_body_rate);
        pace.min_reply_rate = first_of(pace.min_reply_rate, limits->min_reply_rate);
        pace.reply_rate = first_of(pace.reply_rate, limits->reply_rate);
    }
    if (pace.min_body_rate == 0 && pace.min_reply_rate == 0 && pace.reply_rate == 0)
        return true;
    http_pace *kept = app_keep(app, sizeof *kept);
    if (kept == NULL)
        return false;
    *kept = pace;
    added->pace = kept;
    return true;
}

/** False with lines in `problems`; the router reports its own mistakes later. */
static bool add_pending(tern_app *app, const app_pending *pending, buf *problems)
{
    route added = {
        .method_name = pending->method,
        .host = host_of(pending->group),
        .name = pending->options.name,
        .handler = pending->handler,
        .options = pending->options,
        .group = pending->group,
    };
    added.options.allow_encoded_slashes |= app->options.allow_encoded_slashes;
    app->has_encoded_slashes |= added.options.allow_encoded_slashes;
    if (pending->pattern != NULL) /* NULL: a mistake that the router reports */
        added.pattern = full_pattern(app, pending->group, pending->pattern);
    added.chain =
        middleware_chain(app, pending->group, pending->options.use, pending->use_count, &added.chain_len);
    if (added.chain == NULL || (pending->pattern != NULL && added.pattern == NULL)) {
        app->memory_short = true;
        return false;
    }
    take_limits(&added.options, added.chain, added.chain_len);
    if (!make_pace(app, &added))
        return false;
    bool is_right = middleware_order_check(app, added.chain, problems);
    is_right &= requires_plan(app, &added, problems);
    is_right &= add_page_shape(app, &added, problems);
    is_right &= add_binding(app, &added, problems);
    if (is_right && added.pattern != NULL)
        is_right = add_providers(app, pending, &added, problems);
    router_add(app->router, &added);
    return is_right;
}

/** Whether another route has the same requests as this one, which then yields to it. */
static bool is_taken(tern_app *app, const app_pending *yielding)
{
    const char *own = full_pattern(app, yielding->group, yielding->pattern), *host = host_of(yielding->group);
    for (const app_pending *other = app->pending; other != NULL && own != NULL; other = other->next) {
        if (other == yielding || other->options.yields || other->pattern == NULL || other->method == NULL ||
            strcmp(other->method, yielding->method) != 0)
            continue;
        const char *pattern = full_pattern(app, other->group, other->pattern), *of = host_of(other->group);
        if (pattern != NULL && strcmp(own, pattern) == 0 &&
            (host == of || (host != NULL && of != NULL && strcmp(host, of) == 0)))
            return true;
    }
    return false;
}

bool app_compile(tern_app *app, buf *problems)
{
    unsigned count;
    middleware_prepare(app);
    if (app->mistakes.len != 0)
        buf_add(problems, app->mistakes.data, app->mistakes.len);
    router_free(app->router);
    app->router = router_new(app->options.slashes, app->kinds);
    app->unmatched_chain = middleware_chain(app, &app->root, NULL, 0, &count);
    app->before = middleware_before(app);
    bool is_right = false, are_bound = app->mistakes.len == 0 && !app->mistakes.failed;
    if (app->router != NULL && !app->memory_short) {
        are_bound &= make_page_shape(app, &(tern_route_options){0}, "application", &app->page, problems);
        if (app->unmatched_chain != NULL)
            are_bound &= middleware_order_check(app, app->unmatched_chain, problems);
        for (const app_pending *pending = app->pending; pending != NULL; pending = pending->next)
            if (!pending->options.yields || !is_taken(app, pending))
                are_bound &= add_pending(app, pending, problems);
        is_right = router_compile(app->router, problems) && are_bound;
        if (app->shaper != NULL)
            is_right &= app->shaper->check(app, problems);
        app_collect_header_names(app);
    }
    if (app->router == NULL || app->memory_short) {
        buf_add_text(problems, "application: out of memory while it was built\n");
        is_right = false;
    }
    return is_right;
}

bool app_prepare(tern_app *app, buf *problems)
{
    openapi_add_route(app);
    docs_page_add_routes(app);
    bool is_right = app_compile(app, problems);
    for (const app_hook *hook = app->hooks; hook != NULL; hook = hook->next)
        is_right &= hook->prepare == NULL || hook->prepare(hook->arg, problems);
    return is_right && openapi_check(app, problems);
}

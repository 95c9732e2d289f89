/**
 * Hot path: router_match. It allocates nothing; without hosts it is one look-up for a path without
 * parameters, and a walk of the tree (tree.c) for others.
 */
#include "app/router/internal.h"

#include "base/mem.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

router *router_new(tern_slashes slashes, const struct route_kind *kinds)
{
    router *r = mem_zero(1, sizeof *r);
    if (r == NULL)
        return NULL;
    r->slashes = slashes;
    r->kinds = kinds;
    arena_init(&r->arena, NULL, 0, SIZE_MAX / 2);
    r->hosts = mem_zero(1, sizeof *r->hosts);
    if (r->hosts == NULL) {
        mem_free(r);
        return NULL;
    }
    r->host_count = r->host_room = 1;
    return r;
}

void router_free(router *r)
{
    if (r == NULL)
        return;
    name_table *tables[] = {&r->host_names, &r->plain, &r->slashless, &r->edges, &r->names};
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        name_table_free(tables[i]);
    for (unsigned i = 1; i < r->special_count; i++)
        special_free(r->specials[i]);
    void *blocks[] = {r->specials, r->routes, r->hosts,  r->slots,
                      r->masks,    r->nodes,  r->allows, r->name_is_ambiguous};
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++)
        mem_free(blocks[i]);
    buf_free(&r->problems);
    arena_free(&r->arena);
    mem_free(r);
}

unsigned router_count(const router *r)
{
    return r->count;
}

const route *router_at(const router *r, unsigned index)
{
    return index < r->count ? &r->routes[index] : NULL;
}

const char *router_file(const route *at)
{
    const char *file = at->options.file != NULL ? at->options.file : at->handler.file;
    return file != NULL ? file : "(unknown)";
}

int router_line(const route *at)
{
    return at->options.file != NULL ? at->options.line : at->handler.line;
}

void router_problem(router *r, const route *at, const char *format, ...)
{
    char text[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    buf_add_printf(&r->problems, "%s:%d: %s %s: %s\n", router_file(at), router_line(at),
                   at->method_name != NULL ? at->method_name : "(no method)",
                   at->pattern != NULL ? at->pattern : "(no pattern)", text);
}

/** A method is a token (RFC 9110 section 5.6.2). */
static bool is_token(const char *text)
{
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+-.^_`|~";
    size_t len = strlen(text);
    return len > 0 && strspn(text, allowed) == len;
}

/** Sets `method` from its name, storing a new one among the router's others. False with a problem
 * reported. */
static bool take_method(router *r, route *added)
{
    const char *name = added->method_name;
    if (name == NULL || !is_token(name)) {
        router_problem(r, added, "the method is not a token");
        return false;
    }
    size_t len = strlen(name);
    added->method = http_method_of(name, len);
    if (added->method != HTTP_OTHER_METHOD)
        return true;
    for (int known = 0; known < HTTP_OTHER_METHOD; known++)
        if (strcasecmp(name, http_method_name((http_method)known)) == 0) {
            router_problem(r, added, "methods are case-sensitive: write %s",
                           http_method_name((http_method)known));
            return false;
        }
    for (unsigned i = 0; i < r->other_count; i++)
        if (strcmp(r->others[i], name) == 0)
            return true;
    if (r->other_count == ROUTER_OTHERS_MAX) {
        router_problem(r, added, "more than %d different methods beyond HTTP's own", ROUTER_OTHERS_MAX);
        return false;
    }
    r->others[r->other_count++] = name;
    return true;
}

/** Stores the names of parameters, which must be new; false with a problem reported. */
static bool take_names(router *r, route *added, const pattern_piece *pieces, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        if (pieces[i].kind == SEGMENT_TEXT)
            continue;
        char *name = arena_text(&r->arena, pieces[i].text.data, pieces[i].text.len);
        if (name == NULL) {
            r->memory_short = true;
            return false;
        }
        bool is_taken = false;
        for (unsigned k = 0; k < added->param_count; k++)
            is_taken |= strcmp(added->params[k], name) == 0;
        if (is_taken || added->param_count == ROUTE_PARAMS_MAX) {
            router_problem(r, added,
                           is_taken ? "the name \"%s\" is used twice" : "\"%s\" is one parameter too many",
                           name);
            return false;
        }
        added->params[added->param_count++] = name;
    }
    return true;
}

/** Checks the pattern and the host, and stores their pieces and the names of their parameters. */
static bool take_pattern(router *r, route *added)
{
    char problem[PATTERN_PROBLEM_BYTES];
    pattern p;
    added->param_count = 0;
    if (added->pattern == NULL || !pattern_parse(&p, added->pattern, r->kinds, problem)) {
        router_problem(r, added, "%s", added->pattern != NULL ? problem : "it is NULL");
        return false;
    }
    added->piece_count = p.count;
    added->pieces = arena_alloc(&r->arena, p.count * sizeof *added->pieces);
    if (added->pieces == NULL) {
        r->memory_short = true;
        return false;
    }
    memcpy(added->pieces, p.pieces, p.count * sizeof *added->pieces);
    if (!take_names(r, added, added->pieces, p.count))
        return false;
    added->path_param_count = added->param_count;
    return router_host_take(r, added) && take_names(r, added, added->host_pieces, added->host_piece_count);
}

void router_add(router *r, const route *added)
{
    route kept = *added;
    bool is_right = take_method(r, &kept);
    is_right = take_pattern(r, &kept) && is_right;
    if (kept.handler.run == NULL) {
        router_problem(r, &kept, "it has no handler");
        is_right = false;
    }
    if (kept.name == NULL)
        kept.name = kept.handler.name;
    if (!is_right)
        return;
    if (r->count == r->room) {
        unsigned room = r->room != 0 ? r->room * 2 : 32;
        route *routes = mem_realloc(r->routes, room * sizeof *routes);
        if (routes == NULL) {
            r->memory_short = true;
            return;
        }
        r->routes = routes;
        r->room = room;
    }
    r->routes[r->count++] = kept;
}

unsigned router_method_bit(const router *r, http_method method, tern_str text)
{
    if (method < HTTP_OTHER_METHOD)
        return method;
    for (unsigned i = 0; i < r->other_count; i++)
        if (strlen(r->others[i]) == text.len && memcmp(r->others[i], text.data, text.len) == 0)
            return HTTP_OTHER_METHOD + i;
    return r->stride - 1;
}

/** The route for the walk's path among those of one host; `plain` NULL: no pattern without parameters has its
 * length. */
__attribute__((always_inline)) static inline const route *
match_in(router_walk *w, uint32_t host, const name_table *plain, uint64_t path_hash)
{
    const router *r = w->r;
    if (plain != NULL) {
        uint32_t endpoint = name_table_get(plain, host, w->path.data, w->path.len, path_hash);
        const route *found = endpoint != 0 ? router_take(w, endpoint) : NULL;
        if (found != NULL)
            return found;
    }
    uint32_t root = r->hosts[host].root;
    return root != 0 ? router_tree_walk(w, root) : NULL;
}

/** The route for the walk's path: routes with a host first, the most specific host before the others. */
__attribute__((always_inline)) static inline const route *match_hosts(router_walk *w, tern_str host)
{
    const router *r = w->r;
    const name_table *plain = w->add_slash ? &r->slashless : &r->plain;
    bool may_be_plain = name_table_may_have(plain, w->path.len);
    uint64_t path_hash = may_be_plain ? name_table_hash_text(w->path.data, w->path.len) : 0;
    if (!may_be_plain)
        plain = NULL;
    if (r->host_count > 1 && host.len != 0) {
        char normal[ROUTER_HOST_BYTES];
        tern_str name = {normal, router_host_normal(host, normal)};
        host_cursor cursor = {0};
        tern_str values[ROUTE_PARAMS_MAX];
        for (uint32_t number; name.len != 0 && (number = router_host_next(r, name, &cursor, values)) != 0;) {
            const route *found = match_in(w, number, plain, path_hash);
            if (found == NULL)
                continue;
            for (unsigned i = found->path_param_count; i < found->param_count; i++) {
                tern_str value = values[i - found->path_param_count]; /* in the host as it was given */
                w->params[i] = (tern_str){host.data + (value.data - normal), value.len};
            }
            return found;
        }
    }
    return match_in(w, 0, plain, path_hash);
}

/** Whether the path with a slash added or removed has a route for the method. Where that would answer the request, its
 * methods are allowed as well. */
static route_found match_other_slash(router_walk *w, tern_str host, const route **found)
{
    /* No path beginning with "//" is ever redirected: as a Location it would name another host. */
    if (w->path.len < 2 || w->path.data[1] == '/')
        return ROUTE_NOT_FOUND;
    route_found answer = ROUTE_ADD_SLASH;
    uint64_t allow = w->allow;
    if (w->path.data[w->path.len - 1] == '/') {
        answer = ROUTE_REMOVE_SLASH;
        w->path.len--;
    } else {
        w->add_slash = true;
    }
    w->ends_known = 0;
    *found = match_hosts(w, host);
    if (w->r->slashes != TERN_SLASH_SAME)
        w->allow = allow;
    return *found != NULL ? answer : ROUTE_NOT_FOUND;
}

static int compare_allows(const void *mask, const void *allow)
{
    uint64_t wanted = *(const uint64_t *)mask, seen = ((const router_allow *)allow)->mask;
    return wanted < seen ? -1 : wanted > seen;
}

/** No route was found: tries the other slash, then reports the allowed methods. */
static route_found explain_miss(router_walk *w, http_method method, tern_str host, route_match *match,
                                unsigned *steps)
{
    const router *r = w->r;
    if (r->slashes != TERN_SLASH_STRICT) {
        route_found other = match_other_slash(w, host, &match->route);
        *steps = w->steps;
        if (other != ROUTE_NOT_FOUND)
            return other;
    }
    if (w->allow == 0)
        return ROUTE_NOT_FOUND;
    const router_allow *allow =
        bsearch(&w->allow, r->allows, r->allow_count, sizeof *r->allows, compare_allows);
    match->allow = allow->text; /* there is a text for every union of masks */
    return method == HTTP_OPTIONS ? ROUTE_OPTIONS : ROUTE_WRONG_METHOD;
}

__attribute__((always_inline)) static inline route_found match_path(const router *r, http_method method,
                                                                    tern_str method_text, tern_str host,
                                                                    tern_str path, route_match *match,
                                                                    unsigned *steps)
{
    router_walk w; /* not fully initialised: its ends are set when they are reached */
    w.r = r;
    w.path = path;
    w.method = router_method_bit(r, method, method_text);
    w.add_slash = false;
    w.steps = 0;
    w.ends_known = 0;
    w.allow = 0;
    w.params = match->params;
    match->allow = NULL;
    match->route = NULL;
    *steps = 0;
    if (path.len == 0 || path.data[0] != '/')
        return ROUTE_NOT_FOUND;
    match->route = match_hosts(&w, host);
    *steps = w.steps;
    if (match->route != NULL)
        return ROUTE_FOUND;
    return explain_miss(&w, method, host, match, steps);
}

route_found router_match_counted(const router *r, http_method method, tern_str method_text, tern_str host,
                                 tern_str path, route_match *match, unsigned *steps)
{
    return match_path(r, method, method_text, host, path, match, steps);
}

route_found router_match(const router *r, http_method method, tern_str method_text, tern_str host,
                         tern_str path, route_match *match)
{
    unsigned steps;
    return match_path(r, method, method_text, host, path, match, &steps);
}

#include "app/address.h"

#include "http/url.h"

#include <string.h>

enum { URL_BYTES = 8 * 1024 }; /* the default of .limits.url_bytes */

bool address_decode(tern_ctx *c, tern_str *path, bool *has_marks)
{
    tern_str raw = c->x->request->path;
    char *decoded = arena_alloc(ctx_arena(c), raw.len + 1);
    long len = decoded == NULL               ? 0
               : c->app->has_encoded_slashes ? url_decode_path_marked(raw, decoded, has_marks)
                                             : url_decode_path(raw, decoded);
    if (decoded == NULL || len < 0) {
        c->refused = decoded == NULL ? 503 : 400;
        return false;
    }
    c->path = decoded;
    c->path_len = (size_t)len;
    *path = (tern_str){decoded, c->path_len};
    return true;
}

/** The path for tern_path: "%2F" stays encoded, so that its segments are those that were matched. */
static bool keep_encoded(tern_ctx *c, tern_str path)
{
    size_t len = 0;
    char *kept = arena_alloc(ctx_arena(c), 3 * path.len + 1);
    if (kept == NULL)
        return false;
    for (size_t i = 0; i < path.len; i++) {
        bool is_mark = path.data[i] == URL_SLASH_MARK;
        memcpy(kept + len, is_mark ? "%2F" : &path.data[i], is_mark ? 3 : 1);
        len += is_mark ? 3 : 1;
    }
    kept[len] = '\0';
    c->path = kept;
    c->path_len = len;
    return true;
}

void address_settle(tern_ctx *c, tern_str path)
{
    const route *r = c->found == ROUTE_FOUND ? c->match.route : NULL;
    bool is_taken = r != NULL ? r->options.allow_encoded_slashes
                              : c->found != ROUTE_NOT_FOUND || c->app->options.allow_encoded_slashes;
    if (!is_taken || !keep_encoded(c, path)) {
        c->refused = is_taken ? 503 : 400;
        c->found = ROUTE_NOT_FOUND;
        c->match.route = NULL;
        return;
    }
    for (unsigned i = 0; r != NULL && i < r->param_count; i++) {
        char *value = (char *)(uintptr_t)c->match.params[i].data; /* of the result of address_decode */
        for (size_t k = 0; k < c->match.params[i].len; k++)
            if (value[k] == URL_SLASH_MARK)
                value[k] = '/';
    }
}

const route *address_route(tern_ctx *c, http_method method, const char *location)
{
    const tern_app *app = c->app;
    const tern_str raw = {location, strlen(location)};
    size_t most = app->options.limits.url_bytes != 0 ? app->options.limits.url_bytes : URL_BYTES;
    char *decoded = raw.len <= most ? ctx_need(c, arena_alloc(ctx_arena(c), raw.len + 1)) : NULL;
    bool has_marks;
    long len = decoded != NULL ? url_decode_path_marked(raw, decoded, &has_marks) : -1;
    route_match match;
    if (len < 0 || router_match(app->router, method, (tern_str){0}, c->x->request->host,
                                (tern_str){decoded, (size_t)len}, &match) != ROUTE_FOUND)
        return NULL;
    return !has_marks || match.route->options.allow_encoded_slashes ? match.route : NULL;
}

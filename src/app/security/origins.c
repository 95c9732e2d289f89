/** Lists of origins, and the origin of a request. */
#include "app/ctx.h"
#include "base/text.h"
#include "http/origin.h"

#include <tern/security.h>

#include <string.h>

struct tern_origins {
    size_t count;
    origin_pattern list[];
};

static const char dividers[] = ", \t\r\n";

const tern_origins *tern_origins_new(tern_app *app, const char *piece, const char *list)
{
    const char *kept = tern_keep(list != NULL ? list : "", list != NULL ? strlen(list) + 1 : 1);
    size_t count = kept != NULL ? text_count_words(kept, dividers) : 0;
    size_t size = sizeof(tern_origins) + (count + 1) * sizeof(origin_pattern);
    tern_origins *origins = app_keep(app, size);
    bool is_right = true;
    for (size_t i = 0; origins != NULL && i < count; i++) {
        char reason[256];
        kept += strspn(kept, dividers);
        size_t len = strcspn(kept, dividers);
        if (!origin_pattern_read((tern_str){kept, len}, &origins->list[origins->count++], reason,
                                 sizeof reason)) {
            tern_mistake(app, "%s has \"%.*s\", which is not an origin: %s", piece, (int)len, kept, reason);
            is_right = false;
        }
        kept += len;
    }
    if (kept == NULL || origins == NULL)
        tern_mistake(app, "%s: out of memory", piece);
    return kept != NULL && origins != NULL && is_right ? tern_keep(origins, size) : NULL;
}

bool tern_origins_have(const tern_origins *origins, const char *origin)
{
    http_origin read;
    if (origins == NULL || origins->count == 0 || origin == NULL ||
        !origin_read((tern_str){origin, strlen(origin)}, &read))
        return false;
    for (size_t i = 0; i < origins->count; i++)
        if (origin_pattern_admits(&origins->list[i], &read))
            return true;
    return false;
}

bool tern_is_own_origin(tern_ctx *c, const char *origin)
{
    http_origin read;
    return origin != NULL && origin_read((tern_str){origin, strlen(origin)}, &read) &&
           origin_is_of_host(&read, c->x->request->host);
}

const char *tern_methods_of_path(tern_ctx *c)
{
    route_match match = {0};
    if (c->found == ROUTE_OPTIONS || c->found == ROUTE_WRONG_METHOD)
        return c->match.allow;
    if (c->found != ROUTE_FOUND || c->x->request->is_asterisk)
        return "";
    tern_str path = c->path != NULL ? (tern_str){c->path, c->path_len} : c->x->request->path;
    return router_match(c->app->router, HTTP_OTHER_METHOD, (tern_str){"", 0}, c->x->request->host, path,
                        &match) == ROUTE_WRONG_METHOD
               ? match.allow
               : "";
}

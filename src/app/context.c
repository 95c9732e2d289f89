/** Getters of what the request's head says, and what belongs to the request. */
#include "app/ctx.h"
#include "base/buf.h"
#include "http/cookie.h"

#include <string.h>

const char *tern_method(tern_ctx *c)
{
    const h1_head *head = &c->x->head;
    return head->method != HTTP_OTHER_METHOD ? http_method_name(head->method)
                                             : ctx_text(c, head->method_text);
}

const char *tern_path(tern_ctx *c)
{
    if (c->path == NULL) {
        c->path = ctx_text(c, c->x->head.path);
        c->path_len = c->x->head.path.len;
    }
    return c->path;
}

const char *tern_query_string(tern_ctx *c)
{
    tern_str query = c->x->head.query;
    return query.len != 0 ? ctx_text(c, query) : "";
}

const char *tern_host(tern_ctx *c)
{
    tern_str host = c->x->head.host;
    return host.len != 0 ? ctx_text(c, host) : "";
}

const char *tern_route_pattern(tern_ctx *c)
{
    return c->match.route != NULL ? c->match.route->pattern : "";
}

const char *tern_header_nth(tern_ctx *c, const char *name, unsigned nth)
{
    size_t name_len = strlen(name);
    unsigned from = 0;
    h1_field *field;
    do
        field = h1_head_field(&c->x->head, name, name_len, &from);
    while (field != NULL && nth-- > 0);
    if (field == NULL)
        return NULL;
    field->value[field->value_len] = '\0';
    return field->value;
}

const char *tern_header(tern_ctx *c, const char *name)
{
    return tern_header_nth(c, name, 0);
}

const char *tern_cookie(tern_ctx *c, const char *name)
{
    unsigned from = 0;
    h1_field *field;
    tern_str value;
    while ((field = h1_head_field(&c->x->head, "Cookie", 6, &from)) != NULL)
        if (cookie_find((tern_str){field->value, field->value_len}, name, &value))
            return ctx_text(c, value);
    return NULL;
}

const char *tern_remote_address(tern_ctx *c)
{
    return http_remote_address(c->x);
}

const char *tern_request_id(tern_ctx *c)
{
    if (c->request_id[0] == '\0') {
        request_id_prepare();
        request_id_make(c->request_id);
    }
    return c->request_id;
}

bool tern_set_request_id(tern_ctx *c, const char *id)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
    size_t len = id != NULL ? strspn(id, allowed) : 0;
    if (len == 0 || len >= sizeof c->request_id || id[len] != '\0')
        return false;
    memcpy(c->request_id, id, len + 1);
    return true;
}

static ctx_local *find_local(tern_ctx *c, const char *name)
{
    ctx_local *local = c->locals;
    while (local != NULL && strcmp(local->name, name) != 0)
        local = local->next;
    return local;
}

void tern_local_set(tern_ctx *c, const char *name, void *value)
{
    ctx_local *local = find_local(c, name);
    if (local == NULL) {
        local = ctx_need(c, arena_alloc(&c->x->arena, sizeof *local));
        local->name = ctx_text(c, (tern_str){name, strlen(name)});
        local->next = c->locals;
        c->locals = local;
    }
    local->value = value;
}

void *tern_local(tern_ctx *c, const char *name)
{
    const ctx_local *local = find_local(c, name);
    return local != NULL ? local->value : NULL;
}

const char *tern_url_of(tern_ctx *c, const char *name, const char *const *params)
{
    buf url = {0};
    bool found = router_build_url(c->app->router, name, params, &url);
    bool is_short = url.failed;
    const char *text = found && !is_short ? arena_text(&c->x->arena, url.data, url.len) : NULL;
    buf_free(&url);
    if (!found && !is_short)
        tern_fail(c, 500, "no route named \"%s\" takes these parameters", name);
    return ctx_need(c, (void *)(uintptr_t)text);
}

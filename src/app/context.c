/** Getters of the request's head and of the request's own data. */
#include "app/before.h"
#include "base/buf.h"
#include "http/cookie.h"

#include <string.h>

const char *tern_method(tern_ctx *c)
{
    const http_request *request = c->x->request;
    return request->method != HTTP_OTHER_METHOD ? http_method_name(request->method)
                                                : ctx_text(c, request->method_text);
}

const char *tern_protocol(tern_ctx *c)
{
    static const char *const names[] = {
        [HTTP_1_0] = "HTTP/1.0", [HTTP_1_1] = "HTTP/1.1", [HTTP_2] = "HTTP/2"};
    return names[c->x->request->version];
}

const char *tern_path(tern_ctx *c)
{
    if (c->path == NULL) {
        c->path = ctx_text(c, c->x->request->path);
        c->path_len = c->x->request->path.len;
    }
    return c->path;
}

const char *tern_query_string(tern_ctx *c)
{
    tern_str query = c->x->request->query;
    return query.len != 0 ? ctx_text(c, query) : "";
}

const char *tern_host(tern_ctx *c)
{
    tern_str host = c->x->request->host;
    return host.len != 0 ? ctx_text(c, host) : "";
}

const char *tern_route_pattern(tern_ctx *c)
{
    return c->match.route != NULL ? c->match.route->pattern : "";
}

const char *tern_target(tern_ctx *c)
{
    const http_request *request = c->before != NULL ? c->before->sent : c->x->request;
    size_t path_len = request->path.len, query_len = request->query.len;
    bool has_query = request->query.data != NULL;
    char *target = ctx_need(c, arena_alloc(ctx_arena(c), path_len + has_query + query_len + 1));
    if (request->path.data != NULL)
        memcpy(target, request->path.data, path_len);
    target[path_len] = '?';
    if (has_query)
        memcpy(target + path_len + 1, request->query.data, query_len);
    target[path_len + has_query + query_len] = '\0';
    return target;
}

const char *tern_header_nth(tern_ctx *c, const char *name, unsigned nth)
{
    if (c->reads != NULL)
        ctx_note_read(c, name);
    size_t name_len = strlen(name);
    unsigned from = 0;
    http_header *field;
    do
        field = http_request_header(c->x->request, name, name_len, &from);
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
    if (c->reads != NULL)
        ctx_note_read(c, "Cookie");
    unsigned from = 0;
    http_header *field;
    tern_str value;
    while ((field = http_request_header(c->x->request, "Cookie", 6, &from)) != NULL)
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
    if (c->request_id[0] == '\0' && !request_id_make(c->request_id)) {
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

/* -- the slots of TERN_LOCAL -- */

static unsigned
    slots_numbered; /* in this process; all before `main`, except those of libraries loaded later */

void tern_local_number_(tern_local_slot *slot)
{
    if (slot->number == 0) /* otherwise another file that declares the same slot was first */
        slot->number = ++slots_numbered;
}

void *tern_local_of_(tern_ctx *c, const tern_local_slot *slot)
{
    const ctx_locals *locals = c->locals;
    return locals != NULL && slot->number <= locals->room ? locals->values[slot->number - 1] : NULL;
}

/** Makes room for all numbered slots, with the values of the request so far. */
static ctx_locals *make_room(tern_ctx *c)
{
    const ctx_locals *old = c->locals;
    ctx_locals *locals = tern_alloc(c, sizeof *locals + slots_numbered * sizeof *locals->values);
    locals->room = slots_numbered;
    if (old != NULL)
        memcpy(locals->values, old->values, old->room * sizeof *old->values);
    return c->locals = locals;
}

void tern_set_local_(tern_ctx *c, const tern_local_slot *slot, const void *value)
{
    ctx_locals *locals = c->locals;
    if (locals == NULL || slot->number > locals->room)
        locals = make_room(c);
    locals->values[slot->number - 1] = (void *)(uintptr_t)value;
}

const char *tern_url_of(tern_ctx *c, const char *name, const char *const *params)
{
    buf url = {0};
    bool found = router_build_url(c->app->router, name, params, &url);
    bool is_short = url.failed;
    const char *text = found && !is_short ? arena_text(ctx_arena(c), url.data, url.len) : NULL;
    buf_free(&url);
    if (!found && !is_short)
        tern_fail(c, 500, "no route named \"%s\" has these parameters", name);
    return ctx_need(c, (void *)(uintptr_t)text);
}

/** Headers of the reply. */
#include "app/ctx.h"
#include "base/text.h"

#include <tern/log.h>

#include <string.h>

static bool is_server_owned(const char *name, size_t len)
{
    static const tern_str owned[] = {
        {"Content-Length", 14}, {"Transfer-Encoding", 17}, {"Connection", 10}, {"Date", 4}};
    for (size_t i = 0; i < sizeof owned / sizeof *owned; i++)
        if (owned[i].len == len && text_equal_nocase(owned[i].data, name, len))
            return true;
    return false;
}

static bool put_header(tern_ctx *c, const char *name, const char *value, bool replace)
{
    size_t name_len = strlen(name), value_len = strlen(value);
    bool is_valid = http_field_is_valid(name, name_len, value, value_len);
    if (!is_valid || is_server_owned(name, name_len)) {
        char label[160];
        tern_log(TERN_LOG_WARN, "%s: header \"%s\" is not set: %s", ctx_route_label(c, label, sizeof label),
                 name,
                 is_valid ? "the server sets it" : "its name is not a token or its value has a line break");
        return false;
    }
    if (!replace && name_len == 4 && text_equal_nocase(name, "Vary", 4)) {
        ctx_vary(c, (tern_str){value, value_len});
        return true;
    }
    const char *kept_name = ctx_text(c, (tern_str){name, name_len});
    const char *kept_value = ctx_text(c, (tern_str){value, value_len});
    if (!http_field_put(c->x, kept_name, kept_value, replace))
        ctx_need(c, NULL); /* a reply without its security headers, say, must not be sent */
    return true;
}

bool tern_set_header(tern_ctx *c, const char *name, const char *value)
{
    return put_header(c, name, value, true);
}

bool tern_add_header(tern_ctx *c, const char *name, const char *value)
{
    return put_header(c, name, value, false);
}

static bool list_has(tern_str list, tern_str wanted)
{
    tern_str name;
    while (ctx_list_next(&list, &name))
        if ((name.len == 1 && name.data[0] == '*') ||
            (name.len == wanted.len && text_equal_nocase(name.data, wanted.data, name.len)))
            return true;
    return false;
}

/** A name that is not in Vary: joined to the existing ones, since "one line" is what caches and people read best. */
static void add_to_vary(tern_ctx *c, const http_field *field, tern_str name)
{
    bool is_any = name.len == 1 && name.data[0] == '*';
    size_t before = field != NULL && !is_any ? field->value_len + 2 : 0;
    char *list = ctx_need(c, arena_alloc(ctx_arena(c), before + name.len + 1)), *at = list;
    if (before != 0)
        at = stpcpy(mempcpy(at, field->value, field->value_len), ", ");
    at = mempcpy(at, name.data, name.len);
    *at = '\0';
    if (!http_field_put(c->x, "Vary", list, true))
        ctx_need(c, NULL);
}

void ctx_vary(tern_ctx *c, tern_str names)
{
    tern_str name;
    while (ctx_list_next(&names, &name)) {
        const http_field *field = http_field_get(c->x, "Vary");
        if (field == NULL || !list_has((tern_str){field->value, field->value_len}, name))
            add_to_vary(c, field, name);
    }
}

void tern_vary(tern_ctx *c, const char *header)
{
    tern_add_header(c, "Vary", header);
}

bool tern_remove_reply_header(tern_ctx *c, const char *name)
{
    unsigned count = c->x->field_count;
    http_field_remove(c->x, name);
    return c->x->field_count != count;
}

bool tern_reply_header_at(tern_ctx *c, unsigned nth, const char **name, const char **value)
{
    if (nth >= c->x->field_count)
        return false;
    *name = c->x->fields[nth].name;
    *value = c->x->fields[nth].value;
    return true;
}

const char *tern_reply_header(tern_ctx *c, const char *name)
{
    const http_field *field = http_field_get(c->x, name);
    return field != NULL ? field->value : NULL;
}

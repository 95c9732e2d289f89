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

static bool refuse(tern_ctx *c, const char *name, const char *why)
{
    char label[160];
    tern_log(TERN_LOG_WARN, "%s: header \"%s\" is not set: %s", ctx_route_label(c, label, sizeof label), name,
             why);
    return false;
}

static bool put_header(tern_ctx *c, const char *name, const char *value, bool replace)
{
    size_t name_len = strlen(name), value_len = strlen(value);
    if (!http_field_is_valid(name, name_len, value, value_len))
        return refuse(c, name, "its name is not a token or its value has a line break");
    if (is_server_owned(name, name_len))
        return refuse(c, name, "the server sets it");
    if (!replace && name_len == 4 && text_equal_nocase(name, "Vary", 4)) {
        ctx_vary(c, (tern_str){value, value_len});
        return true;
    }
    char *kept = ctx_need(c, arena_alloc(ctx_arena(c), name_len + value_len + 2));
    char *kept_value = kept + name_len + 1;
    memcpy(kept, name, name_len + 1);
    memcpy(kept_value, value, value_len + 1);
    if (!http_field_put_text(c->x, (tern_str){kept, name_len}, (tern_str){kept_value, value_len}, replace))
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

/* -- headers that are kept -- */

struct tern_kept_header {
    tern_str name, value; /* value "": it may differ from reply to reply */
};

const tern_kept_header *tern_keep_header(tern_app *app, const char *name, const char *value)
{
    if (value == NULL)
        value = "";
    tern_kept_header header = {.name.len = strlen(name), .value.len = strlen(value)};
    if (!http_field_is_valid(name, header.name.len, value, header.value.len) ||
        is_server_owned(name, header.name.len)) {
        tern_mistake(
            app,
            "header \"%s\": its name is not a token or is one that the server sets, or its value has "
            "a line break: use another",
            name);
        return NULL;
    }
    header.name.data = tern_keep(name, header.name.len + 1);
    header.value.data = tern_keep(value, header.value.len + 1);
    const tern_kept_header *kept =
        header.name.data != NULL && header.value.data != NULL ? tern_keep(&header, sizeof header) : NULL;
    if (kept == NULL)
        tern_mistake(app, "header \"%s\": out of memory", name);
    return kept;
}

bool tern_set_kept_header(tern_ctx *c, const tern_kept_header *header, const char *value)
{
    tern_str text = header->value;
    if (value != NULL) {
        text.len = strlen(value);
        if (!http_field_value_is_valid(value, text.len))
            return refuse(c, header->name.data, "its value has a line break");
        text.data = ctx_text(c, (tern_str){value, text.len});
    }
    if (!http_field_put_text(c->x, header->name, text, true))
        ctx_need(c, NULL);
    return true;
}

void tern_vary(tern_ctx *c, const char *header)
{
    const size_t len = strlen(header);
    if (http_field_value_is_valid(header, len))
        ctx_vary(c, (tern_str){header, len});
    else
        refuse(c, "Vary", "its value has a line break");
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

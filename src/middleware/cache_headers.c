/** The headers of replies that are kept: those of the handler and of the pieces inside. */
#include "middleware/cache.h"

#include <strings.h>

cache_outer *cache_outer_of(tern_ctx *c)
{
    cache_outer *outer = tern_alloc(c, sizeof *outer);
    while (outer->count < CACHE_OUTER_MAX &&
           tern_reply_header_at(c, outer->count, &outer->names[outer->count], &outer->values[outer->count]))
        outer->count++;
    return outer;
}

static bool is_outer(const cache_outer *outer, const char *value)
{
    for (unsigned i = 0; i < outer->count; i++)
        if (outer->values[i] == value)
            return true;
    return false;
}

/* Whether the inside has set a header in place of that of a piece outside. */
static bool is_replaced(tern_ctx *c, const cache_outer *outer, const char *name)
{
    const char *first = tern_reply_header(c, name);
    for (unsigned i = 0; i < outer->count; i++)
        if (strcasecmp(outer->names[i], name) == 0)
            return !is_outer(outer, first);
    return false;
}

bool cache_take_headers(tern_ctx *c, const cache_outer *outer, cache_entry *e)
{
    const char *name, *value;
    e->header_count = 0;
    for (unsigned i = 0; tern_reply_header_at(c, i, &name, &value); i++) {
        if (is_outer(outer, value))
            continue;
        if (e->header_count == CACHE_HEADERS_MAX)
            return false;
        e->headers[e->header_count++] = (cache_header){name, value, is_replaced(c, outer, name)};
    }
    return true;
}

void cache_drop_headers(tern_ctx *c, const cache_outer *outer)
{
    const char *name, *value;
    for (unsigned i = 0; tern_reply_header_at(c, i, &name, &value);)
        if (is_outer(outer, value))
            i++;
        else
            tern_remove_reply_header(c, name);
}

tern_reply cache_entry_reply(tern_ctx *c, const cache_entry *e)
{
    for (unsigned i = 0; i < e->header_count; i++)
        if (e->headers[i].replaces)
            tern_set_header(c, e->headers[i].name, e->headers[i].value);
        else
            tern_add_header(c, e->headers[i].name, e->headers[i].value);
    return (tern_reply){.status = e->status, .type = e->type, .data = e->body.data, .len = e->body.len};
}

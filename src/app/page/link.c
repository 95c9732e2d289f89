#include "app/page/link.h"
#include "http/url.h"

#include <stdio.h>
#include <string.h>

/** Whether a byte may be in a query as it is (RFC 3986 section 3.4); '%' begins text that is already
 * encoded. */
static bool is_plain(unsigned char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') ||
           (byte != 0 && strchr("-._~!$&'()*+,;=:@/?%", byte) != NULL);
}

static char *put_text(char *at, const char *text)
{
    size_t len = strlen(text);
    memcpy(at, text, len);
    return at + len;
}

/** As the client wrote it, except bytes that an address must not contain: so it cannot end the `<...>` of a
 * link. */
static char *put_raw(char *at, tern_str raw)
{
    static const char hex[] = "0123456789ABCDEF";
    for (size_t i = 0; i < raw.len; i++) {
        unsigned char byte = (unsigned char)raw.data[i];
        if (is_plain(byte)) {
            *at++ = (char)byte;
            continue;
        }
        *at++ = '%';
        *at++ = hex[byte >> 4];
        *at++ = hex[byte & 15];
    }
    return at;
}

/** The pairs of the query except page and cursor. */
static char *put_others(char *at, tern_str query, const char *after, const char *page)
{
    tern_str name, value, unused;
    while (query_next(&query, &name, &value)) {
        size_t len = value.data != NULL ? (size_t)(value.data + value.len - name.data) : name.len;
        const tern_str pair = {name.data, len};
        if (query_find(pair, after, 0, &unused) || query_find(pair, page, 0, &unused))
            continue;
        at = put_raw(at, pair);
        *at++ = '&';
    }
    return at;
}

void page_link_next(tern_ctx *c, const tern_paging *p)
{
    const char *after = p->after_as != NULL ? p->after_as : "after",
               *page = p->page_as != NULL ? p->page_as : "page";
    bool is_numbered = p->after == NULL || *p->after == '\0';
    tern_str path = c->x->request->path, query = c->x->request->query;
    char number[24];
    if ((p->next == NULL && !is_numbered) || (path.len > 1 && path.data[1] == '/'))
        return;
    snprintf(number, sizeof number, "%lld", (long long)(p->page > 0 ? p->page : 1) + 1);
    const char *name = p->next != NULL ? after : page, *value = p->next != NULL ? p->next : number;
    size_t room = 3 * (path.len + query.len + strlen(name)) + strlen(value) + 32;
    char *link = ctx_need(c, arena_alloc(ctx_arena(c), room)), *at = link;
    *at++ = '<';
    at = put_raw(at, path);
    *at++ = '?';
    at = put_others(at, query, after, page);
    at += url_encode((tern_str){name, strlen(name)}, false, at);
    *at++ = '=';
    at = put_text(at, value);
    at = put_text(at, ">; rel=\"next\"");
    *at = '\0';
    if (!http_field_put(c->x, "Link", link, false))
        ctx_need(c, NULL);
}

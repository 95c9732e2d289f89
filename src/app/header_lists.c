/** Headers that are lists. */
#include "app/ctx.h"
#include "http/entity_tag.h"

#include <string.h>

const char *ctx_header_list(tern_ctx *c, const char *name)
{
    const char *list = tern_header(c, name), *more;
    if (list == NULL)
        return "";
    for (unsigned nth = 1; (more = tern_header_nth(c, name, nth)) != NULL; nth++)
        list = tern_sprintf(c, "%s,%s", list, more);
    return list;
}

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t';
}

bool ctx_list_next(tern_str *rest, tern_str *element)
{
    const char *at = rest->data, *end = at + rest->len;
    while (at < end && (is_blank(*at) || *at == ','))
        at++;
    const char *begin = at;
    for (bool is_quoted = false; at < end && (is_quoted || *at != ','); at++)
        is_quoted ^= *at == '"';
    *rest = (tern_str){at, (size_t)(end - at)};
    while (at > begin && is_blank(at[-1]))
        at--;
    *element = (tern_str){begin, (size_t)(at - begin)};
    return begin < at;
}

bool ctx_tag_is_known(tern_ctx *c, const char *tag)
{
    const char *list = ctx_header_list(c, "If-None-Match");
    entity_tag own;
    return entity_tag_read((tern_str){tag, strlen(tag)}, &own) &&
           entity_tag_is_in(&own, (tern_str){list, strlen(list)}, false, 0) == ENTITY_TAG_MATCHES;
}

/** Headers that are lists. */
#include "app/ctx.h"

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
    tern_str rest = {list, strlen(list)}, element, own = {tag, strlen(tag)};
    if (own.len > 2 && memcmp(own.data, "W/", 2) == 0)
        own = (tern_str){own.data + 2, own.len - 2};
    while (ctx_list_next(&rest, &element)) {
        if (element.len == 1 && *element.data == '*')
            return true;
        if (element.len > 2 && memcmp(element.data, "W/", 2) == 0) /* compared weakly: section 13.1.2 */
            element = (tern_str){element.data + 2, element.len - 2};
        if (element.len == own.len && memcmp(element.data, own.data, own.len) == 0)
            return true;
    }
    return false;
}

/** Headers that are lists. */
#include "app/ctx.h"

#include <string.h>

const char *ctx_header_list_or_null(tern_ctx *c, const char *name)
{
    const char *line, *first = tern_header(c, name);
    if (first == NULL)
        return "";
    if (tern_header_nth(c, name, 1) == NULL)
        return first;
    size_t len = 0;
    for (unsigned nth = 0; (line = tern_header_nth(c, name, nth)) != NULL; nth++)
        len += strlen(line) + 1;
    char *list = arena_alloc(ctx_arena(c), len), *at = list;
    for (unsigned nth = 0; list != NULL && (line = tern_header_nth(c, name, nth)) != NULL; nth++) {
        at = stpcpy(at, line);
        *at++ = ',';
    }
    if (list != NULL)
        at[-1] = '\0';
    return list;
}

const char *ctx_header_list(tern_ctx *c, const char *name)
{
    return ctx_need(c, (void *)(uintptr_t)ctx_header_list_or_null(c, name));
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

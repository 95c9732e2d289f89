#include "http/media.h"

#include "base/text.h"

#include <string.h>

static bool is_token_byte(char c)
{
    unsigned char byte = (unsigned char)c;
    return (byte >= '0' && byte <= '9') || (text_lower(byte) >= 'a' && text_lower(byte) <= 'z') ||
           (byte != '\0' && strchr("!#$%&'*+-.^_`|~", byte) != NULL);
}

static size_t token_len(const char *at, const char *end)
{
    const char *p = at;
    while (p < end && is_token_byte(*p))
        p++;
    return (size_t)(p - at);
}

static char *skip_space(char *at, const char *end)
{
    while (at < end && (*at == ' ' || *at == '\t'))
        at++;
    return at;
}

tern_str media_type(tern_str value)
{
    const char *at = value.data, *end = at + value.len;
    size_t type = token_len(at, end);
    if (type == 0 || at + type == end || at[type] != '/')
        return (tern_str){NULL, 0};
    size_t subtype = token_len(at + type + 1, end);
    const char *after = at + type + 1 + subtype;
    while (after < end && (*after == ' ' || *after == '\t'))
        after++;
    if (subtype == 0 || (after < end && *after != ';'))
        return (tern_str){NULL, 0};
    return (tern_str){at, type + 1 + subtype};
}

bool media_is(tern_str type, const char *name)
{
    return type.len == strlen(name) && text_equal_nocase(type.data, name, type.len);
}

/** Takes what stands between quotes; NULL when the closing one is missing. */
static char *take_quoted(char *at, const char *end, tern_str *value)
{
    char *out = at;
    value->data = at;
    for (; at < end && *at != '"'; at++) {
        if (*at == '\\' && at + 1 < end && (at[1] == '"' || at[1] == '\\'))
            at++;
        *out++ = *at;
    }
    value->len = (size_t)(out - value->data);
    return at < end ? at + 1 : NULL;
}

media_result media_next_param(char **at, char *end, tern_str *name, tern_str *value)
{
    char *p = skip_space(*at, end);
    if (p == end) {
        *at = p;
        return MEDIA_END;
    }
    if (*p != ';')
        return MEDIA_BROKEN;
    p = skip_space(p + 1, end);
    *name = (tern_str){p, token_len(p, end)};
    p += name->len;
    if (name->len == 0 || p == end || *p != '=')
        return MEDIA_BROKEN;
    p++;
    if (p < end && *p == '"') {
        p = take_quoted(p + 1, end, value);
        if (p == NULL)
            return MEDIA_BROKEN;
    } else {
        *value = (tern_str){p, token_len(p, end)};
        if (value->len == 0)
            return MEDIA_BROKEN;
        p += value->len;
    }
    *at = p;
    return MEDIA_PARAM;
}

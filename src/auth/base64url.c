#include "auth/base64url.h"

#include "crypto/base64url.h"

const char *auth_base64url(tern_ctx *c, const void *data, size_t len)
{
    char *text = tern_alloc(c, BASE64URL_LEN(len) + 1);
    text[base64url_write(data, len, text)] = '\0';
    return text;
}

tern_str auth_base64url_bytes(tern_ctx *c, tern_str text)
{
    char *bytes = tern_alloc(c, BASE64URL_BYTES(text.len) + 1);
    long len = base64url_parse(text.data, text.len, bytes);
    if (len < 0)
        return (tern_str){0};
    bytes[len] = '\0';
    return (tern_str){bytes, (size_t)len};
}

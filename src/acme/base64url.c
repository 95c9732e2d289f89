#include "acme/base64url.h"

#include "crypto/base64url.h"

const char *base64url_print(arena *a, const void *data, size_t len)
{
    char *text = arena_alloc(a, BASE64URL_LEN(len) + 1);
    if (text != NULL)
        text[base64url_write(data, len, text)] = '\0';
    return text;
}

bool base64url_is(tern_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
              c == '_'))
            return false;
    }
    return true;
}

const uint8_t *base64url_read(arena *a, tern_str text, size_t *len)
{
    uint8_t *out = arena_alloc(a, BASE64URL_BYTES(text.len) + 1);
    long read = out != NULL ? base64url_parse(text.data, text.len, out) : -1;
    if (read < 0)
        return NULL;
    *len = (size_t)read;
    return out;
}

#include "acme/base64url.h"

#include "schema/scalar.h"

#include <string.h>

const char *base64url_print(arena *a, const void *data, size_t len)
{
    char *text = arena_alloc(a, (len + 2) / 3 * 4 + 1);
    if (text == NULL)
        return NULL;
    size_t printed = base64_print(data, len, text);
    while (printed > 0 && text[printed - 1] == '=')
        printed--;
    text[printed] = '\0';
    for (char *at = text; *at != '\0'; at++)
        *at = (char)(*at == '+' ? '-' : *at == '/' ? '_' : *at);
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
    char *padded = base64url_is(text) ? arena_alloc(a, text.len + 4) : NULL;
    uint8_t *out = padded != NULL ? arena_alloc(a, (text.len + 3) / 4 * 3) : NULL;
    if (out == NULL)
        return NULL;
    size_t padded_len = text.len;
    for (size_t i = 0; i < text.len; i++)
        padded[i] = (char)(text.data[i] == '-' ? '+' : text.data[i] == '_' ? '/' : text.data[i]);
    while (padded_len % 4 != 0)
        padded[padded_len++] = '=';
    long read = base64_read(padded, padded_len, out);
    if (read < 0)
        return NULL;
    *len = (size_t)read;
    return out;
}

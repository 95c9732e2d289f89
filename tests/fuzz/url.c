/*
 * URLs, queries and cookies: decoded text is clean, encoding and decoding it again gives the same, and every
 * slice is inside the input.
 */
#include "http/url.h"
#include "base/text.h"
#include "http/cookie.h"
#include "http/scan/scan.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static char *room(size_t size)
{
    char *block = malloc(size);
    if (block == NULL)
        abort();
    return block;
}

static void check_round_trip(tern_str text, bool keep_slash, long (*decode)(tern_str, char *))
{
    char *encoded = room(3 * text.len + 1), *again = room(3 * text.len + 1);
    size_t len = url_encode(text, keep_slash, encoded);
    require(len == strlen(encoded));
    require(decode((tern_str){encoded, len}, again) == (long)text.len);
    require(memcmp(again, text.data, text.len) == 0);
    free(again);
    free(encoded);
}

static void check_path(tern_str text)
{
    char *out = room(text.len + 1);
    long len = url_decode_path(text, out);
    if (text.len > 0 && text.data[0] == '/') { /* a plain path (according to the head) is its own decoding */
        const char *end = text.data + text.len;
        bool is_plain = true;
        if (scan_best->path(text.data, text.data, end, &is_plain) == end && is_plain)
            require(len == (long)text.len && memcmp(out, text.data, text.len) == 0);
    }
    if (len >= 0) {
        tern_str decoded = {out, (size_t)len};
        require(decoded.len == strlen(out) && utf8_valid(out, decoded.len));
        require(strstr(out, "/../") == NULL && strstr(out, "/./") == NULL && strchr(out, '\\') == NULL);
        require(strcmp(out, "..") != 0 && strncmp(out, "../", 3) != 0);
        check_round_trip(decoded, true, url_decode_path);
    }
    free(out);
}

static void check_query(tern_str text)
{
    tern_str rest = text, name, value;
    size_t total = 0;
    char *out = room(text.len + 1);
    while (query_next(&rest, &name, &value)) {
        total += name.len + value.len + (value.data != NULL);
        require(name.data >= text.data && name.data + name.len <= text.data + text.len);
        require(memchr(name.data, '&', name.len) == NULL);
        long len = url_decode_component(name, out);
        if (len < 0)
            continue;
        require((size_t)len == strlen(out) && utf8_valid(out, (size_t)len));
        check_round_trip((tern_str){out, (size_t)len}, false, url_decode_component);
        tern_str found;
        require(query_find(text, out, 0, &found));
    }
    require(total <= text.len);
    free(out);
}

static void check_cookie(tern_str text)
{
    tern_str value;
    char out[512];
    if (!cookie_find(text, "id", &value))
        return;
    require(value.data > text.data && value.data + value.len <= text.data + text.len);
    require(memchr(value.data, ';', value.len) == NULL && memchr(value.data, '\n', value.len) == NULL);
    char *copy = room(value.len + 1);
    memcpy(copy, value.data, value.len);
    copy[value.len] = '\0';
    long len = cookie_write("id", copy, NULL, out, sizeof out, NULL);
    require(len == -1 || ((size_t)len == strlen(out) && strpbrk(out, "\r\n,\"\\") == NULL));
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
    tern_str text = {(const char *)input, size};
    check_path(text);
    if (size < 4096) /* finding every name again is quadratic */
        check_query(text);
    check_cookie(text);
    return 0;
}

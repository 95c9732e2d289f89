/** Builds a path from the name of a route. */
#include "app/router/internal.h"

#include "base/text.h"
#include "http/url.h"

#include <string.h>

/** Whether a request with `value` in this segment would reach the route: the path's decoder accepts it
 * (url.h) and the segment matches it. */
static bool is_value(segment_kind kind, tern_str value, bool may_have_slash)
{
    if (value.len == 0 || !utf8_valid(value.data, value.len))
        return false;
    for (size_t i = 0; i < value.len; i++) {
        unsigned char byte = (unsigned char)value.data[i];
        if (byte < 0x20 || byte == 0x7f || byte == '\\' || (byte == '/' && !may_have_slash))
            return false;
    }
    for (size_t start = 0; start <= value.len;) { /* "." and ".." are directories to browsers and proxies */
        const char *slash = memchr(value.data + start, '/', value.len - start);
        size_t len = (slash != NULL ? (size_t)(slash - value.data) : value.len) - start;
        if (len <= 2 && len != 0 && memcmp(value.data + start, "..", len) == 0)
            return false;
        start += len + 1;
    }
    return kind == SEGMENT_INT    ? segment_is_int(value.data, value.len)
           : kind == SEGMENT_UUID ? segment_is_uuid(value.data, value.len)
                                  : true;
}

static bool add_encoded(buf *url, tern_str text, bool keep_slash)
{
    if (text.len > SIZE_MAX / 8 || !buf_reserve(url, 3 * text.len + 1))
        return false;
    url->len += url_encode(text, keep_slash, url->data + url->len);
    url->data[url->len] = '\0';
    return true;
}

/** The route called `name`: one given that name, otherwise the one whose handler has it. */
static const route *route_named(const router *r, const char *name)
{
    size_t len = strlen(name);
    for (uint32_t space = NAMES_GIVEN; space <= NAMES_OF_HANDLERS; space++) {
        uint32_t found = name_table_find(&r->names, space, name, len);
        if (found != 0)
            return r->name_is_ambiguous[found - 1] ? NULL : &r->routes[found - 1];
    }
    return NULL;
}

bool router_build_url(const router *r, const char *name, const char *const *params, buf *url)
{
    const route *named = route_named(r, name);
    char problem[PATTERN_PROBLEM_BYTES];
    pattern p;
    if (named == NULL || !pattern_parse(&p, named->pattern, problem))
        return false;
    size_t start = url->len;
    unsigned used = 0;
    bool is_right = true;
    for (unsigned i = 0; i < p.count && is_right; i++) {
        tern_str text = p.segments[i].text;
        segment_kind kind = p.segments[i].kind;
        if (kind != SEGMENT_TEXT) {
            const char *value = params[used];
            if ((is_right = value != NULL)) {
                text = (tern_str){value, strlen(value)};
                used++;
                is_right = is_value(kind, text, kind == SEGMENT_REST || named->options.allow_encoded_slashes);
            }
        }
        is_right = is_right && buf_add(url, "/", 1) && add_encoded(url, text, kind == SEGMENT_REST);
    }
    if (is_right && params[used] == NULL)
        return true;
    url->len = start; /* a partial path is removed */
    if (url->data != NULL)
        url->data[start] = '\0';
    return false;
}

/** Builds a path from the name of a route. */
#include "app/router/internal.h"

#include "base/text.h"
#include "http/url.h"

#include <string.h>

/** Whether the path's decoder would accept the value (url.h). */
static bool is_path_text(tern_str value, bool may_have_slash)
{
    if (value.len == 0 || !utf8_valid(value.data, value.len))
        return false;
    for (size_t i = 0; i < value.len; i++) {
        unsigned char byte = (unsigned char)value.data[i];
        if (byte < 0x20 || byte == 0x7f || byte == '\\' || (byte == '/' && !may_have_slash))
            return false;
    }
    return true;
}

/** Whether "." or ".." is between two slashes of the text: browsers and proxies take them for directories. */
static bool has_dots(tern_str text)
{
    for (size_t start = 0; start <= text.len;) {
        const char *slash = memchr(text.data + start, '/', text.len - start);
        size_t len = (slash != NULL ? (size_t)(slash - text.data) : text.len) - start;
        if (len <= 2 && len != 0 && memcmp(text.data + start, "..", len) == 0)
            return true;
        start += len + 1;
    }
    return false;
}

/** Whether a request with this text, in which '/' was encoded, would be given `values` by the segment. `url` has
 * failed when out of memory. */
static bool reads_back(const pattern_piece *first, tern_str text, const tern_str *values, unsigned count,
                       buf *url)
{
    if (first->kind == SEGMENT_REST)
        return true;
    tern_str read[ROUTE_PARAMS_MAX];
    buf marked = {0};
    if (memchr(text.data, '/', text.len) != NULL) {
        buf_add(&marked, text.data, text.len);
        for (size_t i = 0; i < marked.len; i++)
            if (marked.data[i] == '/')
                marked.data[i] = URL_SLASH_MARK;
        url->failed |= marked.failed;
        text.data = marked.data;
    }
    bool is_same = !marked.failed && special_read(first, text, read);
    for (unsigned i = 0; i < count && is_same; i++)
        is_same = read[i].len == values[i].len; /* at the same places, then */
    buf_free(&marked);
    return is_same;
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

/** Adds one segment; takes its values from `*params`. */
static bool add_segment(const route *named, const pattern_piece *first, unsigned count,
                        const char *const **params, buf *url)
{
    tern_str values[ROUTE_PARAMS_MAX], whole = {"", 0};
    unsigned used = 0;
    buf text = {0};
    bool is_rest = first->kind == SEGMENT_REST, is_right = true;
    for (unsigned i = 0; i < count && is_right; i++) {
        tern_str part = first[i].text;
        if (first[i].kind != SEGMENT_TEXT) {
            const char *value = **params;
            if (value == NULL) {
                is_right = false;
                break;
            }
            ++*params;
            part = values[used++] = (tern_str){value, strlen(value)};
            is_right = is_path_text(part, is_rest || named->options.allow_encoded_slashes);
        }
        whole = part; /* a segment of one piece is not copied */
        if (count > 1)
            buf_add(&text, part.data, part.len);
    }
    if (count > 1)
        whole = (tern_str){text.len != 0 ? text.data : "", text.len};
    url->failed |= text.failed;
    is_right = is_right && !text.failed &&
               (used == 0 || (!has_dots(whole) && reads_back(first, whole, values, used, url))) &&
               buf_add(url, "/", 1) && add_encoded(url, whole, is_rest);
    url->failed |= text.failed;
    buf_free(&text);
    return is_right;
}

bool router_build_url(const router *r, const char *name, const char *const *params, buf *url)
{
    const route *named = route_named(r, name);
    if (named == NULL)
        return false;
    size_t start = url->len;
    bool is_right = true;
    for (unsigned i = 0, count; i < named->piece_count && is_right; i += count) {
        count = pattern_segment_pieces(&named->pieces[i], named->piece_count - i);
        is_right = add_segment(named, &named->pieces[i], count, &params, url);
    }
    if (is_right && *params == NULL)
        return true;
    url->len = start; /* a partial path is removed */
    if (url->data != NULL)
        url->data[start] = '\0';
    return false;
}

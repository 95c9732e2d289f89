#include "fetch/target.h"

#include "base/text.h"
#include "curl/libcurl.h"
#include "http/url.h"

#include <stdio.h>
#include <string.h>

static const char no_memory[] = "out of memory";

enum { URL_MOST = 64 * 1024 };

/* -- pairs -- */

size_t pairs_bytes(const char *const *pairs)
{
    size_t bytes = 1;
    for (; pairs != NULL && pairs[0] != NULL; pairs += 2)
        if (pairs[1] != NULL)
            bytes += 3 * (strlen(pairs[0]) + strlen(pairs[1])) + 2;
        else if (pairs[2] == NULL)
            break;
    return bytes;
}

char *pairs_write(char *out, const char *const *pairs)
{
    char *begin = out;
    for (; pairs != NULL && pairs[0] != NULL; pairs += 2) {
        if (pairs[1] == NULL) {
            if (pairs[2] == NULL) /* TERN_PAIRS ends with two, so a name without a value is the last */
                break;
            continue;
        }
        if (out != begin)
            *out++ = '&';
        out += url_encode((tern_str){pairs[0], strlen(pairs[0])}, false, out);
        *out++ = '=';
        out += url_encode((tern_str){pairs[1], strlen(pairs[1])}, false, out);
    }
    *out = '\0';
    return out;
}

/* The URL with the pairs after its query, before its fragment, which is dropped. */
static const char *join_query(arena *a, const char *url, const char *const *query)
{
    size_t len = strcspn(url, "#");
    if (query == NULL || query[0] == NULL)
        return url[len] == '\0' ? url : arena_text(a, url, len);
    char *whole = arena_alloc(a, len + 1 + pairs_bytes(query));
    if (whole == NULL)
        return NULL;
    memcpy(whole, url, len);
    char *mark = memchr(whole, '?', len), *end = whole + len;
    if (mark == NULL)
        *end++ = '?';
    else if (mark != end - 1 && end[-1] != '&')
        *end++ = '&';
    pairs_write(end, query);
    return whole;
}

/* -- usual URLs -- */

/* Bytes that libcurl would leave as they are in a path and a query. */
static bool is_plain_path(const char *path)
{
    for (const char *at = path; *at != '\0'; at++) {
        unsigned char byte = (unsigned char)*at;
        if (byte <= ' ' || byte >= 0x7f || strchr("\"<>\\^`{|}", byte) != NULL)
            return false;
        if (byte == '/' && at[1] == '.') /* dot segments are removed by libcurl */
            return false;
    }
    return true;
}

/* Whether the last label begins with a digit: "127.1", "0x7f.1", "2130706433", which are addresses too. A dotted
 * address of four decimal numbers is usual. */
static bool is_usual_host(const char *host, size_t len)
{
    unsigned dots = 0;
    bool is_decimal = true;
    const char *label = host;
    for (size_t i = 0; i < len; i++) {
        unsigned char byte = text_lower((unsigned char)host[i]);
        bool is_digit = byte >= '0' && byte <= '9';
        if (byte == '.') {
            if (host + i == label)
                return false;
            dots++;
            label = host + i + 1;
        } else if (is_digit && host + i == label && byte == '0' && i + 1 < len && host[i + 1] != '.') {
            is_decimal = false; /* octal, or a name */
        }
        if (!is_digit && byte != '.' && byte != '-' && byte != '_' && (byte < 'a' || byte > 'z'))
            return false;
        is_decimal = is_decimal && (is_digit || byte == '.');
    }
    bool ends_with_number = label < host + len && *label >= '0' && *label <= '9';
    return label < host + len && (!ends_with_number || (is_decimal && dots == 3));
}

static bool set_parts(fetch_target *t, arena *a, const char *host, size_t host_len, const char *path)
{
    static const char *const schemes[] = {"http", "https"};
    char *name = arena_text(a, host, host_len);
    if (name == NULL)
        return false;
    for (char *at = name; *at != '\0'; at++)
        *at = (char)text_lower((unsigned char)*at);
    char *origin = arena_alloc(a, host_len + 24);
    if (origin == NULL)
        return false;
    t->origin_len =
        (size_t)snprintf(origin, host_len + 24, "%s://%s:%u", schemes[t->is_tls], name, (unsigned)t->port);
    t->origin = origin;
    t->host = name;
    t->path = path;
    size_t shown = strcspn(t->url, "?");
    t->shown = t->url[shown] == '\0' ? t->url : arena_text(a, t->url, shown);
    return t->shown != NULL;
}

/* False when it is for libcurl to read. */
static bool read_usual(fetch_target *t, arena *a, const char *url)
{
    t->is_tls = strncmp(url, "https://", 8) == 0;
    if (!t->is_tls && strncmp(url, "http://", 7) != 0)
        return false;
    const char *host = url + 7 + t->is_tls;
    size_t host_len = strcspn(host, ":/?@[");
    const char *rest = host + host_len;
    uint64_t port = t->is_tls ? 443 : 80;
    if (*rest == ':') {
        size_t digits = strcspn(rest + 1, "/?@");
        if (!text_get_u64(rest + 1, digits, &port) || port == 0 || port > 65535)
            return false;
        rest += 1 + digits;
    }
    bool has_rest = *rest == '/' || *rest == '\0';
    if (!has_rest || host_len > 253 || !is_usual_host(host, host_len) || !is_plain_path(rest))
        return false;
    t->port = (uint16_t)port;
    t->url = url;
    t->is_usual = true;
    return set_parts(t, a, host, host_len, *rest == '\0' ? "/" : rest);
}

/* -- all others -- */

static const char *reason(CURLUcode code)
{
    switch (code) {
    case CURLUE_OUT_OF_MEMORY:
        return no_memory;
    case CURLUE_UNSUPPORTED_SCHEME:
        return "only http:// and https:// can be called";
    case CURLUE_USER_NOT_ALLOWED:
        return "a user in a URL would be logged: give it in .basic";
    case CURLUE_BAD_PORT_NUMBER:
        return "its port is not a number from 1 to 65535";
    default:
        return "it is not a URL";
    }
}

/* Copies a part to the arena; NULL with `*problem`. */
static const char *part(CURLU *u, CURLUPart which, unsigned flags, arena *a, const char **problem)
{
    char *text = NULL;
    CURLUcode code = libcurl.url_get(u, which, &text, flags);
    const char *copy = code == CURLUE_OK ? arena_text(a, text, strlen(text)) : NULL;
    libcurl.free(text);
    if (copy == NULL)
        *problem = code == CURLUE_OK ? no_memory : reason(code);
    return copy;
}

/* libcurl decodes "%7f" in a host, and takes it. */
static bool is_visible(const char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text <= ' ' || *text == 0x7f)
            return false;
    return true;
}

static const char *take_parts(fetch_target *t, arena *a, CURLU *u)
{
    const char *problem = NULL;
    const char *scheme = part(u, CURLUPART_SCHEME, 0, a, &problem);
    const char *host = scheme != NULL ? part(u, CURLUPART_HOST, 0, a, &problem) : NULL;
    const char *port = host != NULL ? part(u, CURLUPART_PORT, CURLU_DEFAULT_PORT, a, &problem) : NULL;
    uint64_t number;
    if (port != NULL)
        libcurl.url_set(u, CURLUPART_FRAGMENT, NULL, 0);
    t->url = port != NULL ? part(u, CURLUPART_URL, 0, a, &problem) : NULL;
    if (t->url == NULL)
        return problem;
    if (!is_visible(host) || !is_visible(t->url))
        return "its host contains a control character";
    t->is_tls = strcmp(scheme, "https") == 0;
    if (!t->is_tls && strcmp(scheme, "http") != 0)
        return reason(CURLUE_UNSUPPORTED_SCHEME);
    if (!text_get_u64(port, strlen(port), &number) || number == 0 || number > 65535)
        return reason(CURLUE_BAD_PORT_NUMBER);
    t->port = (uint16_t)number;
    t->is_usual = false;
    return set_parts(t, a, host, strlen(host), "/") ? NULL : no_memory;
}

static const char *read_other(fetch_target *t, arena *a, const char *base, const char *url)
{
    const char *problem;
    if (!libcurl_load(&problem))
        return problem;
    CURLU *u = libcurl.url();
    if (u == NULL)
        return no_memory;
    const unsigned flags = CURLU_DISALLOW_USER;
    CURLUcode code = base != NULL ? libcurl.url_set(u, CURLUPART_URL, base, flags) : CURLUE_OK;
    if (code == CURLUE_OK)
        code = libcurl.url_set(u, CURLUPART_URL, url, flags | CURLU_URLENCODE);
    problem = code != CURLUE_OK ? reason(code) : take_parts(t, a, u);
    libcurl.url_cleanup(u);
    return problem;
}

static const char *mistake(const char *url)
{
    if (url == NULL || *url == '\0')
        return "it is empty";
    for (const char *at = url; *at != '\0'; at++)
        if ((unsigned char)*at < ' ' || *at == 0x7f)
            return "it contains a control character";
    size_t scheme = strspn(url, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+.-");
    if (strncmp(url + scheme, "://", 3) == 0 &&
        (scheme < 4 || scheme > 5 || strncasecmp(url, "https", scheme) != 0))
        return "only http:// and https:// can be called";
    return strlen(url) > URL_MOST ? "it is longer than 64 KiB" : NULL;
}

const char *target_read(fetch_target *t, arena *a, const char *url, const char *const *query)
{
    const char *problem = mistake(url);
    if (problem != NULL)
        return problem;
    const char *whole = join_query(a, url, query);
    if (whole == NULL)
        return no_memory;
    return read_usual(t, a, whole) ? NULL : read_other(t, a, NULL, whole);
}

const char *target_follow(fetch_target *t, arena *a, const fetch_target *from, const char *location)
{
    const char *problem = mistake(location);
    if (problem != NULL)
        return problem;
    problem = read_other(t, a, from->url, location);
    if (problem != NULL)
        return problem;
    fetch_target usual;
    if (read_usual(&usual, a, t->url))
        *t = usual;
    return NULL;
}

#include "http/origin.h"

#include "base/text.h"
#include "http/authority.h"

#include <stdio.h>
#include <string.h>

static bool is_lower(char byte)
{
    return byte >= 'a' && byte <= 'z';
}

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

/** Takes "scheme://" off `rest`. */
static bool take_scheme(tern_str *rest, tern_str *scheme)
{
    size_t len = 0;
    while (len < rest->len && (is_lower(rest->data[len]) || is_digit(rest->data[len]) ||
                               rest->data[len] == '+' || rest->data[len] == '-' || rest->data[len] == '.'))
        len++;
    if (len == 0 || !is_lower(rest->data[0]) || rest->len < len + 3 ||
        memcmp(rest->data + len, "://", 3) != 0)
        return false;
    *scheme = (tern_str){rest->data, len};
    *rest = (tern_str){rest->data + len + 3, rest->len - len - 3};
    return true;
}

static bool is_scheme(tern_str scheme, const char *name)
{
    return scheme.len == strlen(name) && memcmp(scheme.data, name, scheme.len) == 0;
}

static uint32_t port_of_scheme(tern_str scheme)
{
    if (is_scheme(scheme, "https") || is_scheme(scheme, "wss"))
        return 443;
    return is_scheme(scheme, "http") || is_scheme(scheme, "ws") ? 80 : 0;
}

/** Divides "host:port"; false for a host or port that a browser does not write. */
static bool divide(tern_str text, tern_str *host, tern_str *port)
{
    bool has_port = false;
    if (!authority_is_valid(text.data, text.len, &has_port))
        return false;
    *host = text;
    *port = (tern_str){NULL, 0};
    if (has_port) {
        while (host->data[host->len - 1] != ':')
            host->len--;
        *port = (tern_str){host->data + host->len, text.len - host->len};
        host->len--;
    }
    for (size_t i = 0; i < host->len; i++) {
        bool is_dot = host->data[i] == '.', is_edge = i == 0 || i + 1 == host->len;
        if ((is_dot && (is_edge || host->data[i - 1] == '.')) ||
            (host->data[i] >= 'A' && host->data[i] <= 'Z'))
            return false;
    }
    return true;
}

static bool read_port(tern_str text, uint32_t *port)
{
    uint64_t value;
    if (text.len == 0 || text.data[0] == '0' || !text_get_u64(text.data, text.len, &value) ||
        value > UINT16_MAX)
        return false;
    *port = (uint32_t)value;
    return true;
}

bool origin_read(tern_str text, http_origin *out)
{
    tern_str port;
    *out = (http_origin){0};
    if (!take_scheme(&text, &out->scheme) || !divide(text, &out->host, &port))
        return false;
    out->port = port_of_scheme(out->scheme);
    if (port.data == NULL)
        return true;
    uint32_t own = out->port;
    return read_port(port, &out->port) && out->port != own; /* a default port is never written */
}

static bool refuse(char *reason, size_t size, const char *why)
{
    snprintf(reason, size, "%s", why);
    return false;
}

/** The commonest mistakes, each with its mending. */
static bool refuse_origin(tern_str text, char *reason, size_t size)
{
    http_origin shorter;
    const char *scheme_end = memchr(text.data, ':', text.len);
    if (text.len == 4 && memcmp(text.data, "null", 4) == 0)
        return refuse(reason, size, "every sandboxed page and file has this origin; name the pages' own");
    if (text.len == 1 && text.data[0] == '*')
        return refuse(reason, size, "it is every origin; name those that you mean");
    if (scheme_end == NULL || text.len < (size_t)(scheme_end - text.data) + 3 ||
        memcmp(scheme_end, "://", 3) != 0)
        return refuse(reason, size, "write its scheme, like https://example.org");
    for (size_t len = text.len; len > 0; len--)
        if (origin_read((tern_str){text.data, len}, &shorter) && len < text.len &&
            (text.data[len] == '/' || text.data[len] == ':')) {
            snprintf(reason, size, "browsers send it as %.*s", (int)len, text.data);
            return false;
        }
    return refuse(reason, size,
                  "write scheme://host or scheme://host:port in lower case, like https://example.org");
}

bool origin_pattern_read(tern_str text, origin_pattern *out, char *reason, size_t size)
{
    const tern_str whole = text;
    tern_str scheme, host, port;
    char rest[512];
    *out = (origin_pattern){0};
    if (!take_scheme(&text, &scheme))
        return refuse_origin(whole, reason, size);
    if (text.len > 1 && text.data[0] == '*' && text.data[1] == '.')
        text = (tern_str){text.data + 1, text.len - 1};
    if (text.len > 0 && text.data[0] == '.') {
        out->is_for_children = true;
        text = (tern_str){text.data + 1, text.len - 1};
    }
    bool has_any_port = text.len > 2 && memcmp(text.data + text.len - 2, ":*", 2) == 0;
    text.len -= has_any_port ? 2 : 0;
    if (memchr(text.data, '*', text.len) != NULL)
        return refuse(reason, size, "a * is the first label of the host, or the port, and nothing else");
    if (text.len >= sizeof rest || !divide(text, &host, &port) || (has_any_port && port.data != NULL))
        return refuse_origin(whole, reason, size);
    if (out->is_for_children && memchr(host.data, '.', host.len) == NULL)
        return refuse(reason, size, "it is every host of a top-level domain; name a domain");
    out->origin = (http_origin){.scheme = scheme, .host = host, .port = port_of_scheme(scheme)};
    if (has_any_port)
        out->origin.port = ORIGIN_ANY_PORT;
    else if (port.data != NULL &&
             (!read_port(port, &out->origin.port) || out->origin.port == port_of_scheme(scheme)))
        return refuse_origin(whole, reason, size);
    return true;
}

static bool is_equal(tern_str a, tern_str b)
{
    return a.len == b.len && memcmp(a.data, b.data, a.len) == 0;
}

bool origin_pattern_admits(const origin_pattern *pattern, const http_origin *origin)
{
    const http_origin *wanted = &pattern->origin;
    if (!is_equal(wanted->scheme, origin->scheme) ||
        (wanted->port != ORIGIN_ANY_PORT && wanted->port != origin->port))
        return false;
    if (!pattern->is_for_children)
        return is_equal(wanted->host, origin->host);
    if (origin->host.len < wanted->host.len + 2)
        return false;
    const char *end = origin->host.data + origin->host.len - wanted->host.len;
    return end[-1] == '.' && memcmp(end, wanted->host.data, wanted->host.len) == 0;
}

bool origin_is_of_host(const http_origin *origin, tern_str host)
{
    bool has_port = false;
    uint32_t port = port_of_scheme(origin->scheme);
    if (host.data == NULL || !authority_is_valid(host.data, host.len, &has_port))
        return false;
    if (has_port) {
        uint64_t value = 0;
        size_t colon = host.len;
        while (host.data[colon - 1] != ':')
            colon--;
        if (!text_get_u64(host.data + colon, host.len - colon, &value))
            return false;
        port = (uint32_t)value;
        host.len = colon - 1;
    }
    return port == origin->port && host.len == origin->host.len &&
           text_equal_nocase(host.data, origin->host.data, host.len);
}

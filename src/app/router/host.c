#include "app/router/internal.h"

#include "base/mem.h"
#include "base/text.h"

#include <string.h>

enum { HOSTS_EXACT, HOSTS_WILDCARD };

/** Length of `host` without its port; a ':' inside brackets belongs to an IPv6 address. */
static size_t without_port(tern_str host)
{
    for (size_t i = host.len; i > 0; i--) {
        char byte = host.data[i - 1];
        if (byte == ':')
            return i - 1;
        if (byte < '0' || byte > '9')
            break;
    }
    return host.len;
}

size_t router_host_normal(tern_str host, char out[ROUTER_HOST_BYTES])
{
    size_t len = host.len != 0 ? without_port(host) : 0;
    if (len > 0 && host.data[len - 1] == '.')
        len--;
    if (len > ROUTER_HOST_BYTES)
        return 0;
    for (size_t i = 0; i < len; i++)
        out[i] = (char)text_lower((unsigned char)host.data[i]);
    return len;
}

/** Whether a route's host is valid: letters, digits, '-', '.', or an IPv6 address in brackets; no port. */
static bool is_host(const char *text)
{
    size_t len = strlen(text);
    if (len == 0 || len > ROUTER_HOST_BYTES)
        return false;
    const char *extra = text[0] == '[' && text[len - 1] == ']' ? "[:]" : "";
    if (*extra == '\0' && (text[0] == '.' || strstr(text, "..") != NULL))
        return false;
    for (size_t i = 0; i < len; i++) {
        unsigned char byte = text_lower((unsigned char)text[i]);
        bool is_plain = (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || byte == '-' ||
                        byte == '_' || byte == '.';
        if (!is_plain && strchr(extra, byte) == NULL)
            return false;
    }
    return true;
}

static bool host_room(router *r)
{
    if (r->host_count < r->host_room)
        return true;
    unsigned room = r->host_room != 0 ? r->host_room * 2 : 4;
    router_host *hosts = mem_realloc(r->hosts, room * sizeof *hosts);
    if (hosts == NULL)
        return false;
    r->hosts = hosts;
    r->host_room = room;
    return true;
}

bool router_host_add(router *r, const route *at, uint32_t *number)
{
    *number = 0;
    if (at->host == NULL)
        return true;
    bool is_wildcard = strncmp(at->host, "*.", 2) == 0;
    const char *shown = at->host + (is_wildcard ? 2 : 0);
    if (!is_host(shown)) {
        router_problem(r, at, "\"%s\" is not a host: a name without port, or \"*.\" and a name", at->host);
        return false;
    }
    char normal[1 + ROUTER_HOST_BYTES] = ".";
    size_t len = router_host_normal((tern_str){shown, strlen(shown)}, normal + 1);
    const char *name = normal + (is_wildcard ? 0 : 1);
    len += is_wildcard;
    uint32_t space = is_wildcard ? HOSTS_WILDCARD : HOSTS_EXACT;
    *number = name_table_find(&r->host_names, space, name, len);
    if (*number != 0)
        return true;
    char *kept = arena_text(&r->arena, name, len);
    if (kept == NULL || !host_room(r) || !name_table_put(&r->host_names, space, kept, len, r->host_count)) {
        r->memory_short = true;
        return false;
    }
    *number = r->host_count;
    r->hosts[r->host_count++] = (router_host){.name = kept, .is_wildcard = is_wildcard};
    return true;
}

/* `*from`: 0 means the exact name; afterwards it is 1 + the position from which to look for the next dot.
 * Every suffix is looked up at most once, and a name has at most 253 bytes, so the work is bounded. */
uint32_t router_host_next(const router *r, tern_str name, size_t *from)
{
    if (*from == 0) {
        *from = 2; /* a wildcard matches at least one byte */
        uint32_t exact = name_table_find(&r->host_names, HOSTS_EXACT, name.data, name.len);
        if (exact != 0)
            return exact;
    }
    while (*from - 1 < name.len) {
        size_t at = (*from)++ - 1, left = name.len - at;
        if (name.data[at] != '.')
            continue;
        uint32_t found = name_table_find(&r->host_names, HOSTS_WILDCARD, name.data + at, left);
        if (found != 0)
            return found;
    }
    return 0;
}

bool router_host_admits(const char *own, tern_str host)
{
    char name[ROUTER_HOST_BYTES];
    bool is_wildcard = strncmp(own, "*.", 2) == 0;
    const char *wanted = own + is_wildcard; /* a wildcard's dot is a part of it */
    size_t len = router_host_normal(host, name), wanted_len = strlen(wanted);
    if (is_wildcard ? len <= wanted_len : len != wanted_len)
        return false;
    return text_equal_nocase(name + len - wanted_len, wanted, wanted_len);
}

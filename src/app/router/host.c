#include "app/router/internal.h"

#include "base/mem.h"
#include "base/text.h"

#include <string.h>

enum { HOSTS_EXACT, HOSTS_WILDCARD, HOSTS_PATTERN };

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

/** Finds or adds a host with parameters, in the list of those with the same end. */
static bool add_pattern(router *r, const route *at, uint32_t *number)
{
    char end[ROUTER_HOST_BYTES + 1];
    tern_str text = router_host_end(at);
    size_t len = text.len < sizeof end ? text.len : sizeof end - 1;
    for (size_t i = 0; i < len; i++)
        end[i] = (char)text_lower((unsigned char)text.data[i]);
    router_host made = {.name = at->host, .pieces = at->host_pieces, .piece_count = at->host_piece_count};
    uint32_t first = name_table_find(&r->host_names, HOSTS_PATTERN, end, len), before = first;
    const char *kept = first == 0 ? arena_text(&r->arena, end, len) : end;
    if (kept == NULL || !host_room(r)) {
        r->memory_short = true;
        return false;
    }
    if (!router_host_place(r, at, &made, &first, number))
        return false;
    if (before == 0)
        r->has_host_patterns = true;
    else
        kept = r->hosts[before].end;
    r->hosts[first].end = kept;
    if (first == before || name_table_put(&r->host_names, HOSTS_PATTERN, kept, len, first))
        return true;
    r->memory_short = true;
    return false;
}

bool router_host_add(router *r, const route *at, uint32_t *number)
{
    *number = 0;
    if (at->host == NULL)
        return true;
    if (at->host_piece_count != 0)
        return add_pattern(r, at, number);
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

/** The next candidate at the cursor that the name is one of; 0 when there are no more. */
static uint32_t next_candidate(const router *r, tern_str name, host_cursor *cursor, tern_str *values)
{
    while (cursor->candidate != 0) {
        uint32_t number = cursor->candidate;
        cursor->candidate = r->hosts[number].next;
        if (router_host_match(&r->hosts[number], name, values))
            return number;
    }
    uint32_t number = cursor->wildcard;
    cursor->wildcard = 0;
    return number;
}

/* Every end of the name is looked up at most once, and a name has at most 253 bytes, so the work is bounded. */
uint32_t router_host_next(const router *r, tern_str name, host_cursor *cursor, tern_str *values)
{
    if (cursor->from == 0) {
        cursor->from = 2; /* a wildcard matches at least one byte */
        uint32_t exact = name_table_find(&r->host_names, HOSTS_EXACT, name.data, name.len);
        if (exact != 0)
            return exact;
    }
    for (;;) {
        uint32_t found = next_candidate(r, name, cursor, values);
        if (found != 0)
            return found;
        size_t at = cursor->from - 1, left = name.len - at;
        if (at > name.len)
            return 0;
        cursor->from++;
        if (left != 0 && name.data[at] != '.')
            continue;
        if (left != 0)
            cursor->wildcard = name_table_find(&r->host_names, HOSTS_WILDCARD, name.data + at, left);
        if (r->has_host_patterns)
            cursor->candidate = name_table_find(&r->host_names, HOSTS_PATTERN, name.data + at, left);
    }
}

bool router_host_admits(const char *own, tern_str host)
{
    char name[ROUTER_HOST_BYTES];
    if (strchr(own, '{') != NULL)
        return router_host_may_be(own, name, router_host_normal(host, name));
    bool is_wildcard = strncmp(own, "*.", 2) == 0;
    const char *wanted = own + is_wildcard; /* a wildcard's dot is a part of it */
    size_t len = router_host_normal(host, name), wanted_len = strlen(wanted);
    if (is_wildcard ? len <= wanted_len : len != wanted_len)
        return false;
    return text_equal_nocase(name + len - wanted_len, wanted, wanted_len);
}

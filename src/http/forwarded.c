#include "http/forwarded.h"

#include "base/text.h"
#include "http/authority.h"
#include "http/connection.h"
#include "http/peer.h"
#include "http/wire.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

enum { TRUST_UNKNOWN, TRUST_NONE, TRUST_PEER }; /* http_connection.trust */

/* -- texts -- */

static bool is_space(char byte)
{
    return byte == ' ' || byte == '\t';
}

static tern_str trim(tern_str text)
{
    while (text.len > 0 && is_space(text.data[0]))
        text = (tern_str){text.data + 1, text.len - 1};
    while (text.len > 0 && is_space(text.data[text.len - 1]))
        text.len--;
    return text;
}

static void skip(tern_str *rest, size_t bytes)
{
    *rest = (tern_str){rest->data + bytes, rest->len - bytes};
}

/** Takes a token or a quoted text, without its quotes; false where it is neither. */
static bool take_value(tern_str *rest, tern_str *value)
{
    size_t len = 0;
    if (rest->len > 0 && rest->data[0] == '"') {
        for (len = 1; len < rest->len && rest->data[len] != '"'; len++)
            if (rest->data[len] == '\\') /* nothing that is read here has one: the value is kept as it is */
                len++;
        if (len >= rest->len)
            return false;
        *value = (tern_str){rest->data + 1, len - 1};
        skip(rest, len + 1);
        return true;
    }
    while (len < rest->len && strchr("\",; \t", rest->data[len]) == NULL)
        len++;
    *value = (tern_str){rest->data, len};
    skip(rest, len);
    return len > 0;
}

/** Takes `name=value` to the next ';' or ','; false where it is malformed, or the element has it already. */
static bool take_pair(tern_str *rest, forwarded_element *out)
{
    static const char names[][6] = {"for", "proto", "host"};
    tern_str *const values[] = {&out->node, &out->proto, &out->host}, value;
    const char *equals = memchr(rest->data, '=', rest->len);
    if (equals == NULL)
        return false;
    const tern_str name = {rest->data, (size_t)(equals - rest->data)};
    for (size_t i = 0; i < name.len; i++)
        if (strchr(",; \t\"", name.data[i]) != NULL)
            return false;
    skip(rest, name.len + 1);
    if (name.len == 0 || !take_value(rest, &value))
        return false;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strlen(names[i]) != name.len || !text_equal_nocase(names[i], name.data, name.len))
            continue;
        if (values[i]->data != NULL)
            return false;
        *values[i] = value;
    }
    while (rest->len > 0 && is_space(rest->data[0]))
        skip(rest, 1);
    return rest->len == 0 || rest->data[0] == ';' || rest->data[0] == ',';
}

bool forwarded_next(tern_str *rest, forwarded_element *out, bool *is_bad)
{
    *out = (forwarded_element){0};
    *rest = trim(*rest);
    while (rest->len > 0 && (rest->data[0] == ',' || is_space(rest->data[0]))) /* empty elements */
        skip(rest, 1);
    if (rest->len == 0)
        return false;
    while (rest->len > 0 && rest->data[0] != ',') {
        if (rest->data[0] == ';' || is_space(rest->data[0])) {
            skip(rest, 1);
        } else if (!take_pair(rest, out)) {
            *is_bad = true;
            *rest = (tern_str){rest->data, 0};
            return false;
        }
    }
    return true;
}

static bool read_port(tern_str text, uint16_t *port)
{
    uint64_t value;
    if (!text_get_u64(text.data, text.len, &value) || value > UINT16_MAX)
        return false;
    *port = (uint16_t)value;
    return true;
}

bool forwarded_node_read(tern_str text, forwarded_node *out)
{
    char address[INET6_ADDRSTRLEN];
    tern_str host = text, port = {NULL, 0};
    const char *colon = memchr(text.data, ':', text.len), *close = NULL;
    *out = (forwarded_node){0};
    if (text.len == 0 || memchr(text.data, '\0', text.len) != NULL)
        return false;
    if (text.data[0] == '[') {
        close = memchr(text.data, ']', text.len);
        if (close == NULL)
            return false;
        host = (tern_str){text.data + 1, (size_t)(close - text.data) - 1};
        size_t after = text.len - host.len - 2;
        if (after != 0 && close[1] != ':')
            return false;
        if (after != 0)
            port = (tern_str){close + 2, after - 1};
    } else if (colon != NULL && memchr(colon + 1, ':', (size_t)(text.data + text.len - colon) - 1) == NULL) {
        host.len = (size_t)(colon - text.data); /* one colon: an IPv4 address with a port */
        port = (tern_str){colon + 1, text.len - host.len - 1};
    }
    if (host.len == 0 || host.len >= sizeof address || (port.data != NULL && !read_port(port, &out->port)))
        return false;
    memcpy(address, host.data, host.len);
    address[host.len] = '\0';
    bool is_v4 = close == NULL && inet_pton(AF_INET, address, out->address) == 1;
    out->family = is_v4 ? AF_INET : AF_INET6;
    return is_v4 || ((close != NULL || port.data == NULL) && inet_pton(AF_INET6, address, out->address) == 1);
}

/* -- trust -- */

static bool is_trusted_address(int family, const void *address)
{
    return http_network_has_address(http_self.limits.trusted, http_self.limits.trusted_count, family,
                                    address);
}

/** Whether the peer of the connection is trusted; asked of the kernel once for each connection. */
static bool is_trusted_peer(http_connection *k)
{
    struct sockaddr_storage peer = {0};
    socklen_t len = sizeof peer;
    if (k->trust != TRUST_UNKNOWN)
        return k->trust == TRUST_PEER;
    bool is_trusted = false;
    if (k->client != NULL)
        is_trusted = is_trusted_address(k->client->family, k->client->address);
    else if (getpeername(k->source.fd, (struct sockaddr *)&peer, &len) == 0)
        is_trusted = http_network_has(http_self.limits.trusted, http_self.limits.trusted_count,
                                      (const struct sockaddr *)&peer);
    k->trust = is_trusted ? TRUST_PEER : TRUST_NONE;
    return is_trusted;
}

/* -- what the fields say -- */

/** What one trusted proxy says: the last FORWARDED_HOPS_MAX of them, in a ring. */
typedef struct hops {
    forwarded_element ring[FORWARDED_HOPS_MAX];
    size_t count; /* of all elements */
} hops;

static forwarded_element *hop_at(hops *h, size_t from_right)
{
    return &h->ring[(h->count - 1 - from_right) % FORWARDED_HOPS_MAX];
}

static size_t hops_kept(const hops *h)
{
    return h->count < FORWARDED_HOPS_MAX ? h->count : FORWARDED_HOPS_MAX;
}

static bool read_standard(const http_request *request, hops *h)
{
    unsigned from = 0;
    http_header *field;
    bool is_bad = false;
    while ((field = http_request_header(request, "Forwarded", 9, &from)) != NULL) {
        tern_str rest = {field->value, field->value_len};
        while (forwarded_next(&rest, &h->ring[h->count % FORWARDED_HOPS_MAX], &is_bad))
            h->count++;
        if (is_bad)
            return false;
    }
    return true;
}

/** Takes the next element of a list that has no quotes; empty ones count, as they have a place in it. */
static bool list_next(tern_str *rest, tern_str *element)
{
    if (rest->data == NULL)
        return false;
    const char *comma = memchr(rest->data, ',', rest->len);
    size_t len = comma != NULL ? (size_t)(comma - rest->data) : rest->len;
    *element = trim((tern_str){rest->data, len});
    *rest = comma != NULL ? (tern_str){comma + 1, rest->len - len - 1} : (tern_str){NULL, 0};
    return true;
}

static void read_for(const http_request *request, hops *h)
{
    unsigned from = 0;
    http_header *field;
    while ((field = http_request_header(request, "X-Forwarded-For", 15, &from)) != NULL) {
        tern_str rest = {field->value, field->value_len}, node;
        while (list_next(&rest, &node)) {
            h->ring[h->count % FORWARDED_HOPS_MAX] = (forwarded_element){.node = node};
            h->count++;
        }
    }
}

/** The value of another list that belongs to the hop: the one at its place, if both have the same length, and its
 * last one otherwise: most proxies replace the list. NULL without the field. */
static tern_str beside(const http_request *request, const char *name, const hops *h, size_t from_right)
{
    size_t count = 0, wanted;
    tern_str rest, value = {NULL, 0}, found = {NULL, 0};
    http_header *field;
    for (unsigned pass = 0; pass < 2; pass++) {
        unsigned from = 0;
        wanted = count == h->count && count > from_right ? count - 1 - from_right : count - 1;
        size_t at = 0;
        while ((field = http_request_header(request, name, strlen(name), &from)) != NULL) {
            rest = (tern_str){field->value, field->value_len};
            for (; list_next(&rest, &value); at++)
                if (pass == 1 && at == wanted)
                    found = value;
        }
        count = at;
    }
    return found;
}

/** Skips trusted proxies from the right. Returns the place of the last element that a trusted proxy has written;
 * `*client` is the address found, of family 0 when there is none. */
static size_t find_client(hops *h, forwarded_node *client)
{
    forwarded_node node;
    size_t kept = hops_kept(h), at = 0;
    *client = (forwarded_node){0};
    for (; at < kept; at++) {
        const tern_str text = hop_at(h, at)->node;
        if (text.data == NULL || !forwarded_node_read(text, &node))
            return at;
        *client = node;
        if (!is_trusted_address(node.family, node.address))
            return at;
    }
    return kept > 0 ? kept - 1 : 0;
}

/* -- what becomes of the exchange -- */

static bool equals(tern_str text, const char *word)
{
    return text.len == strlen(word) && text_equal_nocase(text.data, word, text.len);
}

static void take_proto(http_exchange *x, tern_str proto)
{
    if (equals(proto, "https") || equals(proto, "wss"))
        x->scheme = HTTP_SCHEME_HTTPS;
    else if (equals(proto, "http") || equals(proto, "ws"))
        x->scheme = HTTP_SCHEME_HTTP;
}

/** Gives the request another host; false without memory. */
static bool take_host(http_exchange *x, tern_str host)
{
    http_request *request = arena_alloc(&x->arena, sizeof *request);
    if (request == NULL) {
        exchange_refuse(x, 503, "there is not enough memory for this request");
        return false;
    }
    *request = *x->request;
    request->host = host;
    x->request = request;
    return true;
}

/** The port belongs to the host if that has none, and is not the one that the scheme means anyway. */
static bool take_port(http_exchange *x, tern_str text)
{
    uint16_t port;
    bool has_port = false;
    tern_str host = x->request->host;
    if (text.data == NULL || host.data == NULL || !read_port(text, &port) ||
        port == (http_is_secure(x) ? 443 : 80) || !authority_is_valid(host.data, host.len, &has_port) ||
        has_port)
        return true;
    const char *joined = arena_printf(&x->arena, "%.*s:%u", (int)host.len, host.data, port);
    return take_host(x, joined != NULL ? (tern_str){joined, strlen(joined)} : host);
}

bool forwarded_take(http_exchange *x)
{
    hops h = {.count = 0};
    forwarded_node client;
    const unsigned fields = http_self.limits.forwarded;
    const http_request *request = x->request;
    if (!is_trusted_peer(x->connection))
        return true;
    if ((fields & FORWARDED_STANDARD) == 0)
        read_for(request, &h);
    else if (!read_standard(request, &h)) {
        exchange_refuse(x, 400, "the Forwarded field is malformed");
        return false;
    }
    size_t place = find_client(&h, &client);
    if (client.family != 0 && (fields & (FORWARDED_STANDARD | FORWARDED_FOR)) != 0)
        peer_take(x, client.family, client.address, client.port);
    forwarded_element said = h.count != 0 ? *hop_at(&h, place) : (forwarded_element){0};
    if ((fields & FORWARDED_PROTO) != 0)
        said.proto = beside(request, "X-Forwarded-Proto", &h, place);
    if ((fields & FORWARDED_HOST) != 0)
        said.host = beside(request, "X-Forwarded-Host", &h, place);
    take_proto(x, said.proto);
    if (said.host.len != 0 && !authority_is_valid(said.host.data, said.host.len, NULL)) {
        exchange_refuse(x, 400, "the host that the proxy forwards is not a host");
        return false;
    }
    if (said.host.len != 0 && !take_host(x, said.host))
        return false;
    return (fields & FORWARDED_PORT) == 0 || take_port(x, beside(request, "X-Forwarded-Port", &h, place));
}

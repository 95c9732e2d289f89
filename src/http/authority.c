#include "http/authority.h"

#include "http/scan/scan.h"

#include <arpa/inet.h>
#include <string.h>

/** Length of "[IPv6]" at the start of `text`, 0 without one. */
static size_t ipv6_literal(const char *text, size_t len)
{
    char address[INET6_ADDRSTRLEN];
    const char *close = memchr(text, ']', len);
    if (close == NULL)
        return 0;
    size_t inside = (size_t)(close - text) - 1;
    if (inside == 0 || inside >= sizeof address)
        return 0;
    memcpy(address, text + 1, inside);
    address[inside] = '\0';
    struct in6_addr parsed;
    if (strlen(address) != inside || inet_pton(AF_INET6, address, &parsed) != 1)
        return 0;
    return inside + 2;
}

static bool port_is_valid(const char *text, size_t len)
{
    unsigned port = 0;
    if (len == 0 || len > 5)
        return false;
    for (size_t i = 0; i < len; i++) {
        unsigned digit = (unsigned)(unsigned char)text[i] - '0';
        if (digit > 9)
            return false;
        port = port * 10 + digit;
    }
    return port <= 65535;
}

bool authority_is_valid(const char *text, size_t len, bool *has_port)
{
    size_t host_len = 0;
    if (len > 0 && text[0] == '[')
        host_len = ipv6_literal(text, len);
    else
        while (host_len < len && scan_is(SCAN_UNRESERVED, text[host_len]))
            host_len++;
    if (has_port != NULL)
        *has_port = host_len < len;
    if (host_len == 0 || host_len == len)
        return host_len != 0;
    return text[host_len] == ':' && port_is_valid(text + host_len + 1, len - host_len - 1);
}

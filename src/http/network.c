#include "http/network.h"

#include "base/text.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

static bool refuse(char *reason, size_t size, const char *why)
{
    snprintf(reason, size, "%s", why);
    return false;
}

/** Whether the first `bits` bits of both are equal. */
static bool is_equal(const uint8_t *a, const uint8_t *b, unsigned bits)
{
    unsigned bytes = bits / 8, rest = bits % 8;
    if (memcmp(a, b, bytes) != 0)
        return false;
    return rest == 0 || (a[bytes] ^ b[bytes]) >> (8 - rest) == 0;
}

static void clear_beyond(uint8_t bytes[16], unsigned bits)
{
    for (unsigned at = bits; at < 128; at++)
        bytes[at / 8] &= (uint8_t) ~(0x80U >> at % 8);
}

static bool refuse_beyond(const http_network *network, const uint8_t cleared[16], char *reason, size_t size)
{
    char text[INET6_ADDRSTRLEN];
    inet_ntop(network->family, cleared, text, sizeof text);
    snprintf(reason, size, "its address has bits after its first %u; write %s/%u", network->bits, text,
             network->bits);
    return false;
}

bool http_network_read(const char *text, size_t len, http_network *out, char *reason, size_t size)
{
    char address[INET6_ADDRSTRLEN];
    const char *slash = memchr(text, '/', len);
    size_t address_len = slash != NULL ? (size_t)(slash - text) : len;
    *out = (http_network){.family = AF_UNIX};
    if (len == 4 && memcmp(text, "unix", 4) == 0)
        return true;
    if (address_len >= sizeof address || memchr(text, '\0', len) != NULL)
        return refuse(reason, size, "write an address, like 10.0.0.0/8 or 2001:db8::/32, or unix");
    memcpy(address, text, address_len);
    address[address_len] = '\0';
    if (inet_pton(AF_INET, address, out->bytes) == 1)
        out->family = AF_INET;
    else if (inet_pton(AF_INET6, address, out->bytes) == 1)
        out->family = AF_INET6;
    else
        return refuse(reason, size, "write an address, like 10.0.0.0/8 or 2001:db8::/32, or unix");
    uint64_t most = out->family == AF_INET ? 32 : 128, bits = most;
    if (slash != NULL && (!text_get_u64(slash + 1, len - address_len - 1, &bits) || bits > most)) {
        snprintf(reason, size, "after its slash is not a number from 0 to %u", (unsigned)most);
        return false;
    }
    out->bits = (uint8_t)bits;
    uint8_t cleared[16];
    memcpy(cleared, out->bytes, sizeof cleared);
    clear_beyond(cleared, out->bits);
    return memcmp(cleared, out->bytes, sizeof cleared) == 0 || refuse_beyond(out, cleared, reason, size);
}

bool http_network_has_address(const http_network *list, unsigned count, int family, const void *bytes)
{
    const struct in6_addr *v6 = bytes;
    if (family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(v6)) {
        family = AF_INET;
        bytes = &v6->s6_addr[12];
    }
    for (unsigned i = 0; i < count; i++)
        if (list[i].family == family && (family == AF_UNIX || is_equal(list[i].bytes, bytes, list[i].bits)))
            return true;
    return false;
}

bool http_network_has(const http_network *list, unsigned count, const struct sockaddr *address)
{
    const void *bytes = NULL;
    if (address->sa_family == AF_INET)
        bytes = &((const struct sockaddr_in *)(const void *)address)->sin_addr;
    else if (address->sa_family == AF_INET6)
        bytes = &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
    else if (address->sa_family != AF_UNIX)
        return false;
    return http_network_has_address(list, count, address->sa_family, bytes);
}

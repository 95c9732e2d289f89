#include "fetch/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct range4 {
    uint32_t first;
    unsigned bits;
} range4;

#define IP4(a, b, c, d) ((uint32_t)(a) << 24 | (b) << 16 | (c) << 8 | (d))

/* IANA IPv4 Special-Purpose Address Registry, and multicast. */
static const range4 not_public4[] = {
    {IP4(0, 0, 0, 0), 8},      /* this network */
    {IP4(10, 0, 0, 0), 8},     /* private */
    {IP4(100, 64, 0, 0), 10},  /* shared, CGNAT */
    {IP4(127, 0, 0, 0), 8},    /* loopback */
    {IP4(169, 254, 0, 0), 16}, /* link-local, where clouds have their metadata */
    {IP4(172, 16, 0, 0), 12},  /* private */
    {IP4(192, 0, 0, 0), 24},   /* protocol assignments */
    {IP4(192, 0, 2, 0), 24},   /* documentation */
    {IP4(192, 31, 196, 0), 24}, {IP4(192, 52, 193, 0), 24}, {IP4(192, 88, 99, 0), 24}, /* 6to4 relays */
    {IP4(192, 168, 0, 0), 16},                                                         /* private */
    {IP4(192, 175, 48, 0), 24},                                                        /* AS112 */
    {IP4(198, 18, 0, 0), 15},                                                          /* benchmarks */
    {IP4(198, 51, 100, 0), 24},                                                        /* documentation */
    {IP4(203, 0, 113, 0), 24},                                                         /* documentation */
    {IP4(224, 0, 0, 0), 4},                                                            /* multicast */
    {IP4(240, 0, 0, 0), 4}, /* reserved, broadcast */
};

static bool is_public4(uint32_t address)
{
    for (size_t i = 0; i < sizeof not_public4 / sizeof *not_public4; i++)
        if ((address ^ not_public4[i].first) >> (32 - not_public4[i].bits) == 0)
            return false;
    return true;
}

typedef struct range6 {
    uint8_t first[16];
    unsigned bits;
} range6;

/* Within 2000::/3, the only global unicast range (RFC 4291); everything outside of it is refused as a whole. */
static const range6 not_public6[] = {
    {{0x20, 0x01, 0x00}, 23},          /* protocol assignments, with Teredo, benchmarks, ORCHID */
    {{0x20, 0x01, 0x0d, 0xb8}, 32},    /* documentation */
    {{0x26, 0x20, 0, 0x4f, 0x80}, 48}, /* AS112 */
    {{0x3f, 0xff, 0x00}, 20},          /* documentation */
    {{0x3f, 0xfe}, 16},                /* 6bone, returned */
};

static bool is_in6(const uint8_t *address, const range6 *range)
{
    unsigned bytes = range->bits / 8, rest = range->bits % 8;
    if (memcmp(address, range->first, bytes) != 0)
        return false;
    return rest == 0 || ((unsigned)(address[bytes] ^ range->first[bytes]) >> (8 - rest)) == 0;
}

static uint32_t inner4(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static bool is_public6(const uint8_t *a)
{
    static const range6 mapped = {{[10] = 0xff, 0xff}, 96}, nat64 = {{0x00, 0x64, 0xff, 0x9b}, 96},
                        global = {{0x20}, 3}, six_to_four = {{0x20, 0x02}, 16};
    if (is_in6(a, &mapped) || is_in6(a, &nat64)) /* RFC 4291 section 2.5.5.2; RFC 6052 */
        return is_public4(inner4(a + 12));
    if (!is_in6(a, &global))
        return false;
    for (size_t i = 0; i < sizeof not_public6 / sizeof *not_public6; i++)
        if (is_in6(a, &not_public6[i]))
            return false;
    if (is_in6(a, &six_to_four)) /* RFC 3056 */
        return is_public4(inner4(a + 2));
    static const uint8_t isatap[3] = {0x00, 0x5e, 0xfe}; /* RFC 5214: [02]00:5efe:IPv4 as interface */
    if ((a[8] & 0xfd) == 0 && memcmp(a + 9, isatap, sizeof isatap) == 0)
        return is_public4(inner4(a + 12));
    return true;
}

bool address_is_public(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET)
        return is_public4(ntohl(((const struct sockaddr_in *)(const void *)address)->sin_addr.s_addr));
    if (address->sa_family == AF_INET6)
        return is_public6(((const struct sockaddr_in6 *)(const void *)address)->sin6_addr.s6_addr);
    return false;
}

bool address_text_is_public(const char *text)
{
    struct in_addr four;
    struct in6_addr six;
    char copy[INET6_ADDRSTRLEN];
    size_t len = strcspn(text, "%"); /* a zone */
    if (len >= sizeof copy)
        return false;
    memcpy(copy, text, len);
    copy[len] = '\0';
    if (inet_pton(AF_INET, copy, &four) == 1)
        return is_public4(ntohl(four.s_addr));
    return inet_pton(AF_INET6, copy, &six) == 1 && is_public6(six.s6_addr);
}

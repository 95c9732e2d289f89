/** Networks that an operator names: "10.0.0.0/8", "2001:db8::/32", "192.0.2.1", "unix". */
#ifndef HTTP_NETWORK_H
#define HTTP_NETWORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sockaddr;

enum { HTTP_NETWORKS_MAX = 32 };

typedef struct http_network {
    uint8_t family;    /* AF_INET, AF_INET6 or AF_UNIX */
    uint8_t bits;      /* of `bytes` that count */
    uint8_t bytes[16]; /* the first 4 of IPv4; the others are zero */
} http_network;

/** Reads `len` bytes of text; false with a clause in `reason` that says what is wrong, and how to mend it. */
bool http_network_read(const char *text, size_t len, http_network *out, char *reason, size_t size);

/** Whether `address` is in one of the networks. An IPv4 address inside IPv6 (::ffff:192.0.2.1), as sockets have
 * it that serve both, is taken for what it is. */
bool http_network_has(const http_network *list, unsigned count, const struct sockaddr *address);
/** Whether an address of AF_INET (4 bytes), AF_INET6 (16 bytes) or AF_UNIX (none) is in one of the networks. */
bool http_network_has_address(const http_network *list, unsigned count, int family, const void *bytes);

#endif

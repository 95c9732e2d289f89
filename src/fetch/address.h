/** Which addresses are of the public Internet (RFC 6890 and IANA's special-purpose registries). */
#ifndef FETCH_ADDRESS_H
#define FETCH_ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>

/**
 * Whether `address` is one that anybody on the Internet could be reached at.
 *
 * False for private, loopback, link-local, shared (CGNAT), multicast, documentation, benchmark and reserved ranges,
 * for families other than IPv4 and IPv6, and for IPv6 addresses that contain such an IPv4 address: IPv4-mapped,
 * IPv4-compatible, 6to4, NAT64, Teredo, ISATAP.
 */
bool address_is_public(const struct sockaddr *address);
/** The same of a literal ("192.0.2.1", "2001:db8::1"); false when it is not one. */
bool address_text_is_public(const char *text);

#endif

/** The authority of a request: `host` or `host:port`, nothing else. */
#ifndef HTTP_AUTHORITY_H
#define HTTP_AUTHORITY_H

#include <stdbool.h>
#include <stddef.h>

/**
 * Whether `len` bytes are a host with an optional port from 0 to 65535.
 *
 * The host is an IPv6 address in brackets, or one or more of letters, digits, '-', '.', '_' and '~'. That is
 * RFC 3986's reg-name without percent-escapes and sub-delimiters, which DNS names do not have and which are
 * dangerous where an application prints its own address. User information, a path or a list never pass.
 *
 * @param has_port  receives whether it has a port; may be NULL.
 */
bool authority_is_valid(const char *text, size_t len, bool *has_port);

#endif

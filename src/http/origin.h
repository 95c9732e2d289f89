/** Origins as browsers send them in Origin (RFC 6454, serialised): scheme://host, scheme://host:port. */
#ifndef HTTP_ORIGIN_H
#define HTTP_ORIGIN_H

#include <tern/str.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct http_origin {
    tern_str scheme, host; /* in lower case; an IPv6 address with its brackets */
    uint32_t port;         /* the scheme's own if it has none; 0: neither */
} http_origin;

/** Reads one; false for "null" and for everything that a browser does not send: upper case, a user, a path, a '/' at the
 * end, a port with zeros before it, two of them, a host that ends in a dot or has an empty label. */
bool origin_read(tern_str text, http_origin *out);

enum { ORIGIN_ANY_PORT = UINT32_MAX };

/** An element of a list. */
typedef struct origin_pattern {
    http_origin origin;   /* its port may be ORIGIN_ANY_PORT */
    bool is_for_children; /* of every host below this one, and not of it */
} origin_pattern;

/** Reads "https://example.org", "https://.example.org", the same with "*." for the first dot, "http://localhost:*"; false with a
 * clause in `reason` that says what to write. */
bool origin_pattern_read(tern_str text, origin_pattern *out, char *reason, size_t size);
bool origin_pattern_admits(const origin_pattern *pattern, const http_origin *origin);

/** Whether the origin's host and port are those of "host" or "host:port" (any case), whose default port is that of the
 * origin's scheme. */
bool origin_is_of_host(const http_origin *origin, tern_str host);

#endif

/**
 * The header by which a proxy announces its client, before the first byte of TLS or HTTP: the PROXY protocol,
 * versions 1 and 2 (https://www.haproxy.org/download/2.9/doc/proxy-protocol.txt, sections 2.1 and 2.2).
 */
#ifndef HTTP_PROXY_HEADER_H
#define HTTP_PROXY_HEADER_H

#include "runtime/worker.h"

#include <stddef.h>

enum {
    PROXY_LINE_MAX = 107, /* bytes of version 1, with its CRLF */
    PROXY_HEADER_MAX =
        4096 /* bytes of version 2 that are accepted: addresses are 216 at most, the rest TLVs */
};

typedef enum proxy_result { PROXY_MORE, PROXY_DONE, PROXY_BAD } proxy_result;

typedef struct proxy_header {
    size_t len;       /* bytes of the header: what follows belongs to TLS or HTTP */
    worker_peer peer; /* AF_UNSPEC for LOCAL, UNKNOWN and UNSPEC: the connection's own */
} proxy_header;

/**
 * Reads a header at the beginning of `len` bytes that have arrived so far.
 *
 * @return PROXY_MORE when all of them can be the beginning of one, PROXY_DONE with it in `out`, and PROXY_BAD
 * as soon as they cannot be one; bytes after a header are not looked at. Datagram families are taken like
 * streams: a proxy may serve QUIC. TLVs must fit their header, and are skipped.
 */
proxy_result proxy_header_read(const void *data, size_t len, proxy_header *out);

#endif

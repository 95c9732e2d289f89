/** Connections of proxies, which begin with a PROXY header (proxy_header.h) before TLS or HTTP. */
#ifndef HTTP_PROXY_H
#define HTTP_PROXY_H

#include "http/connection.h"

/** Whether the peer of a fresh connection is one of http_limits.proxies, and so must begin with a header. */
bool proxy_is_expected(int fd);

/** Waits for the header; then the connection goes on as one without (connection_begin). A peer that sends no
 * header, or one that is wrong or too late, is closed without an answer. */
void proxy_begin(http_connection *k);

#endif

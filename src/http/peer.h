/** The addresses of clients. */
#ifndef HTTP_PEER_H
#define HTTP_PEER_H

#include "http/connection.h"

enum { PEER_BYTES = sizeof((http_exchange *)NULL)->address };

/** Writes the socket's peer as text ("192.0.2.1", "unix:", "unknown"). */
void peer_print(int fd, char out[PEER_BYTES]);

/** Takes an address of AF_INET or AF_INET6, which a trusted proxy forwards, for the client's of this request. */
void peer_take(http_exchange *x, int family, const void *address, uint16_t port);

#endif

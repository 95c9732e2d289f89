/** The addresses of clients. */
#ifndef HTTP_PEER_H
#define HTTP_PEER_H

#include "http/connection.h"

enum { PEER_BYTES = sizeof((http_exchange *)NULL)->address };

/** Writes the socket's peer as text ("192.0.2.1", "unix:", "unknown"); returns its port, 0 without one. */
uint16_t peer_print(int fd, char out[PEER_BYTES]);

#endif

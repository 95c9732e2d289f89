/**
 * An address to listen on, as an operator writes it.
 *
 *   http://127.0.0.1:8000   http://[::1]:8000   https://example.org:8443   unix:/run/app.sock   systemd
 */
#ifndef RUNTIME_LISTEN_ADDRESS_H
#define RUNTIME_LISTEN_ADDRESS_H

#include "runtime/worker.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    LISTENERS_MAX = 16,
    LISTEN_HOST_MAX = 253,                       /* bytes of a name (RFC 1035 section 2.3.4) */
    LISTEN_PATH_MAX = 107,                       /* bytes of a socket file's path (unix(7)) */
    LISTEN_TEXT_BYTES = 16 + LISTEN_HOST_MAX + 1 /* of an address as text, with its NUL */
};

typedef enum listen_family {
    LISTEN_TCP,
    LISTEN_FILE,   /* a Unix socket */
    LISTEN_SYSTEMD /* every socket that systemd has passed */
} listen_family;

typedef struct listen_address {
    listen_family family;
    listener_kind kind;
    uint16_t port;                  /* of TCP; 0: any free one */
    char host[LISTEN_HOST_MAX + 1]; /* a name or an address without brackets; the path of a socket file */
} listen_address;

/** Reads `len` bytes of text; false with a clause in `reason` that says what is wrong, and how to mend it. */
bool listen_address_read(const char *text, size_t len, listen_address *out, char *reason, size_t size);

/** The address that --host and --port name: a host with or without brackets, or "unix:/path". */
bool listen_address_from_host(const char *host, uint16_t port, listen_address *out, char *reason,
                              size_t size);

/** Writes it as listen_address_read takes it. */
void listen_address_print(const listen_address *address, char out[LISTEN_TEXT_BYTES]);

/** Whether both name the same socket, by their text alone: two free ports are never the same. */
bool listen_address_is_same(const listen_address *a, const listen_address *b);

#endif

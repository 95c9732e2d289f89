/**
 * A client and a server in one process: for tests that must see every byte and every allocation of both.
 */
#ifndef TESTS_WIRE_H
#define TESTS_WIRE_H

#include "http/exchange.h"

typedef struct wire_script {
    const void *request;
    size_t len;
    size_t piece;       /* bytes sent in each turn of the loop; 0: all at once */
    bool closes_after;  /* the client shuts its sending side down after the last byte */
    unsigned leaves_at; /* the turn of the loop at which the client closes its socket; 0: it stays */
    bool waits;         /* the handler waits for threads: the client gives them a millisecond in each turn */
    unsigned drains_at; /* the turn at which the server begins to drain, to abort 30 turns later; 0: never */
} wire_script;

/**
 * Serves one connection until it is closed, and writes what the client heard to `reply` (`size` bytes,
 * NUL-terminated).
 * @return the bytes heard, or -1 when the connection was neither answered nor closed in the turns a test may
 * take.
 *
 * The caller has opened the loop and the server (wire_open), and closes them (wire_close).
 */
long wire_talk(const wire_script *script, char *reply, size_t size);

/** Opens loop and server for `service`; false with memory or descriptors short. */
bool wire_open(const http_service *service, const http_limits *limits);
void wire_close(void);

#endif

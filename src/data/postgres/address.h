/** Where a PostgreSQL URL leads: checked before any connection, hosts looked up without blocking the loop. */
#ifndef POSTGRES_ADDRESS_H
#define POSTGRES_ADDRESS_H

#include "base/buf.h"
#include "data/postgres/libpq.h"
#include "data/postgres/side_thread.h"

#include <netdb.h>

enum { ADDRESS_OPTIONS_MOST = 64 };

/** Options for PQconnectStartParams; both lists end with NULL. They point into the address they came from. */
typedef struct address_options {
    const char *names[ADDRESS_OPTIONS_MOST + 1], *values[ADDRESS_OPTIONS_MOST + 1];
    unsigned count;
} address_options;

typedef struct address {
    PQconninfoOption *given; /* what the URL says */
} address;

/** Hosts being looked up, in a heap block that the thread and the loop share. */
typedef struct address_lookup {
    side_thread job;
    void *owner; /* the on_done's own */
    char *hosts, *ports;
    buf found_hosts, found_addresses, found_ports; /* comma lists of the same length; no hosts: none found */
    char problem[160];
} address_lookup;

/** Takes the URL apart; false with one line in `problems` that holds nothing of the password. */
bool address_parse(address *to, const char *url, buf *problems);
void address_free(address *to);

/** Whether connecting would ask the resolver: host names, neither numbers nor Unix sockets. */
bool address_needs_lookup(const address *to);
/** Starts looking up; `on_done` finds the `owner` and frees nothing. NULL when memory or a thread is missing.
 */
address_lookup *address_look_up(const address *to, void *owner, void (*on_done)(side_thread *job));

/** What to connect with: the URL's options, those found by `lookup` (may be NULL), and our own defaults. */
void address_options_of(const address *to, const address_lookup *lookup, address_options *options);

#endif

/** The address in a PostgreSQL URL: checked before any connection. Hosts are looked up without blocking the
 * loop. */
#ifndef POSTGRES_ADDRESS_H
#define POSTGRES_ADDRESS_H

#include "base/buf.h"
#include "data/postgres/libpq.h"
#include "runtime/side_thread.h"

#include <netdb.h>

enum { ADDRESS_OPTIONS_MOST = 64 };

/** Options for PQconnectStartParams; both lists end with NULL. They point into their address. */
typedef struct address_options {
    const char *names[ADDRESS_OPTIONS_MOST + 1], *values[ADDRESS_OPTIONS_MOST + 1];
    unsigned count;
} address_options;

typedef struct address {
    PQconninfoOption *given; /* options from the URL */
} address;

/** A lookup of hosts, in a heap block that the thread and the loop share. */
typedef struct address_lookup {
    side_thread job;
    void *owner; /* private to on_done */
    char *hosts, *ports;
    buf found_hosts, found_addresses, found_ports; /* comma lists of the same length; empty: not found */
    char problem[160];
} address_lookup;

/** Parses the URL; false with one line in `problems` that never contains the password. */
bool address_parse(address *to, const char *url, buf *problems);
void address_free(address *to);

/** Whether connecting needs the resolver: for host names, not for numeric addresses or Unix sockets. */
bool address_needs_lookup(const address *to);
/**
 * Starts a lookup. `on_done` finds the `owner` in it, and must not free anything. NULL when memory or a
 * thread is missing.
 */
address_lookup *address_look_up(const address *to, void *owner, void (*on_done)(side_thread *job));

/** The options for connecting: those of the URL, the result of `lookup` (may be NULL), and Tern's
 * defaults. */
void address_options_of(const address *to, const address_lookup *lookup, address_options *options);

#endif

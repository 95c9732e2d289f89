/** Addresses of names, by getaddrinfo in a thread of its own: a name server that does not answer delays no one else. */
#ifndef RUNTIME_LOOKUP_H
#define RUNTIME_LOOKUP_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LOOKUP_ADDRESSES_MOST = 16 };

typedef struct lookup_address {
    union {
        struct sockaddr any;
        struct sockaddr_in four;
        struct sockaddr_in6 six;
    };
    socklen_t len;
} lookup_address;

typedef struct lookup lookup;

/** Called once on the loop's stack, unless lookup_forget was called before. No addresses: `problem` says why. */
typedef void lookup_on_done(void *arg, const lookup_address *addresses, size_t count, const char *problem);

/** Starts to look up a name; NULL when no thread can be started. */
lookup *lookup_start(const char *name, uint16_t port, lookup_on_done *on_done, void *arg);
/** `on_done` will not be called; the thread ends by itself. */
void lookup_forget(lookup *l);

/** Reads a dotted IPv4 address; false when it is a name. */
bool lookup_literal(const char *name, uint16_t port, lookup_address *address);

#endif

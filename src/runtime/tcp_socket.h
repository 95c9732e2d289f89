/** Listening sockets of TCP: one a worker, all on one port. */
#ifndef RUNTIME_TCP_SOCKET_H
#define RUNTIME_TCP_SOCKET_H

#include "runtime/listen_address.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

typedef struct tcp_address {
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } at;
    socklen_t len;
} tcp_address;

typedef struct tcp_options {
    int backlog;
    bool v6_only; /* an IPv6 socket leaves IPv4 to another one; otherwise [::] serves both */
} tcp_options;

/**
 * Finds the first of the host's addresses that can be bound, and closes it again.
 *
 * A port that another process listens on is refused, although SO_REUSEPORT would let two services of one user
 * share it, unless `may_share`: a program that takes over from its predecessor meets the latter's sockets.
 * False with a clause in `reason`.
 */
bool tcp_socket_find(const listen_address *address, tcp_options options, bool may_share, tcp_address *found,
                     char *reason, size_t size);

/** A listening socket of its own (SO_REUSEPORT): non-blocking, close-on-exec, TCP_NODELAY for what it accepts.
 * -1 with errno. */
int tcp_socket_listen(const tcp_address *address, tcp_options options);

/** What a user can do about a failure. */
const char *tcp_socket_hint(int error);

/** Whether two addresses are the same, with the same port; free ports (0) never are. */
bool tcp_address_is_same(const tcp_address *a, const tcp_address *b);

/** Whether `address` is every interface of the family: AF_INET (0.0.0.0) or AF_INET6 ([::]). */
bool tcp_address_is_every(const listen_address *address, int family);

#endif

#include "runtime/tcp_socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct {
    int error;
    const char *text;
} hints[] = {
    {EADDRINUSE, "address already in use; choose another port"},
    {EACCES, "permission denied; ports below 1024 need a privilege, choose another port"},
    {EADDRNOTAVAIL, "this machine has no such address; choose another host"},
    {EAFNOSUPPORT,
     "this machine does not speak that protocol; choose another host (0.0.0.0 for all of IPv4)"},
    {EMFILE, "Too many open files; raise the limit (ulimit -n), or use fewer workers or listeners"},
};

const char *tcp_socket_hint(int error)
{
    for (size_t i = 0; i < sizeof hints / sizeof hints[0]; i++)
        if (hints[i].error == error)
            return hints[i].text;
    return strerror(error);
}

static void close_keeping_errno(int fd)
{
    int error = errno;
    close(fd);
    errno = error;
}

/** A socket bound to `address`; -1 with errno. SO_REUSEADDR lets a restart ignore connections in
 * TIME_WAIT. */
static int bind_tcp(const tcp_address *address, bool v6_only, bool share_port)
{
    int fd = socket(address->at.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    const int on = 1, only = v6_only;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 ||
        (share_port && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) < 0) ||
        /* accepted sockets inherit it: one system call less a connection */
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) < 0 ||
        (address->at.any.sa_family == AF_INET6 &&
         setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof only) < 0) ||
        bind(fd, &address->at.any, address->len) < 0) {
        close_keeping_errno(fd);
        return -1;
    }
    return fd;
}

int tcp_socket_listen(const tcp_address *address, tcp_options options)
{
    int fd = bind_tcp(address, options.v6_only, true);
    if (fd >= 0 && listen(fd, options.backlog) < 0) {
        close_keeping_errno(fd);
        return -1;
    }
    return fd;
}

/** Whether `address` can be bound; errno when not. Without SO_REUSEPORT a bind fails beside any listening
 * socket. */
static bool try_bind(const tcp_address *address, tcp_options options, bool may_share)
{
    int fd = bind_tcp(address, options.v6_only, may_share);
    if (fd < 0)
        return false;
    close(fd);
    return true;
}

bool tcp_socket_find(const listen_address *address, tcp_options options, bool may_share, tcp_address *found,
                     char *reason, size_t size)
{
    char port[8];
    snprintf(port, sizeof port, "%u", address->port);
    struct addrinfo *list = NULL;
    const struct addrinfo wish = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    int failure = getaddrinfo(address->host, port, &wish, &list);
    if (failure != 0) {
        snprintf(reason, size, "%s", failure == EAI_SYSTEM ? strerror(errno) : gai_strerror(failure));
        return false;
    }
    int error = EADDRNOTAVAIL;
    bool is_found = false;
    for (const struct addrinfo *info = list; info != NULL && !is_found; info = info->ai_next) {
        if (info->ai_addrlen > sizeof found->at)
            continue;
        *found = (tcp_address){.len = info->ai_addrlen};
        memcpy(&found->at, info->ai_addr, info->ai_addrlen);
        is_found = try_bind(found, options, may_share);
        if (!is_found)
            error = errno;
        if (!is_found && error == EADDRINUSE)
            break; /* the next address of the same name would hide that the port is taken */
    }
    freeaddrinfo(list);
    if (!is_found)
        snprintf(reason, size, "%s", tcp_socket_hint(error));
    return is_found;
}

bool tcp_address_is_same(const tcp_address *a, const tcp_address *b)
{
    if (a->at.any.sa_family != b->at.any.sa_family)
        return false;
    if (a->at.any.sa_family == AF_INET)
        return a->at.v4.sin_port != 0 && a->at.v4.sin_port == b->at.v4.sin_port &&
               a->at.v4.sin_addr.s_addr == b->at.v4.sin_addr.s_addr;
    return a->at.v6.sin6_port != 0 && a->at.v6.sin6_port == b->at.v6.sin6_port &&
           a->at.v6.sin6_scope_id == b->at.v6.sin6_scope_id &&
           memcmp(&a->at.v6.sin6_addr, &b->at.v6.sin6_addr, sizeof a->at.v6.sin6_addr) == 0;
}

bool tcp_address_is_every(const listen_address *address, int family)
{
    static const struct in6_addr zero;
    struct in6_addr number;
    return address->family == LISTEN_TCP && inet_pton(family, address->host, &number) == 1 &&
           memcmp(&number, &zero, family == AF_INET ? sizeof(struct in_addr) : sizeof number) == 0;
}

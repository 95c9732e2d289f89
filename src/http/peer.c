#include "http/peer.h"

#include "base/text.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

/** As inet_ntop, which goes through printf: addresses are in log lines and keys of limits. */
static void print_v4(const unsigned char *bytes, char *out)
{
    for (unsigned i = 0; i < 4; i++) {
        if (i != 0)
            *out++ = '.';
        out += text_put_u64(out, bytes[i]);
    }
    *out = '\0';
}

/** Writes an address; one of IPv4 inside IPv6, as sockets have it that serve both, as what it is. */
static void print(int family, const void *bytes, char out[PEER_BYTES])
{
    const struct in6_addr *v6 = bytes;
    bool is_mapped = family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(v6);
    if (family == AF_UNIX)
        memcpy(out, "unix:", sizeof "unix:");
    else if (family == AF_INET || is_mapped)
        print_v4(is_mapped ? &v6->s6_addr[12] : bytes, out);
    else
        inet_ntop(family, bytes, out, PEER_BYTES);
}

uint16_t peer_print(int fd, char out[PEER_BYTES])
{
    struct sockaddr_storage peer = {0};
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    socklen_t len = sizeof peer;
    memcpy(out, "unknown", sizeof "unknown");
    if (getpeername(fd, (struct sockaddr *)&peer, &len) != 0)
        return 0;
    memcpy(&v4, &peer, sizeof v4);
    memcpy(&v6, &peer, sizeof v6);
    bool is_v6 = peer.ss_family == AF_INET6;
    print(peer.ss_family, is_v6 ? (const void *)&v6.sin6_addr : &v4.sin_addr, out);
    return peer.ss_family == AF_UNIX ? 0 : ntohs(is_v6 ? v6.sin6_port : v4.sin_port);
}

static void read_address(http_exchange *x)
{
    if (x->address[0] != '\0')
        return;
    const worker_peer *announced = x->connection->announced;
    if (announced == NULL) {
        x->port = peer_print(x->connection->source.fd, x->address);
        return;
    }
    print(announced->family, announced->address, x->address);
    x->port = announced->port;
}

void peer_take(http_exchange *x, int family, const void *address, uint16_t port)
{
    print(family, address, x->address);
    x->port = port;
}

const char *http_remote_address(http_exchange *x)
{
    read_address(x);
    return x->address;
}

uint16_t http_remote_port(http_exchange *x)
{
    read_address(x);
    return x->port;
}

const tls_session *http_tls(const http_exchange *x)
{
    return x->connection != NULL ? x->connection->tls : NULL; /* NULL: a copy of a request */
}

bool http_is_secure(const http_exchange *x)
{
    return x->scheme != HTTP_SCHEME_OF_CONNECTION ? x->scheme == HTTP_SCHEME_HTTPS : x->connection->has_tls;
}

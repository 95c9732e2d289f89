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
    else if (inet_ntop(family, bytes, out, PEER_BYTES) == NULL)
        memcpy(out, "unknown", sizeof "unknown");
}

/** The socket's peer; of AF_UNSPEC when it is gone. */
static worker_peer peer_of(int fd)
{
    struct sockaddr_storage from = {0};
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    socklen_t len = sizeof from;
    worker_peer peer = {0};
    if (getpeername(fd, (struct sockaddr *)&from, &len) != 0)
        return peer;
    memcpy(&v4, &from, sizeof v4);
    memcpy(&v6, &from, sizeof v6);
    peer.family = (uint8_t)from.ss_family;
    if (from.ss_family == AF_INET6) {
        memcpy(peer.address, &v6.sin6_addr, sizeof v6.sin6_addr);
        peer.port = ntohs(v6.sin6_port);
    } else if (from.ss_family == AF_INET) {
        memcpy(peer.address, &v4.sin_addr, sizeof v4.sin_addr);
        peer.port = ntohs(v4.sin_port);
    }
    return peer;
}

void peer_print(int fd, char out[PEER_BYTES])
{
    const worker_peer peer = peer_of(fd);
    print(peer.family, peer.address, out);
}

static void read_address(http_exchange *x)
{
    worker_peer own;
    if (x->address[0] != '\0')
        return;
    http_connection *k = x->connection;
    if (k == NULL)
        return; /* a command's request has no client: "" */
    const worker_peer *peer = k->client;
    if (peer == NULL) {
        own = peer_of(k->source.fd);
        peer = &own;
        connection_note_client(k, &own); /* without memory, the next request asks the kernel again */
    }
    print(peer->family, peer->address, x->address);
    x->port = peer->port;
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

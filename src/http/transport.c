#include "http/transport.h"

#include <linux/sockios.h>
#include <sys/ioctl.h>

bool transport_finish(http_connection *k)
{
    return shutdown(k->source.fd, SHUT_WR) == 0;
}

void transport_reset(http_connection *k)
{
    const struct linger reset = {.l_onoff = 1, .l_linger = 0};
    setsockopt(k->source.fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
}

ssize_t transport_discard(http_connection *k)
{
    static char scrap[64 * 1024];
    /* Of TCP the kernel drops it without a copy. */
    return recv(k->source.fd, scrap, sizeof scrap, MSG_DONTWAIT | MSG_TRUNC);
}

bool transport_has_input(const http_connection *k)
{
    char byte;
    return recv(k->source.fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

uint64_t transport_in_flight(const http_connection *k)
{
    int bytes = 0;
    return ioctl(k->source.fd, SIOCOUTQ, &bytes) == 0 && bytes > 0 ? (uint64_t)bytes : 0;
}

#include "http/transport.h"

#include <linux/sockios.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <unistd.h>

ssize_t transport_send_file(http_connection *k, int fd, off_t *offset, size_t size)
{
    if (!k->has_tls)
        return sendfile(k->source.fd, fd, offset, size);
    ssize_t n = tls_send_file(k->tls, fd, (uint64_t)*offset, size);
    if (n > 0)
        *offset += n;
    return n;
}

uint32_t transport_tls_events(http_connection *k, uint32_t events)
{
    if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
        tls_note_readable(k->tls);
    bool can_read = (events & EPOLLOUT) && tls_read_wants_write(k->tls);
    return can_read ? events | EPOLLIN : events;
}

/** Says close_notify; a full socket is not waited for: the FIN that follows then ends the connection for a peer that
 * knows the length of what it reads, as those of HTTP do. */
static void close_tls(http_connection *k)
{
    if (!k->has_tls)
        return;
    tls_finish(k->tls);
    tls_session_close(k->tls);
    k->has_tls = false;
    k->tls = NULL;
}

void transport_close(http_connection *k)
{
    close_tls(k);
    close(k->source.fd); /* EINTR and EIO leave nothing to do: the descriptor is gone either way */
}

bool transport_finish(http_connection *k)
{
    close_tls(k); /* what still comes is discarded unread */
    return shutdown(k->source.fd, SHUT_WR) == 0;
}

void transport_reset(http_connection *k)
{
    const struct linger reset = {.l_onoff = 1, .l_linger = 0};
    setsockopt(k->source.fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    if (k->has_tls)
        tls_abandon(k->tls);
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
    if (k->has_tls && tls_has_pending(k->tls))
        return true;
    return recv(k->source.fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

uint64_t transport_in_flight(const http_connection *k)
{
    int bytes = 0;
    return ioctl(k->source.fd, SIOCOUTQ, &bytes) == 0 && bytes > 0 ? (uint64_t)bytes : 0;
}

#include "http/refusal.h"

#include "http/exchange.h"

#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ANSWER_BYTES = 512, BODY_BYTES = 256 };

static size_t format(char out[ANSWER_BYTES], const char *detail, unsigned retry_after_s)
{
    char body[BODY_BYTES];
    int len = snprintf(
        body, sizeof body,
        "{\"type\":\"about:blank\",\"title\":\"Service Unavailable\",\"status\":503,\"detail\":\"%.120s\"}",
        detail);
    return (size_t)snprintf(out, ANSWER_BYTES,
                            "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/problem+json\r\n"
                            "Content-Length: %d\r\nRetry-After: %u\r\nConnection: close\r\n\r\n%s",
                            len, retry_after_s, body);
}

/** Reads what has arrived: unread bytes would turn a close into a reset. */
static void drop_unread(int fd)
{
    char unread[4096];
    for (int i = 0; i < 4 && recv(fd, unread, sizeof unread, MSG_DONTWAIT) > 0; i++)
        continue;
}

void refusal_send(int fd, const char *detail, unsigned retry_after_s)
{
    char text[ANSWER_BYTES];
    size_t len = format(text, detail, retry_after_s);
    drop_unread(fd);
    /* a full buffer or a client that left: nothing more can be done */
    if (send(fd, text, len, MSG_DONTWAIT | MSG_NOSIGNAL) > 0)
        shutdown(fd, SHUT_WR);
}

void http_refuse(void *unused, int fd, listener_kind kind, const char *detail, unsigned retry_after_s)
{
    (void)unused;
    if (kind == LISTENER_PLAIN)
        refusal_send(fd, detail, retry_after_s);
    else
        drop_unread(
            fd); /* to a client that begins TLS, an answer in plain text would be a broken handshake */
    close(fd);
}

#include "runtime/refusal.h"

#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

size_t refusal_format(char out[REFUSAL_MAX], const char *detail, unsigned retry_after_s)
{
    char body[256];
    int len = snprintf(
        body, sizeof body,
        "{\"type\":\"about:blank\",\"title\":\"Service Unavailable\",\"status\":503,\"detail\":\"%.120s\"}",
        detail);
    return (size_t)snprintf(out, REFUSAL_MAX,
                            "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/problem+json\r\n"
                            "Content-Length: %d\r\nRetry-After: %u\r\nConnection: close\r\n\r\n%s",
                            len, retry_after_s, body);
}

void refusal_answer(int fd, const char *detail, unsigned retry_after_s)
{
    char text[REFUSAL_MAX];
    size_t len = refusal_format(text, detail, retry_after_s);
    char unread[4096];
    for (int i = 0; i < 4 && recv(fd, unread, sizeof unread, MSG_DONTWAIT) > 0; i++)
        continue;
    /* a full buffer or a client that left: nothing more can be done */
    if (send(fd, text, len, MSG_DONTWAIT | MSG_NOSIGNAL) > 0)
        shutdown(fd, SHUT_WR);
    close(fd);
}

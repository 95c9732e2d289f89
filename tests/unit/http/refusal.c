#include "http/refusal.h"

#include "check.h"
#include "http/exchange.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/** What the client of a refused connection reads until its end; "reset" after a reset. */
static const char *refused(listener_kind kind, const char *sent)
{
    static char got[1024];
    int ends[2];
    CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) == 0);
    CHECK(send(ends[0], sent, strlen(sent), 0) == (ssize_t)strlen(sent));
    http_refuse(NULL, ends[1], kind, "the service has too many connections", 3);
    size_t len = 0;
    ssize_t n;
    while ((n = recv(ends[0], got + len, sizeof got - 1 - len, 0)) > 0)
        len += (size_t)n;
    got[len] = '\0';
    close(ends[0]);
    return n < 0 ? "reset" : got;
}

TEST(refusal_of_a_plain_connection_is_a_whole_answer)
{
    CHECK_TEXT(refused(LISTENER_PLAIN, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
               "HTTP/1.1 503 Service Unavailable\r\n"
               "Content-Type: application/problem+json\r\n"
               "Content-Length: 113\r\n"
               "Retry-After: 3\r\n"
               "Connection: close\r\n"
               "\r\n"
               "{\"type\":\"about:blank\",\"title\":\"Service Unavailable\",\"status\":503,"
               "\"detail\":\"the service has too many connections\"}");
}

TEST(refusal_of_a_tls_connection_sends_nothing)
{
    CHECK_TEXT(refused(LISTENER_TLS, ""), "");
}

TEST(refusal_of_a_client_that_has_left_closes_the_socket)
{
    int ends[2];
    CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) == 0);
    close(ends[0]);
    http_refuse(NULL, ends[1], LISTENER_PLAIN, "the service has too many connections", 1);
    CHECK(close(ends[1]) < 0);
}

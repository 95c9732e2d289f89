/**
 * The floor: the least a server on this kernel can do and still answer every request, measured beside Tern.
 *
 * It knows no HTTP. A request is whatever ends with an empty line. The beginning of a connection's first
 * request chooses what all its requests are answered with: `GET /` and `GET /plaintext` the bytes that Tern
 * sends, `GET /static/100k.bin` the file; `GET /db`, `/queries`, `/fortunes` and `/updates` the rows of the
 * contract, by the database's own C library. One process a worker, one SO_REUSEPORT socket each, one
 * edge-triggered epoll registration a connection, one recv and one send for each batch of requests.
 *
 *     floor [--host H] [--port P] [--workers N] [--file F] [--database URL]
 */
#include "page.h"
#include "server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

enum { WORKERS_MAX = 256 };

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "floor: %s: %s\n", what, strerror(errno));
    exit(1);
}

static int listen_on(const char *host, uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    if (inet_pton(AF_INET, host, &address.sin_addr) != 1) {
        fprintf(stderr, "floor: --host wants an IPv4 address, not '%s'\n", host);
        exit(2);
    }
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int on = 1;
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0 ||
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0 || /* accepted sockets inherit it */
        bind(fd, (const struct sockaddr *)&address, sizeof address) != 0 || listen(fd, 4096) != 0)
        die("cannot listen");
    return fd;
}

static long number_of(const char *flag, const char *text, long most)
{
    char *end;
    long value = text == NULL ? -1 : strtol(text, &end, 10);
    if (value < 1 || value > most || *end != '\0') {
        fprintf(stderr, "floor: %s wants a number from 1 to %ld\n", flag, most);
        exit(2);
    }
    return value;
}

int main(int argc, char **argv)
{
    const char *host = "127.0.0.1", *file = NULL, *database = NULL;
    long port = 8000, workers = 1;
    for (int i = 1; i < argc; i += 2) {
        if (strcmp(argv[i], "--host") == 0 && i + 1 < argc) {
            host = argv[i + 1];
        } else if (strcmp(argv[i], "--file") == 0 && i + 1 < argc) {
            file = argv[i + 1];
        } else if (strcmp(argv[i], "--database") == 0 && i + 1 < argc) {
            database = argv[i + 1];
        } else if (strcmp(argv[i], "--port") == 0) {
            port = number_of("--port", argv[i + 1], 65535);
        } else if (strcmp(argv[i], "--workers") == 0) {
            workers = number_of("--workers", argv[i + 1], WORKERS_MAX);
        } else {
            fprintf(stderr, "usage: floor [--host H] [--port P] [--workers N] [--file F] [--database URL]\n");
            return 2;
        }
    }
    pages_prepare(file, database != NULL);
    signal(SIGPIPE, SIG_IGN); /* of sendfile */
    for (long i = 1; i < workers; i++) {
        pid_t pid = fork();
        if (pid < 0)
            die("fork");
        if (pid == 0) {
            prctl(PR_SET_PDEATHSIG, SIGTERM); /* the first worker is the parent: all end together */
            break;
        }
    }
    server_run(listen_on(host, (uint16_t)port), database);
}

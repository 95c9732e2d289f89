/**
 * The floor: the least a server on this kernel can do and still answer every request, measured beside Tern.
 *
 * It knows no HTTP. A request is whatever ends with an empty line. The beginning of a connection's first
 * request chooses what all its requests are answered with: `GET /` and `GET /plaintext` the bytes that Tern
 * sends, `GET /static/100k.bin` the file. One process a worker, one SO_REUSEPORT socket each, one
 * edge-triggered epoll registration a connection, one recv and one send for each batch of requests.
 *
 *     floor [--host H] [--port P] [--workers N] [--file F]
 */
#include "page.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    EVENTS = 512,
    READ_BYTES = 16 * 1024,
    TAIL_BYTES = 3, /* as much of an empty line ("\r\n\r\n") as can end one read and go on in the next */
    WORKERS_MAX = 256
};

/** What is remembered of a connection between two events. */
typedef struct connection {
    const page *sends; /* NULL before its first request */
    uint32_t owed;     /* replies not fully sent, because the client is slow to read */
    uint32_t sent;     /* bytes of the first of them already sent */
    uint8_t tail_len;  /* of the last request, which was not complete */
    char tail[TAIL_BYTES];
} connection;

typedef struct floor_worker {
    int epoll_fd, listen_fd;
    connection *connections; /* by descriptor */
    size_t connection_count;
    char input[TAIL_BYTES + READ_BYTES];
} floor_worker;

static floor_worker self;

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "floor: %s: %s\n", what, strerror(errno));
    exit(1);
}

/** Counts the requests that end in `len` bytes of self.input and keeps what may begin the next empty line. */
static uint32_t count_requests(connection *c, size_t len)
{
    uint32_t count = 0;
    const char *at = self.input, *end = self.input + len, *found;
    while ((found = memmem(at, (size_t)(end - at), "\r\n\r\n", 4)) != NULL) {
        at = found + 4;
        count++;
    }
    size_t left = (size_t)(end - at), kept = left < TAIL_BYTES ? left : TAIL_BYTES;
    c->tail_len = (uint8_t)kept;
    memcpy(c->tail, end - kept, kept);
    return count;
}

/** Sends what is owed; false when the connection is broken. What the socket does not take waits for EPOLLOUT.
 */
static bool pay(int fd, connection *c)
{
    while (c->owed > 0) {
        ssize_t sent = page_send(c->sends, fd, c->owed, c->sent);
        if (sent < 0)
            return errno == EAGAIN || errno == EINTR;
        size_t total = c->sent + (size_t)sent;
        c->owed -= (uint32_t)(total / c->sends->reply_bytes);
        c->sent = (uint32_t)(total % c->sends->reply_bytes);
    }
    return true;
}

/** Reads and answers; false when the connection is over. A read that does not fill the buffer has emptied the
 * socket: edge-triggered epoll tells of what comes later. */
static bool serve(int fd, connection *c)
{
    for (;;) {
        memcpy(self.input, c->tail, c->tail_len);
        ssize_t got = recv(fd, self.input + c->tail_len, READ_BYTES, 0);
        if (got == 0)
            return false;
        if (got < 0)
            return errno == EAGAIN || errno == EINTR;
        if (c->sends == NULL)
            c->sends = page_for(self.input, (size_t)got);
        c->owed += count_requests(c, c->tail_len + (size_t)got);
        if (!pay(fd, c))
            return false;
        if (got < READ_BYTES)
            return true;
    }
}

static void accept_all(void)
{
    int fd;
    while ((fd = accept4(self.listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.fd = fd};
        if ((size_t)fd >= self.connection_count || epoll_ctl(self.epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0) {
            close(fd);
            continue;
        }
        self.connections[fd] = (connection){0};
    }
}

static void on_event(const struct epoll_event *event)
{
    int fd = event->data.fd;
    if (fd == self.listen_fd) {
        accept_all();
        return;
    }
    connection *c = &self.connections[fd];
    bool is_open = true;
    if (c->owed > 0 && (event->events & EPOLLOUT) != 0)
        is_open = pay(fd, c);
    if (is_open && (event->events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0)
        is_open = serve(fd, c);
    if (!is_open)
        close(fd);
}

static _Noreturn void run_worker(void)
{
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max < 1048576 ? files.rlim_max : 1048576;
    setrlimit(RLIMIT_NOFILE, &files);
    self.connection_count = files.rlim_cur;
    self.connections = calloc(self.connection_count, sizeof *self.connections);
    self.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = self.listen_fd};
    if (self.connections == NULL || self.epoll_fd < 0 ||
        epoll_ctl(self.epoll_fd, EPOLL_CTL_ADD, self.listen_fd, &event) != 0)
        die("cannot start");
    for (;;) {
        struct epoll_event events[EVENTS];
        int count = epoll_wait(self.epoll_fd, events, EVENTS, -1);
        pages_renew_date();
        for (int i = 0; i < count; i++)
            on_event(&events[i]);
    }
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
    const char *host = "127.0.0.1", *file = NULL;
    long port = 8000, workers = 1;
    for (int i = 1; i < argc; i += 2) {
        if (strcmp(argv[i], "--host") == 0 && i + 1 < argc) {
            host = argv[i + 1];
        } else if (strcmp(argv[i], "--file") == 0 && i + 1 < argc) {
            file = argv[i + 1];
        } else if (strcmp(argv[i], "--port") == 0) {
            port = number_of("--port", argv[i + 1], 65535);
        } else if (strcmp(argv[i], "--workers") == 0) {
            workers = number_of("--workers", argv[i + 1], WORKERS_MAX);
        } else {
            fprintf(stderr, "usage: floor [--host H] [--port P] [--workers N] [--file F]\n");
            return 2;
        }
    }
    pages_prepare(file);
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
    self.listen_fd = listen_on(host, (uint16_t)port);
    run_worker();
}

/**
 * The floor: the least a server on this kernel can do and still answer every request, measured beside Tern.
 *
 * It knows no HTTP. A request is whatever ends with an empty line, and the answer is always the bytes that
 * Tern sends for `GET /`, or for `GET /plaintext` on connections whose first request begins like that; the
 * date is renewed once a second. One process a worker, one SO_REUSEPORT socket each, one edge-triggered epoll
 * registration a connection, one recv and one send for each batch of requests.
 *
 *     floor [--host H] [--port P] [--workers N]
 */
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
#include <time.h>
#include <unistd.h>

#define REPLY_HEAD "HTTP/1.1 200 OK\r\nServer: tern\r\nDate: "
#define JSON_REST                                                                                            \
    "\r\nContent-Type: application/json\r\nContent-Length: 27\r\n\r\n{\"message\":\"Hello, World!\"}"
#define TEXT_REST    "\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 13\r\n\r\nHello, World!"
#define TEXT_REQUEST "GET /plaintext "

enum {
    DATE_BYTES = 29,
    HEAD_BYTES = sizeof(REPLY_HEAD) - 1,
    REST_BYTES = 128, /* no reply has more behind its date */
    BATCH = 64,       /* replies that one send carries at most */
    EVENTS = 512,
    READ_BYTES = 16 * 1024,
    TAIL_BYTES = 3, /* as much of an empty line ("\r\n\r\n") as can end one read and go on in the next */
    WORKERS_MAX = 256
};

/** One reply, BATCH times. */
typedef struct page {
    size_t reply_bytes;
    char replies[BATCH * (HEAD_BYTES + DATE_BYTES + REST_BYTES)];
} page;

/** What is remembered of a connection between two events. */
typedef struct connection {
    page *sends;      /* NULL before its first request */
    uint32_t owed;    /* replies not fully sent, because the client is slow to read */
    uint16_t sent;    /* bytes of the first of them already sent */
    uint8_t tail_len; /* of the last request, which was not complete */
    char tail[TAIL_BYTES];
} connection;

typedef struct floor_worker {
    int epoll_fd, listen_fd;
    connection *connections; /* by descriptor */
    size_t connection_count;
    time_t date_s;
    page json, text;
    char input[TAIL_BYTES + READ_BYTES];
} floor_worker;

static floor_worker self;

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "floor: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void put_date(page *p, const char *date)
{
    for (size_t i = 0; i < BATCH; i++)
        memcpy(p->replies + i * p->reply_bytes + HEAD_BYTES, date, DATE_BYTES);
}

static void renew_date(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME_COARSE, &now);
    if (now.tv_sec == self.date_s)
        return;
    self.date_s = now.tv_sec;
    struct tm utc;
    char date[DATE_BYTES + 1];
    gmtime_r(&now.tv_sec, &utc);
    strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", &utc);
    put_date(&self.json, date);
    put_date(&self.text, date);
}

static void prepare_page(page *p, const char *rest)
{
    size_t rest_bytes = strlen(rest);
    p->reply_bytes = HEAD_BYTES + DATE_BYTES + rest_bytes;
    for (size_t i = 0; i < BATCH; i++) {
        char *reply = p->replies + i * p->reply_bytes;
        memcpy(reply, REPLY_HEAD, HEAD_BYTES);
        memcpy(reply + HEAD_BYTES + DATE_BYTES, rest, rest_bytes);
    }
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
    size_t left = (size_t)(end - at);
    c->tail_len = (uint8_t)(left < TAIL_BYTES ? left : TAIL_BYTES);
    memcpy(c->tail, end - c->tail_len, c->tail_len);
    return count;
}

/** Sends what is owed; false when the connection is broken. What the socket does not take waits for EPOLLOUT.
 */
static bool pay(int fd, connection *c)
{
    while (c->owed > 0) {
        uint32_t batch = c->owed < BATCH ? c->owed : BATCH;
        size_t len = batch * c->sends->reply_bytes - c->sent;
        ssize_t sent = send(fd, c->sends->replies + c->sent, len, MSG_NOSIGNAL);
        if (sent < 0)
            return errno == EAGAIN || errno == EINTR;
        size_t total = c->sent + (size_t)sent;
        c->owed -= (uint32_t)(total / c->sends->reply_bytes);
        c->sent = (uint16_t)(total % c->sends->reply_bytes);
        if ((size_t)sent < len)
            return true;
    }
    return true;
}

/** What a connection is answered with, by the beginning of its first request. */
static page *page_for(const char *first, size_t len)
{
    size_t text_len = sizeof(TEXT_REQUEST) - 1;
    return len >= text_len && memcmp(first, TEXT_REQUEST, text_len) == 0 ? &self.text : &self.json;
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
    prepare_page(&self.json, JSON_REST);
    prepare_page(&self.text, TEXT_REST);
    renew_date();
    for (;;) {
        struct epoll_event events[EVENTS];
        int count = epoll_wait(self.epoll_fd, events, EVENTS, -1);
        renew_date();
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
    const char *host = "127.0.0.1";
    long port = 8000, workers = 1;
    for (int i = 1; i < argc; i += 2) {
        if (strcmp(argv[i], "--host") == 0 && i + 1 < argc) {
            host = argv[i + 1];
        } else if (strcmp(argv[i], "--port") == 0) {
            port = number_of("--port", argv[i + 1], 65535);
        } else if (strcmp(argv[i], "--workers") == 0) {
            workers = number_of("--workers", argv[i + 1], WORKERS_MAX);
        } else {
            fprintf(stderr, "usage: floor [--host H] [--port P] [--workers N]\n");
            return 2;
        }
    }
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

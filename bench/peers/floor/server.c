#include "server.h"
#include "database.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    EVENTS = 512,
    READ_BYTES = 16 * 1024,
    TAIL_BYTES = 3 /* as much of an empty line ("\r\n\r\n") as can end one read and go on in the next */
};

/** What is remembered of a connection between two events. */
typedef struct connection {
    const page *sends; /* NULL before its first request */
    uint32_t owed;     /* replies not fully sent, because the client is slow to read; or not begun */
    uint32_t sent;     /* bytes of the first of them already sent */
    uint8_t tail_len;  /* of the last request, which was not complete */
    char tail[TAIL_BYTES];
    bool is_database; /* no client, but a connection to the database */
    job *waits_for;   /* its answer comes later */
    char *rest;       /* of a database page: what the socket did not take; NULL: nothing */
    size_t rest_len;
} connection;

static struct {
    int epoll_fd, listen_fd;
    connection *connections; /* by descriptor */
    size_t connection_count;
    const database *database;
    char input[TAIL_BYTES + READ_BYTES];
} self;

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

/** Sends the fixed pages that are owed; false when the connection is broken. What the socket does not take
 * waits for EPOLLOUT. */
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

/* -- pages of the database: one after the other -- */

static bool deliver(int fd, connection *c, const char *data, size_t len)
{
    ssize_t sent = send(fd, data, len, MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN && errno != EINTR)
        return false;
    size_t done = sent < 0 ? 0 : (size_t)sent;
    char *rest = NULL;
    if (done < len) {
        rest = malloc(len - done);
        if (rest == NULL)
            return false;
        memcpy(rest, data + done, len - done);
    }
    free(c->rest);
    c->rest = rest;
    c->rest_len = len - done;
    return true;
}

static bool ask(int fd, connection *c)
{
    while (c->owed > 0 && c->waits_for == NULL && c->rest == NULL) {
        c->owed--;
        reply answer = self.database->ask(c->sends->asks, fd, &c->waits_for);
        if (c->waits_for == NULL && !deliver(fd, c, answer.data, answer.len))
            return false;
    }
    return true;
}

static void close_client(int fd, connection *c)
{
    if (c->waits_for != NULL)
        c->waits_for->fd = -1;
    free(c->rest);
    close(fd);
    *c = (connection){0};
}

void client_answer(int fd, reply answer)
{
    connection *c = &self.connections[fd];
    c->waits_for = NULL;
    if (!deliver(fd, c, answer.data, answer.len) || !ask(fd, c))
        close_client(fd, c);
}

void server_watch(int fd, bool writes)
{
    struct epoll_event event = {.events = EPOLLIN | (writes ? (uint32_t)EPOLLOUT : 0), .data.fd = fd};
    connection *c = &self.connections[fd];
    if (epoll_ctl(self.epoll_fd, c->is_database ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event) != 0)
        die("epoll_ctl");
    c->is_database = true;
}

/* -- clients -- */

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
        if (!(c->sends->asks != ASKS_NOTHING ? ask(fd, c) : pay(fd, c)))
            return false;
        if (got < READ_BYTES)
            return true;
    }
}

static bool go_on_sending(int fd, connection *c)
{
    if (c->rest != NULL)
        return deliver(fd, c, c->rest, c->rest_len) && ask(fd, c);
    return c->owed == 0 || c->sends->asks != ASKS_NOTHING || pay(fd, c);
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
    connection *c = &self.connections[fd];
    if (fd == self.listen_fd) {
        accept_all();
        return;
    }
    if (c->is_database) {
        self.database->on_event(fd);
        return;
    }
    bool is_open = true;
    if ((event->events & EPOLLOUT) != 0)
        is_open = go_on_sending(fd, c);
    if (is_open && (event->events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0)
        is_open = serve(fd, c);
    if (!is_open)
        close_client(fd, c);
}

void server_run(int listen_fd, const char *database_url)
{
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max < 1048576 ? files.rlim_max : 1048576;
    setrlimit(RLIMIT_NOFILE, &files);
    self.listen_fd = listen_fd;
    self.connection_count = files.rlim_cur;
    self.connections = calloc(self.connection_count, sizeof *self.connections);
    self.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = self.listen_fd};
    if (self.connections == NULL || self.epoll_fd < 0 ||
        epoll_ctl(self.epoll_fd, EPOLL_CTL_ADD, self.listen_fd, &event) != 0)
        die("cannot start");
    if (database_url != NULL) {
        self.database = database_of(database_url);
        self.database->open(database_url);
    }
    bool flushes = self.database != NULL && self.database->flush != NULL;
    for (;;) {
        struct epoll_event events[EVENTS];
        int count = epoll_wait(self.epoll_fd, events, EVENTS, -1);
        pages_renew_date();
        for (int i = 0; i < count; i++)
            on_event(&events[i]);
        if (flushes)
            self.database->flush();
    }
}

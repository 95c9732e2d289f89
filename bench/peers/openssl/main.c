/**
 * The floor of TLS: the least a server can do with OpenSSL, measured beside Tern.
 *
 * Like the floor it knows no HTTP: a request is whatever ends with an empty line, and is answered with fixed bytes;
 * `GET /static/100k.bin` at the beginning of a connection chooses the file for all its requests. One process a worker,
 * one SO_REUSEPORT socket each, one edge-triggered epoll registration a connection, OpenSSL's own buffers and defaults.
 * Workers share the keys of tickets, since the context is made before they part.
 *
 *     openssl --port P --cert FILE --key FILE [--workers N] [--file F]
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { EVENTS = 512, READ_BYTES = 16 * 1024, HEAD_BYTES = 256, WORKERS_MAX = 256, BACKLOG = 4096 };

typedef struct page {
    char *bytes; /* a head and a body, sent by one SSL_write */
    size_t len, date_at;
} page;

/** What is remembered of a connection between two events. */
typedef struct connection {
    SSL *ssl;          /* NULL: none */
    const page *sends; /* NULL before its first request */
    unsigned owed;     /* replies not sent yet */
    unsigned matched;  /* bytes of "\r\n\r\n" at the end of what was read */
    bool is_open;      /* the handshake is complete */
} connection;

static struct {
    SSL_CTX *context;
    int epoll_fd, listen_fd;
    connection *connections; /* by descriptor */
    size_t connection_count;
    page json, file, missing;
    time_t dated;
} self;

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "openssl: %s: %s\n", what, errno != 0 ? strerror(errno) : "failed");
    ERR_print_errors_fp(stderr);
    exit(1);
}

/* -- pages -- */

static page page_of(const char *status, const char *type, const char *body, size_t len)
{
    static const char date[] = "Date: ";
    page made = {.bytes = malloc(HEAD_BYTES + len)};
    if (made.bytes == NULL)
        die("malloc");
    int head =
        snprintf(made.bytes, HEAD_BYTES,
                 "HTTP/1.1 %s\r\nServer: openssl\r\n%sThu, 01 Jan 1970 00:00:00 GMT\r\nContent-Type: %s\r\n"
                 "Content-Length: %zu\r\n\r\n",
                 status, date, type, len);
    made.date_at = (size_t)(strstr(made.bytes, date) - made.bytes) + strlen(date);
    memcpy(made.bytes + head, body, len);
    made.len = (size_t)head + len;
    return made;
}

static page page_of_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    struct stat status;
    if (file == NULL || fstat(fileno(file), &status) != 0)
        die(path);
    size_t len = (size_t)status.st_size;
    char *body = malloc(len + 1);
    if (body == NULL || fread(body, 1, len, file) != len)
        die(path);
    fclose(file);
    page made = page_of("200 OK", "application/octet-stream", body, len);
    free(body);
    return made;
}

static void renew_date(void)
{
    time_t now = time(NULL);
    if (now == self.dated)
        return;
    self.dated = now;
    char text[30];
    struct tm parts;
    strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&now, &parts));
    page *pages[] = {&self.json, &self.file, &self.missing};
    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++)
        if (pages[i]->bytes != NULL)
            memcpy(pages[i]->bytes + pages[i]->date_at, text, strlen(text));
}

/* -- connections -- */

static void end(int fd, connection *c)
{
    SSL_free(c->ssl);
    close(fd);
    *c = (connection){0};
}

/** Whether the connection waits for its socket, and is not over. */
static bool is_waiting(const connection *c, int result)
{
    int error = SSL_get_error(c->ssl, result);
    if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE)
        ERR_clear_error();
    return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE;
}

/** Counts the empty lines that end in these bytes. */
static void count_requests(connection *c, const char *data, size_t len)
{
    static const char end_of_head[] = "\r\n\r\n";
    for (size_t i = 0; i < len; i++) {
        if (data[i] == end_of_head[c->matched])
            c->matched++;
        else
            c->matched = data[i] == '\r' ? 1 : 0;
        if (c->matched == sizeof end_of_head - 1) {
            c->matched = 0;
            c->owed++;
        }
    }
}

static bool pay(connection *c)
{
    for (; c->owed > 0; c->owed--) {
        int sent = SSL_write(c->ssl, c->sends->bytes, (int)c->sends->len);
        if (sent <= 0)
            return is_waiting(c, sent);
    }
    return true;
}

static const page *page_for(const char *data, size_t len)
{
    static const char file[] = "GET /static/100k.bin ", other[] = "GET /static/";
    if (self.file.bytes != NULL && len >= sizeof file - 1 && memcmp(data, file, sizeof file - 1) == 0)
        return &self.file;
    bool is_missing = len >= sizeof other - 1 && memcmp(data, other, sizeof other - 1) == 0;
    return is_missing ? &self.missing : &self.json;
}

/** Everything that the socket allows; false when the connection is over. */
static bool serve(connection *c)
{
    static char input[READ_BYTES];
    if (!c->is_open) {
        int result = SSL_accept(c->ssl);
        if (result != 1)
            return is_waiting(c, result);
        c->is_open = true;
    }
    for (;;) {
        if (!pay(c))
            return false;
        if (c->owed > 0) /* the client is slow to read */
            return true;
        int got = SSL_read(c->ssl, input, sizeof input);
        if (got <= 0) {
            if (SSL_get_error(c->ssl, got) == SSL_ERROR_ZERO_RETURN)
                SSL_shutdown(c->ssl);
            return is_waiting(c, got);
        }
        if (c->sends == NULL)
            c->sends = page_for(input, (size_t)got);
        count_requests(c, input, (size_t)got);
    }
}

static void accept_all(void)
{
    int fd;
    while ((fd = accept4(self.listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.fd = fd};
        SSL *ssl = (size_t)fd < self.connection_count ? SSL_new(self.context) : NULL;
        if (ssl == NULL || SSL_set_fd(ssl, fd) != 1 ||
            epoll_ctl(self.epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0) {
            SSL_free(ssl);
            close(fd);
            continue;
        }
        self.connections[fd] = (connection){.ssl = ssl};
    }
}

static _Noreturn void run(int listen_fd)
{
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max < 1048576 ? files.rlim_max : 1048576;
    setrlimit(RLIMIT_NOFILE, &files);
    self.listen_fd = listen_fd;
    self.connection_count = files.rlim_cur;
    self.connections = calloc(self.connection_count, sizeof *self.connections);
    self.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listen_fd};
    if (self.connections == NULL || self.epoll_fd < 0 ||
        epoll_ctl(self.epoll_fd, EPOLL_CTL_ADD, listen_fd, &event) != 0)
        die("cannot start");
    for (;;) {
        struct epoll_event events[EVENTS];
        int count = epoll_wait(self.epoll_fd, events, EVENTS, -1);
        renew_date();
        for (int i = 0; i < count; i++) {
            int fd = events[i].data.fd;
            if (fd == listen_fd)
                accept_all();
            else if (self.connections[fd].ssl != NULL && !serve(&self.connections[fd]))
                end(fd, &self.connections[fd]);
        }
    }
}

/* -- start -- */

static SSL_CTX *context_of(const char *certificate, const char *key)
{
    static const unsigned char id[] = "bench";
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    if (context == NULL || SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1 ||
        SSL_CTX_use_certificate_chain_file(context, certificate) != 1 ||
        SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_set_session_id_context(context, id, sizeof id - 1) != 1)
        die("the certificate or its key cannot be used");
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF); /* tickets alone */
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF);
    return context;
}

static int listen_on(uint16_t port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int on = 1;
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0 ||
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0 || /* accepted sockets inherit it */
        bind(fd, (const struct sockaddr *)&address, sizeof address) != 0 || listen(fd, BACKLOG) != 0)
        die("cannot listen");
    return fd;
}

static long number_of(const char *flag, const char *text, long most)
{
    char *rest;
    long value = strtol(text, &rest, 10);
    if (value < 1 || value > most || *rest != '\0') {
        fprintf(stderr, "openssl: %s wants a number from 1 to %ld, not '%s'\n", flag, most, text);
        exit(2);
    }
    return value;
}

int main(int argc, char **argv)
{
    static const char json[] = "{\"message\":\"Hello, World!\"}";
    const char *certificate = NULL, *key = NULL, *file = NULL;
    long port = 0, workers = 1;
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--cert") == 0)
            certificate = argv[i + 1];
        else if (strcmp(argv[i], "--key") == 0)
            key = argv[i + 1];
        else if (strcmp(argv[i], "--file") == 0)
            file = argv[i + 1];
        else if (strcmp(argv[i], "--port") == 0)
            port = number_of("--port", argv[i + 1], 65535);
        else if (strcmp(argv[i], "--workers") == 0)
            workers = number_of("--workers", argv[i + 1], WORKERS_MAX);
        else
            port = 0, i = argc;
    }
    if (port == 0 || certificate == NULL || key == NULL) {
        fprintf(stderr, "usage: openssl --port P --cert FILE --key FILE [--workers N] [--file F]\n");
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    self.context = context_of(certificate, key);
    self.json = page_of("200 OK", "application/json", json, sizeof json - 1);
    self.missing = page_of("404 Not Found", "text/plain", "", 0);
    if (file != NULL)
        self.file = page_of_file(file);
    for (long i = 1; i < workers; i++) {
        pid_t pid = fork();
        if (pid < 0)
            die("fork");
        if (pid == 0) {
            prctl(PR_SET_PDEATHSIG, SIGTERM); /* the first worker is the parent: all end together */
            break;
        }
    }
    run(listen_on((uint16_t)port));
}

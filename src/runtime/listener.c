#include "runtime/listener.h"

#include "base/mem.h"
#include "runtime/socket_file.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

typedef struct listener_address {
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
        struct sockaddr_un local;
        struct sockaddr_storage storage;
    } at;
    socklen_t len;
} listener_address;

/** What a user can do about a failure. */
static const struct {
    int error;
    const char *text;
} hints[] = {
    {EADDRINUSE, "address already in use; choose another with --port"},
    {EACCES, "permission denied; ports below 1024 need a privilege, choose another with --port"},
    {EADDRNOTAVAIL, "this machine has no such address; choose another with --host"},
    {EAFNOSUPPORT, "this machine does not speak that protocol; choose another with --host"},
};

static const char *host_of(const worker_config *config)
{
    return config->host ? config->host : "127.0.0.1";
}

static bool is_unix(const worker_config *config)
{
    return strncmp(host_of(config), "unix:", 5) == 0;
}

static bool report(const worker_config *config, const char *reason)
{
    const char *host = host_of(config);
    bool bracket = strchr(host, ':') && host[0] != '[';
    if (is_unix(config))
        fprintf(stderr, "cannot listen on %s: %s\n", host, reason);
    else
        fprintf(stderr, bracket ? "cannot listen on [%s]:%u: %s\n" : "cannot listen on %s:%u: %s\n", host,
                config->port, reason);
    return false;
}

static bool report_error(const worker_config *config, int error)
{
    if (is_unix(config))
        return report(config, strerror(error));
    for (size_t i = 0; i < sizeof hints / sizeof hints[0]; i++)
        if (hints[i].error == error)
            return report(config, hints[i].text);
    return report(config, strerror(error));
}

static void close_keeping_errno(int fd)
{
    int error = errno;
    close(fd);
    errno = error;
}

/** A socket bound to `address`; -1 with errno. SO_REUSEADDR lets a restart ignore connections in
 * TIME_WAIT. */
static int bind_tcp(const listener_address *address, bool share_port)
{
    int fd = socket(address->at.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    const int on = 1, off = 0;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 ||
        (share_port && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) < 0) ||
        /* accepted sockets inherit it: one system call less a connection */
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) < 0 ||
        (address->at.any.sa_family == AF_INET6 &&
         setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off) < 0) ||
        bind(fd, &address->at.any, address->len) < 0) {
        close_keeping_errno(fd);
        return -1;
    }
    return fd;
}

/** Whether nobody listens on `address`: a bind without SO_REUSEPORT fails beside any listening socket. */
static bool is_free(const listener_address *address)
{
    int fd = bind_tcp(address, false);
    if (fd < 0)
        return false;
    close(fd);
    return true;
}

static int listen_tcp(const listener_address *address, int backlog)
{
    int fd = bind_tcp(address, true);
    if (fd >= 0 && listen(fd, backlog) < 0) {
        close_keeping_errno(fd);
        return -1;
    }
    return fd;
}

static int backlog_of(const worker_config *config)
{
    return config->backlog ? (int)config->backlog : SOMAXCONN;
}

/** Fills the set up to one socket a worker, all on the address of the first. */
static bool open_missing(listener_set *set, const worker_config *config)
{
    listener_address address = {.len = sizeof address.at};
    if (getsockname(set->fds[0], &address.at.any, &address.len) < 0)
        return report_error(config, errno);
    unsigned wanted = config->workers ? config->workers : 1;
    while (address.at.any.sa_family != AF_UNIX && set->count < wanted) {
        int fd = listen_tcp(&address, backlog_of(config));
        if (fd < 0)
            return report_error(config, errno);
        set->fds[set->count++] = fd;
    }
    return true;
}

static void describe(listener_set *set, const listener_address *address)
{
    char text[INET6_ADDRSTRLEN] = "";
    if (address->at.any.sa_family == AF_INET) {
        inet_ntop(AF_INET, &address->at.v4.sin_addr, text, sizeof text);
        set->port = ntohs(address->at.v4.sin_port);
        snprintf(set->url, sizeof set->url, "http://%s:%u", text, set->port);
    } else if (address->at.any.sa_family == AF_INET6) {
        inet_ntop(AF_INET6, &address->at.v6.sin6_addr, text, sizeof text);
        set->port = ntohs(address->at.v6.sin6_port);
        snprintf(set->url, sizeof set->url, "http://[%s]:%u", text, set->port);
    } else {
        struct stat file;
        snprintf(set->unix_path, sizeof set->unix_path, "%.*s", (int)sizeof address->at.local.sun_path,
                 address->at.local.sun_path);
        snprintf(set->url, sizeof set->url, "unix:%s", set->unix_path);
        if (stat(set->unix_path, &file) == 0) {
            set->unix_device = file.st_dev;
            set->unix_inode = file.st_ino;
        }
    }
}

/** Opens the first socket on the first of the host's addresses that works. */
static int open_first_tcp(const worker_config *config)
{
    char host[256], port[8];
    const char *name = host_of(config);
    size_t len = strlen(name);
    bool has_brackets = len >= 2 && name[0] == '[' && name[len - 1] == ']';
    if (len >= sizeof host)
        return report(config, "the host name is too long"), -1;
    snprintf(host, sizeof host, "%.*s", (int)(has_brackets ? len - 2 : len), name + has_brackets);
    snprintf(port, sizeof port, "%u", config->port);

    struct addrinfo *found = NULL;
    const struct addrinfo wish = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    int failure = getaddrinfo(host, port, &wish, &found);
    if (failure != 0)
        return report(config, failure == EAI_SYSTEM ? strerror(errno) : gai_strerror(failure)), -1;

    int fd = -1, error = EADDRNOTAVAIL;
    for (const struct addrinfo *info = found; info && fd < 0; info = info->ai_next) {
        listener_address address = {.len = info->ai_addrlen};
        memcpy(&address.at, info->ai_addr, info->ai_addrlen);
        if (config->port == 0 || is_free(&address))
            fd = listen_tcp(&address, backlog_of(config));
        if (fd < 0)
            error = errno;
        if (fd < 0 && error == EADDRINUSE)
            break; /* the next address of the same name would hide that the port is taken */
    }
    freeaddrinfo(found);
    if (fd < 0)
        report_error(config, error);
    return fd;
}

static int open_first_unix(const worker_config *config)
{
    char reason[256];
    int fd = socket_file_listen(host_of(config) + 5, config, backlog_of(config), reason, sizeof reason);
    if (fd < 0)
        report(config, reason);
    return fd;
}

bool listener_open(listener_set *set, const worker_config *config)
{
    if (!is_unix(config) && (config->socket_mode != 0 || config->socket_owner || config->socket_group)) {
        memset(set, 0, sizeof *set);
        return report(config,
                      "--socket-mode, --socket-owner and --socket-group are for a socket file; choose one "
                      "with --host unix:/path");
    }
    int *fds = mem_zero(config->workers + 1, sizeof *fds);
    if (fds == NULL) {
        memset(set, 0, sizeof *set);
        return report_error(config, ENOMEM);
    }
    fds[0] = is_unix(config) ? open_first_unix(config) : open_first_tcp(config);
    if (fds[0] < 0) {
        memset(set, 0, sizeof *set);
        mem_free(fds);
        return false;
    }
    return listener_adopt(set, config, fds, 1);
}

bool listener_adopt(listener_set *set, const worker_config *config, int *fds, unsigned count)
{
    *set = (listener_set){.fds = fds, .count = count};
    int *more = mem_realloc(fds, (count + config->workers + 1) * sizeof *fds);
    listener_address address = {.len = sizeof address.at};
    if (more)
        set->fds = more;
    if (!more || getsockname(set->fds[0], &address.at.any, &address.len) < 0) {
        report_error(config, more ? errno : ENOMEM);
        listener_close(set);
        return false;
    }
    describe(set, &address);
    if (!open_missing(set, config)) {
        listener_close(set);
        return false;
    }
    return true;
}

void listener_close(listener_set *set)
{
    for (unsigned i = 0; i < set->count; i++)
        close(set->fds[i]);
    mem_free(set->fds);
    struct stat file;
    if (set->unix_path[0] && stat(set->unix_path, &file) == 0 && file.st_dev == set->unix_device &&
        file.st_ino == set->unix_inode)
        unlink(set->unix_path);
    memset(set, 0, sizeof *set);
}

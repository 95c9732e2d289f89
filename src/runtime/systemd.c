#include "runtime/systemd.h"

#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { FIRST_FD = 3 }; /* SD_LISTEN_FDS_START */

#define PID_VARIABLE   "LISTEN_PID"
#define COUNT_VARIABLE "LISTEN_FDS"
#define NAMES_VARIABLE "LISTEN_FDNAMES"

/* -- sockets -- */

static bool get_variable(const char *name, uint64_t *number)
{
    const char *text = getenv(name);
    return text != NULL && text_get_u64(text, strlen(text), number);
}

bool systemd_has_sockets(void)
{
    uint64_t pid, count;
    return get_variable(PID_VARIABLE, &pid) && pid == (uint64_t)getpid() &&
           get_variable(COUNT_VARIABLE, &count) && count > 0;
}

/** Names the first of the `left` names, which are divided by colons; false when there is none. */
static bool take_name(const char **left, const char **name, size_t *len)
{
    if (*left == NULL)
        return false;
    *name = *left;
    *len = strcspn(*left, ":");
    *left = (*left)[*len] == ':' ? *left + *len + 1 : NULL;
    return true;
}

static bool adopt(int fd, char *reason, size_t size)
{
    struct sockaddr_storage address = {0};
    int type = 0, is_listening = 0;
    socklen_t type_len = sizeof type, flag_len = sizeof is_listening, len = sizeof address;
    if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &type_len) < 0 ||
        getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &is_listening, &flag_len) < 0 ||
        getsockname(fd, (struct sockaddr *)&address, &len) < 0) {
        snprintf(reason, size, "descriptor %d is not a socket (%s)", fd, strerror(errno));
        return false;
    }
    if (type != SOCK_STREAM || !is_listening) {
        snprintf(reason, size,
                 "descriptor %d does not listen for streams; the unit needs ListenStream= and Accept=no", fd);
        return false;
    }
    const int on = 1;
    bool is_tcp = address.ss_family == AF_INET || address.ss_family == AF_INET6;
    if (!is_tcp && address.ss_family != AF_UNIX) {
        snprintf(reason, size, "descriptor %d is neither of TCP nor a Unix socket", fd);
        return false;
    }
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 ||
        (is_tcp && setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) < 0)) {
        snprintf(reason, size, "descriptor %d: %s", fd, strerror(errno));
        return false;
    }
    return true;
}

static int take_all(unsigned count, const char *names, systemd_socket *out, char *reason, size_t size)
{
    const char *name = "";
    size_t len = 0;
    bool has_names = names != NULL;
    for (unsigned i = 0; i < count; i++) {
        if (has_names && !take_name(&names, &name, &len)) {
            snprintf(reason, size, NAMES_VARIABLE " has fewer names than the %u sockets passed", count);
            return -1;
        }
        bool is_tls = len == 5 && memcmp(name, "https", 5) == 0;
        out[i] = (systemd_socket){.fd = FIRST_FD + (int)i, .kind = is_tls ? LISTENER_TLS : LISTENER_PLAIN};
        if (!adopt(out[i].fd, reason, size))
            return -1;
    }
    return (int)count;
}

int systemd_take_sockets(systemd_socket out[LISTENERS_MAX], char *reason, size_t size)
{
    uint64_t count = 0;
    int taken = -1;
    if (!systemd_has_sockets())
        snprintf(reason, size,
                 "systemd has passed no socket to this process (" PID_VARIABLE " and " COUNT_VARIABLE
                 " do not say so); start it by a socket unit");
    else if (!get_variable(COUNT_VARIABLE, &count) || count > LISTENERS_MAX)
        snprintf(reason, size, "systemd has passed %llu sockets; at most %d are served",
                 (unsigned long long)count, LISTENERS_MAX);
    else
        taken = take_all((unsigned)count, getenv(NAMES_VARIABLE), out, reason, size);
    return taken;
}

/* -- states -- */

void systemd_notify(const char *state)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (path == NULL || (path[0] != '/' && path[0] != '@') || strlen(path) >= sizeof address.sun_path)
        return;
    size_t len = strlen(path);
    memcpy(address.sun_path, path, len);
    if (path[0] == '@') /* of the abstract name space */
        address.sun_path[0] = '\0';
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    const socklen_t address_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
    ssize_t sent = connect(fd, (struct sockaddr *)&address, address_len) == 0
                       ? send(fd, state, strlen(state), MSG_NOSIGNAL | MSG_DONTWAIT)
                       : -1;
    (void)sent; /* without a receiver nobody waits for it */
    close(fd);
}

void systemd_notify_reloading(void)
{
    char state[64];
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    snprintf(state, sizeof state, "RELOADING=1\nMONOTONIC_USEC=%lld",
             (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000);
    systemd_notify(state);
}

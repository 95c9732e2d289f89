#include "runtime/socket_file.h"

#include "base/text.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { ANY_MODE = 0777, NAMES_BYTES = 16 * 1024 };

/** (uid_t)-1 and (gid_t)-1 leave the system's choice. */
typedef struct ownership {
    uid_t owner;
    gid_t group;
} ownership;

static bool get_number(const char *text, unsigned *number)
{
    uint64_t value;
    if (!text_get_u64(text, strlen(text), &value) || value >= (uid_t)-1)
        return false;
    *number = (unsigned)value;
    return true;
}

/** The user and the group by name or number; false with a reason. */
static bool find_ownership(const worker_config *config, ownership *found, char *reason, size_t size)
{
    char names[NAMES_BYTES];
    struct passwd user, *is_user = NULL;
    struct group group, *is_group = NULL;
    *found = (ownership){(uid_t)-1, (gid_t)-1};
    if (config->socket_owner != NULL && !get_number(config->socket_owner, &found->owner)) {
        getpwnam_r(config->socket_owner, &user, names, sizeof names, &is_user);
        if (is_user == NULL) {
            snprintf(reason, size, "there is no user \"%s\"; give --socket-owner another",
                     config->socket_owner);
            return false;
        }
        found->owner = user.pw_uid;
    }
    if (config->socket_group != NULL && !get_number(config->socket_group, &found->group)) {
        getgrnam_r(config->socket_group, &group, names, sizeof names, &is_group);
        if (is_group == NULL) {
            snprintf(reason, size, "there is no group \"%s\"; give --socket-group another",
                     config->socket_group);
            return false;
        }
        found->group = group.gr_gid;
    }
    return true;
}

/** Removes a socket file that nobody listens on; false (errno EADDRINUSE, ENOTSOCK, ...) when it must
 * stay. */
static bool clear_path(const struct sockaddr_un *address)
{
    struct stat file;
    if (lstat(address->sun_path, &file) < 0)
        return errno == ENOENT;
    if (!S_ISSOCK(file.st_mode)) {
        errno = ENOTSOCK;
        return false;
    }
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    bool is_stale =
        connect(fd, (const struct sockaddr *)address, sizeof *address) < 0 && errno == ECONNREFUSED;
    close(fd);
    if (!is_stale) {
        errno = EADDRINUSE;
        return false;
    }
    return unlink(address->sun_path) == 0 || errno == ENOENT;
}

/** Binds with exactly the mode that is wanted: the umask makes it, so that it is never wider for a moment. */
static bool bind_with_mode(int fd, const struct sockaddr_un *address, unsigned mode)
{
    mode_t before = mode != 0 ? umask(ANY_MODE & ~(mode_t)mode) : 0;
    bool is_bound = bind(fd, (const struct sockaddr *)address, sizeof *address) == 0;
    if (mode != 0)
        umask(before);
    return is_bound;
}

/** Nobody can connect before listen(2), so the file has its owner by then. */
static bool give_and_listen(int fd, const char *path, const ownership *owner, int backlog, char *reason,
                            size_t size)
{
    bool is_given = (owner->owner == (uid_t)-1 && owner->group == (gid_t)-1) ||
                    lchown(path, owner->owner, owner->group) == 0;
    if (is_given && listen(fd, backlog) == 0)
        return true;
    snprintf(reason, size, is_given ? "%s" : "the socket file can't be given to its owner and group: %s",
             strerror(errno));
    unlink(path);
    return false;
}

int socket_file_listen(const char *path, const worker_config *config, int backlog, char *reason, size_t size)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    ownership owner;
    if (path[0] == '\0' || strlen(path) >= sizeof address.sun_path) {
        snprintf(reason, size, "the path must have 1 to 107 bytes");
        return -1;
    }
    if (!find_ownership(config, &owner, reason, size))
        return -1;
    memcpy(address.sun_path, path, strlen(path) + 1);
    int fd = -1;
    if (clear_path(&address))
        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || !bind_with_mode(fd, &address, config->socket_mode)) {
        snprintf(reason, size, "%s",
                 errno == EADDRINUSE ? "another process listens there; choose another path"
                                     : strerror(errno));
    } else if (give_and_listen(fd, path, &owner, backlog, reason, size)) {
        return fd;
    }
    if (fd >= 0)
        close(fd);
    return -1;
}

#include "app/static/beneath.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { RACES_MAX = 4 }; /* tries while somebody renames folders on the way */

static bool is_plain; /* openat2 is missing */

void beneath_without_openat2(bool is_without)
{
    is_plain = is_without;
}

static int open_resolved(int folder, const char *path, int flags, unsigned resolve)
{
    struct open_how how = {.flags = (unsigned)flags, .resolve = resolve};
    long fd = -1;
    for (int tries = 0; tries < RACES_MAX; tries++) {
        fd = syscall(SYS_openat2, folder, path, &how, sizeof how);
        if (fd >= 0 || (errno != EAGAIN && errno != EINTR))
            break;
    }
    return (int)fd;
}

/** Opens the last segment, which is at `path`; `held` is closed. */
static int open_last(int held, int folder, const char *path, int flags)
{
    int fd = openat(folder, path, flags | O_NOFOLLOW);
    int error = errno;
    if (held >= 0)
        close(held);
    errno = error;
    return fd;
}

/** One segment after the other, none of them a symbolic link. */
static int open_stepwise(int folder, const char *path, int flags)
{
    char name[256];
    int held = -1; /* the folder reached so far, if it is ours to close */
    for (;;) {
        size_t len = strcspn(path, "/");
        bool leaves = len == 0 || (len == 2 && memcmp(path, "..", 2) == 0);
        if (leaves || len >= sizeof name) {
            if (held >= 0)
                close(held);
            errno = leaves ? EXDEV : ENAMETOOLONG;
            return -1;
        }
        if (path[len] == '\0')
            return open_last(held, held >= 0 ? held : folder, path, flags);
        memcpy(name, path, len);
        name[len] = '\0';
        int next = open_last(held, held >= 0 ? held : folder, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (next < 0)
            return -1;
        held = next;
        path += len + 1;
    }
}

/** Opens by openat2; false when the kernel or a sandbox lacks it, else `*fd` is the result, -1 with errno. */
static bool open_by_kernel(int folder, const char *path, int flags, unsigned resolve, int *fd)
{
    if (is_plain)
        return false;
    *fd = open_resolved(folder, path, flags, resolve);
    if (*fd >= 0 || (errno != ENOSYS && errno != EPERM))
        return true;
    int probe = errno == EPERM ? open_resolved(folder, ".", O_PATH | O_CLOEXEC, resolve) : -1;
    if (probe >= 0) { /* it works: the file itself is what may not be opened */
        close(probe);
        errno = EPERM;
        return true;
    }
    is_plain = true;
    return false;
}

int beneath_open(int folder, const char *path, int flags)
{
    int fd;
    return open_by_kernel(folder, path, flags, RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS, &fd)
               ? fd
               : open_stepwise(folder, path, flags);
}

/** Whether a path that begins at a folder stays in it, but for its links. */
static bool stays(const char *path)
{
    if (path[0] == '/')
        return false;
    for (;;) {
        size_t len = strcspn(path, "/");
        if (len == 2 && memcmp(path, "..", 2) == 0)
            return false;
        if (path[len] == '\0')
            return true;
        path += len + 1;
    }
}

int beneath_open_links(int folder, const char *path, int flags)
{
    int fd;
    if (!stays(path)) {
        errno = EXDEV;
        return -1;
    }
    return open_by_kernel(folder, path, flags, RESOLVE_NO_MAGICLINKS, &fd) ? fd : openat(folder, path, flags);
}

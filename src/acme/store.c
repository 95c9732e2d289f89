#include "acme/store.h"

#include "base/file.h"

#include "base/mem.h"
#include "base/random.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const folders[] = {"acme",        "acme/http-01", "acme/alpn",
                                      "acme/orders", "acme/records", "certificates"};

static bool fail(buf *problem, const char *what, const store *s, const char *name)
{
    int error = errno;
    buf_add_printf(problem, "cannot %s %s%s%s: %s", what, s->path, name[0] != '\0' ? "/" : "", name,
                   strerror(error));
    return false;
}

/* -- the folder -- */

/** Makes each missing folder of `path`, the last one included. */
static bool make_folders(const char *path)
{
    char made[PATH_MAX];
    size_t len = strlen(path);
    if (len == 0 || len >= sizeof made) {
        errno = len == 0 ? ENOENT : ENAMETOOLONG;
        return false;
    }
    memcpy(made, path, len + 1);
    for (size_t i = 1; i <= len; i++) {
        if (made[i] != '/' && made[i] != '\0')
            continue;
        made[i] = '\0';
        if (mkdir(made, 0700) != 0 && errno != EEXIST) {
            struct stat found; /* a read-only file system says so before it looks */
            int error = errno;
            if (stat(made, &found) != 0) {
                errno = error;
                return false;
            }
        }
        if (i < len)
            made[i] = '/';
    }
    return true;
}

/** Whether only this user and root can change what is in the folder. */
static bool is_private(const store *s, buf *problem)
{
    struct stat found;
    if (fstat(s->root, &found) != 0)
        return fail(problem, "examine", s, "");
    if (found.st_uid != geteuid() && found.st_uid != 0) {
        buf_add_printf(problem,
                       "%s belongs to user %u, not to this one (%u): give --state-dir a folder of its own",
                       s->path, (unsigned)found.st_uid, (unsigned)geteuid());
        return false;
    }
    if (found.st_mode & (S_IWGRP | S_IWOTH)) {
        buf_add_printf(problem, "%s can be changed by other users (mode %o): chmod 700 %s", s->path,
                       (unsigned)(found.st_mode & 07777), s->path);
        return false;
    }
    return true;
}

bool store_open(store *s, const char *path, buf *problem)
{
    *s = (store){.root = -1, .path = path};
    if (!make_folders(path))
        return fail(problem, "make the state folder", s, "");
    s->root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (s->root < 0)
        return fail(problem, "open the state folder", s, "");
    bool is_open = is_private(s, problem);
    for (size_t i = 0; is_open && i < sizeof folders / sizeof *folders; i++)
        if (mkdirat(s->root, folders[i], 0700) != 0 && errno != EEXIST)
            is_open = fail(problem, "make", s, folders[i]);
    if (is_open && faccessat(s->root, "acme", W_OK | X_OK, AT_EACCESS) != 0)
        is_open = fail(problem, "write to", s, "acme");
    if (!is_open)
        store_close(s);
    return is_open;
}

void store_close(store *s)
{
    if (s->root >= 0)
        close(s->root);
    s->root = -1;
}

/* -- files -- */

/** A new file of mode 0600 with its content on the disk. */
static bool write_new(int folder, const char *name, const void *data, size_t len)
{
    int fd = openat(folder, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return false;
    bool is_written = file_write_all(fd, data, len) && fsync(fd) == 0;
    int error = errno;
    is_written &= close(fd) == 0;
    if (!is_written) {
        unlinkat(folder, name, 0);
        errno = error;
    }
    return is_written;
}

/** Makes a rename in the folder that contains `name` durable. */
static bool sync_folder_of(const store *s, const char *name)
{
    char folder[STORE_NAME_BYTES];
    const char *slash = strrchr(name, '/');
    snprintf(folder, sizeof folder, "%.*s", slash != NULL ? (int)(slash - name) : 1,
             slash != NULL ? name : ".");
    int fd = openat(s->root, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool is_synced = fd >= 0 && fsync(fd) == 0;
    int error = errno;
    if (fd >= 0)
        close(fd);
    errno = error;
    return is_synced;
}

bool store_write(const store *s, const char *name, const void *data, size_t len, buf *problem)
{
    char fresh[STORE_NAME_BYTES];
    int printed = snprintf(fresh, sizeof fresh, "%s.new", name);
    if (printed < 0 || (size_t)printed >= sizeof fresh) {
        errno = ENAMETOOLONG;
        return fail(problem, "write", s, name);
    }
    if (!write_new(s->root, fresh, data, len))
        return fail(problem, "write", s, name);
    if (renameat(s->root, fresh, s->root, name) != 0) {
        fail(problem, "replace", s, name);
        unlinkat(s->root, fresh, 0);
        return false;
    }
    return sync_folder_of(s, name) || fail(problem, "sync the folder of", s, name);
}

/** Reads up to `len` bytes; their number, or -1 with errno. */
static ssize_t read_all(int fd, char *data, size_t len)
{
    size_t done = 0;
    while (done < len) {
        ssize_t got = read(fd, data + done, len - done);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        done += (size_t)got;
    }
    return (ssize_t)done;
}

/** A file never changes while it is open: it is replaced by another. */
static bool read_open(int fd, arena *a, tern_str *out)
{
    struct stat found;
    if (fstat(fd, &found) != 0)
        return false;
    if (!S_ISREG(found.st_mode) || found.st_size > STORE_FILE_BYTES) {
        errno = S_ISREG(found.st_mode) ? EFBIG : EINVAL;
        return false;
    }
    char *data = arena_alloc(a, (size_t)found.st_size + 1);
    if (data == NULL) {
        errno = ENOMEM;
        return false;
    }
    ssize_t len = read_all(fd, data, (size_t)found.st_size);
    if (len < 0)
        return false;
    data[len] = '\0';
    *out = (tern_str){data, (size_t)len};
    return true;
}

store_found store_read(const store *s, const char *name, arena *a, tern_str *out, buf *problem)
{
    int fd = openat(s->root, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        return STORE_ABSENT;
    if (fd < 0) {
        fail(problem, "read", s, name);
        return STORE_FAILED;
    }
    bool is_read = read_open(fd, a, out) || fail(problem, "read", s, name);
    close(fd);
    return is_read ? STORE_FOUND : STORE_FAILED;
}

void store_remove(const store *s, const char *name)
{
    unlinkat(s->root, name, 0);
}

/** Opens a folder for readdir; NULL when it cannot be read. */
static DIR *open_list(int at, const char *folder)
{
    int fd = openat(at, folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *list = fd >= 0 ? fdopendir(fd) : NULL;
    if (list == NULL && fd >= 0)
        close(fd);
    return list;
}

static void clear(int at, const char *folder)
{
    DIR *list = open_list(at, folder);
    if (list == NULL)
        return;
    for (struct dirent *entry; (entry = readdir(list)) != NULL;)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            unlinkat(dirfd(list), entry->d_name, 0);
    closedir(list);
}

void store_clear(const store *s, const char *folder)
{
    clear(s->root, folder);
}

bool store_lock(const store *s, bool waits, buf *problem)
{
    int fd = openat(s->root, "acme/lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return fail(problem, "open", s, "acme/lock");
    int result;
    do
        result = flock(fd, LOCK_EX | (waits ? 0 : LOCK_NB));
    while (result != 0 && errno == EINTR);
    if (result == 0)
        return true; /* the descriptor stays open: it is the lock */
    int error = errno;
    close(fd);
    errno = error;
    return error == EWOULDBLOCK ? false : fail(problem, "lock", s, "acme/lock");
}

/* -- certificates -- */

/** Removes the folders of `name` in certificates/ other than the two to keep. */
static void remove_older(const store *s, const char *name, const char *kept, const char *also_kept)
{
    char prefix[STORE_NAME_BYTES];
    int len = snprintf(prefix, sizeof prefix, ".%s@", name);
    DIR *list = open_list(s->root, "certificates");
    if (list == NULL)
        return;
    for (struct dirent *entry; (entry = readdir(list)) != NULL;) {
        if (strncmp(entry->d_name, prefix, (size_t)len) != 0 || strcmp(entry->d_name, kept) == 0 ||
            strcmp(entry->d_name, also_kept) == 0)
            continue;
        clear(dirfd(list), entry->d_name);
        unlinkat(dirfd(list), entry->d_name, AT_REMOVEDIR);
    }
    closedir(list);
}

/** Fills a new folder, whose name is `target`, and syncs it. */
static bool fill_folder(int certificates, const char *target, tern_str chain, tern_str key)
{
    if (mkdirat(certificates, target, 0700) != 0)
        return false;
    int folder = openat(certificates, target, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    bool is_filled = folder >= 0 && write_new(folder, "privkey.pem", key.data, key.len) &&
                     write_new(folder, "fullchain.pem", chain.data, chain.len) && fsync(folder) == 0;
    int error = errno;
    if (folder >= 0)
        close(folder);
    errno = error;
    return is_filled;
}

/** Points the link `name` to `target`, in one step. */
static bool point(int certificates, const char *name, const char *target)
{
    char link[STORE_NAME_BYTES];
    snprintf(link, sizeof link, ".%s.link", name);
    unlinkat(certificates, link, 0); /* of a process that was killed here */
    return symlinkat(target, certificates, link) == 0 &&
           renameat(certificates, link, certificates, name) == 0 && fsync(certificates) == 0;
}

bool store_install(const store *s, const char *name, tern_str chain, tern_str key, buf *problem)
{
    char target[STORE_NAME_BYTES], before[STORE_NAME_BYTES] = "", shown[STORE_NAME_BYTES];
    uint64_t number = 0;
    if (!random_bytes(&number, sizeof number))
        return fail(problem, "make a random name in", s, "certificates");
    snprintf(target, sizeof target, ".%s@%016" PRIx64, name, number);
    snprintf(shown, sizeof shown, "certificates/%s", name);
    int certificates = openat(s->root, "certificates", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (certificates < 0)
        return fail(problem, "open", s, "certificates");
    ssize_t len = readlinkat(certificates, name, before, sizeof before - 1);
    before[len > 0 ? len : 0] = '\0';
    bool is_installed = fill_folder(certificates, target, chain, key) && point(certificates, name, target);
    if (!is_installed) {
        fail(problem, "write", s, shown);
        clear(certificates, target);
        unlinkat(certificates, target, AT_REMOVEDIR);
    } else {
        remove_older(s, name, target, before);
    }
    close(certificates);
    return is_installed;
}

/** Parts of forms that become files under names of our own. */
#include "app/ctx.h"
#include "base/random.h"

#include <tern/log.h>
#include <tern/task.h>
#include <tern/upload.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { STAGE_BYTES = 64 * 1024, NAME_BYTES = 33 };

/** A file that is being written, in the request's memory. */
typedef struct storing {
    const char *folder;
    int folder_fd, fd;
    bool is_named; /* it has the name `hidden`, because the file system has no files without one */
    bool is_last;
    char name[NAME_BYTES], hidden[NAME_BYTES + 6];
    size_t staged;
    uint64_t size;
    int error;
    char *stage;
} storing;

/* -- on a thread of the pool: a disk may be slow -- */

static bool open_file_for(storing *s)
{
    s->folder_fd = open(s->folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (s->folder_fd < 0)
        return false;
    s->fd = openat(s->folder_fd, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
    if (s->fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != ENOENT))
        return s->fd >= 0;
    s->fd = openat(s->folder_fd, s->hidden, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
    s->is_named = s->fd >= 0;
    return s->is_named;
}

static bool write_stage(storing *s)
{
    for (size_t done = 0; done < s->staged;) {
        ssize_t n = write(s->fd, s->stage + done, s->staged - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            errno = n < 0 ? errno : ENOSPC;
            return false;
        }
        done += (size_t)n;
    }
    s->size += s->staged;
    s->staged = 0;
    return true;
}

/** Gives the file its name, once all of it is on the disk. */
static bool finish_file(storing *s)
{
    char path[32];
    if (fdatasync(s->fd) != 0)
        return false;
    if (s->is_named) {
        if (renameat(s->folder_fd, s->hidden, s->folder_fd, s->name) != 0)
            return false;
        s->is_named = false;
        return true;
    }
    snprintf(path, sizeof path, "/proc/self/fd/%d", s->fd);
    return linkat(AT_FDCWD, path, s->folder_fd, s->name, AT_SYMLINK_FOLLOW) == 0;
}

static void work(void *arg)
{
    storing *s = arg;
    if ((s->fd < 0 && !open_file_for(s)) || !write_stage(s) || (s->is_last && !finish_file(s)))
        s->error = errno;
}

/* -- in the request -- */

/** Removes what has no name yet. */
static void abandon(tern_ctx *c, void *arg)
{
    (void)c;
    storing *s = arg;
    if (s->is_named)
        unlinkat(s->folder_fd, s->hidden, 0);
    s->is_named = false;
    if (s->fd >= 0)
        close(s->fd);
    if (s->folder_fd >= 0)
        close(s->folder_fd);
    s->fd = s->folder_fd = -1;
}

static void flush(tern_ctx *c, storing *s)
{
    tern_offload(c, work, s);
    if (s->error == 0)
        return;
    char label[160];
    tern_log(TERN_LOG_ERROR, "%s: an upload could not be stored in %s: %s",
             ctx_route_label(c, label, sizeof label), s->folder, strerror(s->error));
    const bool is_full = s->error == ENOSPC || s->error == EDQUOT || s->error == EFBIG;
    ctx_fail(c, is_full ? 507 : 503,
             is_full ? "the disk is full: the upload was not stored" : "the upload could not be stored");
}

static storing *begin(tern_ctx *c, const char *folder)
{
    uint64_t words[2];
    storing *s = tern_alloc(c, sizeof *s);
    *s = (storing){.folder = ctx_text(c, (tern_str){folder, strlen(folder)}), .folder_fd = -1, .fd = -1};
    s->stage = ctx_need(c, arena_alloc(ctx_arena(c), STAGE_BYTES));
    if (!random_bytes(words, sizeof words))
        ctx_fail(c, 503, "the upload could not be stored");
    snprintf(s->name, sizeof s->name, "%016" PRIx64 "%016" PRIx64, words[0], words[1]);
    snprintf(s->hidden, sizeof s->hidden, ".%s.part", s->name);
    tern_after(c, abandon, s); /* however the request ends */
    return s;
}

tern_stored_part tern_part_store(tern_ctx *c, const char *folder)
{
    storing *s = begin(c, folder);
    tern_str piece;
    while ((piece = tern_part_read(c)).len != 0)
        while (piece.len != 0) {
            if (s->staged == STAGE_BYTES)
                flush(c, s);
            const size_t room = STAGE_BYTES - s->staged, n = piece.len < room ? piece.len : room;
            memcpy(s->stage + s->staged, piece.data, n);
            s->staged += n;
            piece = (tern_str){piece.data + n, piece.len - n};
        }
    s->is_last = true;
    flush(c, s);
    abandon(c, s); /* a form may have many files: not all of them stay open */
    return (tern_stored_part){.name = s->name, .size = s->size};
}

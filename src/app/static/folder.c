#include "app/static/folder.h"

#include "app/conditions.h"
#include "app/ctx.h"
#include "app/static/beneath.h"
#include "app/static/encoding.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/random.h"
#include "runtime/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* -- the folder -- */

static bool open_path(static_folder *folder)
{
    struct stat facts;
    int fd = open(folder->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return false;
    if (fstat(fd, &facts) != 0) {
        int error = errno;
        close(fd);
        errno = error;
        return false;
    }
    if (folder->fd >= 0)
        close(folder->fd);
    folder->fd = fd;
    folder->device = facts.st_dev;
    folder->number = facts.st_ino;
    return true;
}

bool static_folder_open(static_folder *folder, const char *path, unsigned recheck_ms, bool symlinks)
{
    *folder = (static_folder){.path = path, .fd = -1, .recheck_ms = recheck_ms, .symlinks = symlinks};
    random_bytes(&folder->key, sizeof folder->key); /* without it, somebody may make files share a slot */
    return open_path(folder);
}

void static_folder_forget(static_folder *folder)
{
    for (unsigned i = 0; folder->slots != NULL && i < STATIC_SLOTS; i++)
        if (folder->slots[i] != NULL) {
            static_entry_release(folder->slots[i]);
            folder->slots[i] = NULL;
        }
    mem_free(folder->slots);
    folder->slots = NULL;
}

void static_folder_close(static_folder *folder)
{
    static_folder_forget(folder);
    if (folder->fd >= 0)
        close(folder->fd);
    folder->fd = -1;
}

void static_folder_tidy(static_folder *folder)
{
    for (unsigned i = 0; folder->slots != NULL && i < STATIC_SLOTS; i++) {
        static_entry *entry = folder->slots[i];
        if (entry == NULL)
            continue;
        if (entry->is_used) {
            entry->is_used = false;
        } else {
            folder->slots[i] = NULL;
            static_entry_release(entry);
        }
    }
}

/** A deployment may have renamed another folder to this path, or changed a link in it. */
static void recheck(static_folder *folder)
{
    struct stat facts;
    folder->checked_ms = loop_self.now_ms;
    if (stat(folder->path, &facts) == 0) {
        if (folder->fd >= 0 && facts.st_dev == folder->device && facts.st_ino == folder->number)
            return;
        if (open_path(folder))
            static_folder_forget(folder);
    } else if (errno == ENOENT && folder->fd >= 0) {
        static_folder_forget(folder);
        close(folder->fd);
        folder->fd = -1;
    }
}

int static_folder_fd(static_folder *folder)
{
    if (folder->fd < 0 || loop_self.now_ms - folder->checked_ms >= folder->recheck_ms)
        recheck(folder);
    return folder->fd;
}

/* -- files -- */

static void close_forms(static_entry *entry)
{
    for (int form = 0; form < TERN_STATIC_FORMS; form++)
        if (entry->stored[form].fd >= 0)
            close(entry->stored[form].fd);
}

void static_entry_release(static_entry *entry)
{
    if (--entry->users != 0)
        return;
    close_forms(entry);
    mem_free(entry);
}

/** Opens one form; false with errno, 0 for what is not a regular file. A FIFO or a device is neither waited for nor
 * opened. */
static bool open_form(const static_folder *folder, const char *path, static_stored *stored)
{
    enum { FLAGS = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY };
    struct stat facts;
    stored->fd = folder->symlinks ? beneath_open_links(folder->fd, path, FLAGS)
                                  : beneath_open(folder->fd, path, FLAGS);
    if (stored->fd < 0)
        return false;
    int error = fstat(stored->fd, &facts) != 0 ? errno
                : S_ISREG(facts.st_mode)       ? -1
                : S_ISDIR(facts.st_mode)       ? EISDIR
                                               : 0;
    if (error >= 0) {
        close(stored->fd);
        stored->fd = -1;
        errno = error;
        return false;
    }
    const int64_t now = clock_wall_s(), at = facts.st_mtim.tv_sec;
    stored->size = (uint64_t)facts.st_size;
    stored->modified = facts.st_mtim;
    stored->changed = facts.st_ctim;
    file_tag_write(stored->tag, &facts);
    http_date_write(stored->date, at < now ? at : now); /* RFC 9110 section 8.8.2.1 */
    stored->date[HTTP_DATE_LEN] = '\0';
    return true;
}

/** Opens the siblings that are not older: an older one is of another version of the file. */
static void open_siblings(const static_folder *folder, static_entry *entry, size_t len)
{
    const static_stored *plain = &entry->stored[TERN_STATIC_PLAIN];
    char path[STATIC_PATH_BYTES + 8];
    memcpy(path, entry->path, len);
    for (int form = TERN_STATIC_PLAIN + 1; form < TERN_STATIC_FORMS; form++) {
        static_stored *stored = &entry->stored[form];
        memcpy(path + len, static_form_suffix[form], strlen(static_form_suffix[form]) + 1);
        if (!open_form(folder, path, stored))
            continue;
        if (stored->modified.tv_sec >= plain->modified.tv_sec) {
            entry->forms |= 1u << form;
            continue;
        }
        close(stored->fd);
        stored->fd = -1;
    }
}

static static_entry *open_entry(const static_folder *folder, const char *path, size_t len, int *error)
{
    static_entry *entry = mem_zero(1, sizeof *entry + len + 1);
    *error = ENOMEM;
    if (entry == NULL)
        return NULL;
    for (int form = 0; form < TERN_STATIC_FORMS; form++)
        entry->stored[form].fd = -1;
    memcpy(entry->path, path, len + 1);
    entry->users = 1;
    if (!open_form(folder, path, &entry->stored[TERN_STATIC_PLAIN])) {
        *error = errno;
        mem_free(entry);
        return NULL;
    }
    entry->forms = 1u << TERN_STATIC_PLAIN;
    entry->type = mime_of_path(path);
    entry->opened_ms = loop_self.now_ms;
    entry->is_fresh = clock_wall_s() - entry->stored[TERN_STATIC_PLAIN].modified.tv_sec < CONDITIONS_FRESH_S;
    open_siblings(folder, entry, len);
    return entry;
}

/** The place of a path; NULL when out of memory. */
static static_entry **slot_of(static_folder *folder, const char *path, size_t len)
{
    if (folder->slots == NULL && (folder->slots = mem_zero(STATIC_SLOTS, sizeof *folder->slots)) == NULL)
        return NULL;
    return &folder->slots[siphash_1_3(&folder->key, path, len) % STATIC_SLOTS];
}

bool static_entry_is_current(static_folder *folder, const static_entry *entry, tern_static_form form)
{
    const static_stored *stored = &entry->stored[form];
    struct stat facts;
    /* The time of change differs when the file was written to, renamed, unlinked or replaced. */
    if (fstat(stored->fd, &facts) == 0 && facts.st_ctim.tv_sec == stored->changed.tv_sec &&
        facts.st_ctim.tv_nsec == stored->changed.tv_nsec && (uint64_t)facts.st_size == stored->size)
        return true;
    static_entry **slot = slot_of(folder, entry->path, strlen(entry->path));
    if (slot != NULL && *slot == entry) {
        static_entry_release(*slot);
        *slot = NULL;
    }
    return false;
}

/** The entry in the slot, if it is of this path and may still be used. */
static static_entry *kept_entry(static_folder *folder, static_entry *const *slot, const char *path)
{
    static_entry *entry = *slot;
    if (entry == NULL || loop_self.now_ms - entry->opened_ms >= folder->recheck_ms ||
        strcmp(entry->path, path) != 0 || !static_entry_is_current(folder, entry, TERN_STATIC_PLAIN))
        return NULL;
    return entry;
}

static_entry *static_folder_find(static_folder *folder, const char *path, int *error)
{
    const size_t len = strlen(path);
    const int fd = static_folder_fd(folder);
    *error = fd < 0 ? ENOENT : len >= STATIC_PATH_BYTES ? ENAMETOOLONG : 0;
    static_entry **slot = *error == 0 ? slot_of(folder, path, len) : NULL;
    if (slot == NULL) {
        *error = *error == 0 ? ENOMEM : *error;
        return NULL;
    }
    static_entry *entry = kept_entry(folder, slot, path);
    if (entry == NULL) {
        entry = open_entry(folder, path, len, error);
        if (entry == NULL)
            return NULL;
        if (entry->is_fresh)
            return entry;
        if (*slot != NULL)
            static_entry_release(*slot);
        *slot = entry;
    }
    entry->is_used = true;
    entry->users++;
    return entry;
}

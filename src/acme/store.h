/**
 * The state folder: files that survive a kill at any moment.
 *
 * A file is written beside its old version, synced, and renamed over it: readers and crashes see the old or
 * the new content, never a part. Folders have mode 0700, files 0600. Several machines may share a folder:
 * readers need no lock, and only the owner of the lock writes.
 */
#ifndef ACME_STORE_H
#define ACME_STORE_H

#include "base/arena.h"
#include "base/buf.h"

#include <tern/str.h>

#include <stdbool.h>
#include <stddef.h>

enum { STORE_FILE_BYTES = 256 * 1024, STORE_NAME_BYTES = 320 };

typedef struct store {
    int root;         /* descriptor of the folder; -1 when closed */
    const char *path; /* for messages; the caller's */
} store;

/**
 * Opens the folder and makes what is missing of it and of its own folders.
 *
 * @return false with one line in `problem`: it cannot be made, belongs to another user, or others may write
 * to it.
 */
bool store_open(store *s, const char *path, buf *problem);
void store_close(store *s);

/** Replaces the file `name` ("acme/records/example.org.json"); false with the reason in `problem`, the old
 * file is then unchanged. */
bool store_write(const store *s, const char *name, const void *data, size_t len, buf *problem);

/** What a call left in `problem`, which may have had no memory for it. */
static inline const char *store_reason(const buf *problem)
{
    return problem->failed || problem->data == NULL ? "out of memory" : problem->data;
}

typedef enum store_found { STORE_FOUND, STORE_ABSENT, STORE_FAILED } store_found;

/** Reads the whole file `name` into `a`, with a NUL after it. STORE_FAILED with the reason in `problem` when
 * it cannot be read or has more than STORE_FILE_BYTES. Symbolic links are followed only above the file
 * itself. */
store_found store_read(const store *s, const char *name, arena *a, tern_str *out, buf *problem);
/** Removes a file; one that does not exist is fine. */
void store_remove(const store *s, const char *name);
/** Removes every file of a folder ("acme/http-01"). */
void store_clear(const store *s, const char *folder);

/** Takes the lock that lets one process of all that share the folder work: held until the process ends.
 * Returns false when another has it (with `waits`: never), or with a text in `problem` when it cannot be
 * tried. */
bool store_lock(const store *s, bool waits, buf *problem);

/**
 * Replaces certificates/`name`/ by a new folder with `chain` and `key`, both in one step (the rename of a
 * symbolic link). The folder before is kept for readers that have it open; older ones are removed.
 */
bool store_install(const store *s, const char *name, tern_str chain, tern_str key, buf *problem);

#endif

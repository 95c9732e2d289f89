/**
 * A folder of files on disk, with those open that were requested lately.
 *
 * Hot path: static_folder_find of a file that is open costs an fstat. A worker has its own; nothing is locked.
 */
#ifndef APP_STATIC_FOLDER_H
#define APP_STATIC_FOLDER_H

#include "app/open_file.h"
#include "base/siphash.h"
#include "http/date.h"

#include <tern/static.h>

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

enum { STATIC_SLOTS = 128, STATIC_PATH_BYTES = 1024 };

/** One form of a file. */
typedef struct static_stored {
    int fd; /* -1: not in this form */
    uint64_t size;
    struct timespec modified, changed;
    char tag[FILE_TAG_BYTES];
    char date[HTTP_DATE_LEN + 1];
} static_stored;

/** An open file. */
typedef struct static_entry {
    unsigned users; /* requests, and 1 for its slot */
    bool is_used;   /* since the last static_folder_tidy */
    bool is_fresh;  /* it was written just now, and is not kept: its clock may not have moved since */
    uint64_t opened_ms;
    const char *type;
    unsigned forms; /* a bit for each one stored */
    static_stored stored[TERN_STATIC_FORMS];
    char path[];
} static_entry;

typedef struct static_folder {
    const char *path; /* absolute, not resolved */
    int fd;           /* -1: it does not exist */
    uint64_t device, number, checked_ms;
    unsigned recheck_ms;
    bool symlinks; /* those that lead out are followed */
    siphash_key key;
    static_entry **slots; /* STATIC_SLOTS; NULL until the first file */
} static_folder;

/** Opens the folder; false with errno if it cannot be opened as a folder. `path` must outlive it. `symlinks`: symbolic
 * links that lead out of it are followed. */
bool static_folder_open(static_folder *folder, const char *path, unsigned recheck_ms, bool symlinks);
/** Closes all files that no request uses. */
void static_folder_forget(static_folder *folder);
/** The same, and closes the folder. */
void static_folder_close(static_folder *folder);
/** Closes the files that were not requested since the last call. */
void static_folder_tidy(static_folder *folder);
/** The folder's descriptor, after a look at whether its path is another folder by now; -1 without one. */
int static_folder_fd(static_folder *folder);

/**
 * Finds a regular file by its relative path, and its encoded forms. The entry is valid until static_entry_release.
 * NULL with `*error`: an errno, or 0 if it is not a regular file (EISDIR: a folder).
 */
static_entry *static_folder_find(static_folder *folder, const char *path, int *error);
/** Whether the form is as it was when it was opened. If not, the entry is forgotten: find it again. */
bool static_entry_is_current(static_folder *folder, const static_entry *entry, tern_static_form form);
void static_entry_release(static_entry *entry);

#endif

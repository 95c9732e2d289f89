/** Named regions of memory that every worker forked later sees. */
#ifndef RUNTIME_SHARED_H
#define RUNTIME_SHARED_H

#include <stdbool.h>
#include <stddef.h>

enum { SHARED_NAME_BYTES = 48 }; /* with its NUL */

typedef enum shared_kind {
    SHARED_COUNTER,
    SHARED_MAP,
    SHARED_MEMORY,
    SHARED_STORE,
    SHARED_STATE /* a layer's own */
} shared_kind;

/** One region; the record is the process's own (inherited by fork), `memory` is shared. */
typedef struct shared_region {
    struct shared_region *next;
    char name[SHARED_NAME_BYTES];
    shared_kind kind;
    size_t bytes;
    void *memory; /* page-aligned; zeroed at first */
    void *handle; /* what the region's owner gives its users; NULL at first */
    int fd;       /* its memfd: a successor started by exec can map it again */
} shared_region;

/**
 * The region of that name; a new one (with `handle` NULL) when it does not exist. NULL with errno set: EINVAL
 * for an empty name, ENAMETOOLONG, EEXIST when the name belongs to a region of another kind or size, or the
 * kernel's error when out of memory.
 */
shared_region *shared_region_open(const char *name, shared_kind kind, size_t bytes);
/** Takes back a region just made that cannot be used. */
void shared_region_drop(shared_region *region);

#endif

/** Named regions of memory that every worker forked later sees. */
#ifndef RUNTIME_SHARED_H
#define RUNTIME_SHARED_H

#include <stdbool.h>
#include <stddef.h>

enum { SHARED_NAME_BYTES = 48 }; /* with its NUL */

typedef enum shared_kind { SHARED_COUNTER, SHARED_MAP } shared_kind;

/** One region; the record is the process's own (inherited by fork), `memory` is shared. */
typedef struct shared_region {
    struct shared_region *next;
    char name[SHARED_NAME_BYTES];
    shared_kind kind;
    size_t bytes;
    void *memory; /* page-aligned; zeroed at first */
    void *handle; /* what the owner of the region hands out for it; NULL at first */
    int fd;       /* the memfd behind it: an exec'd successor can map it again */
} shared_region;

/**
 * The region of that name, made when there is none (then `handle` is NULL). NULL with errno set: EINVAL for
 * an empty name, ENAMETOOLONG, EEXIST when the name stands for something of another kind or size, or what the
 * kernel says when memory is short.
 */
shared_region *shared_region_open(const char *name, shared_kind kind, size_t bytes);
/** Takes back a region just made that cannot be used. */
void shared_region_drop(shared_region *region);

#endif

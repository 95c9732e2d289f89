#include "runtime/shared.h"

#include "base/mem.h"

#include <tern/shared.h>

#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static shared_region *regions; /* those of this process, newest first */

static shared_region *find(const char *name, size_t len)
{
    shared_region *region = regions;
    while (region != NULL && (strncmp(region->name, name, len) != 0 || region->name[len] != '\0'))
        region = region->next;
    return region;
}

/* Maps `bytes` zeroed bytes with a descriptor; false with errno set. */
static bool map_memory(shared_region *region, size_t bytes)
{
    region->fd = memfd_create(region->name, MFD_CLOEXEC);
    if (region->fd < 0)
        return false;
    region->memory = MAP_FAILED;
    if ((size_t)(off_t)bytes == bytes && ftruncate(region->fd, (off_t)bytes) == 0)
        region->memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, region->fd, 0);
    if (region->memory != MAP_FAILED)
        return true;
    int reason = errno;
    close(region->fd);
    errno = reason;
    return false;
}

shared_region *shared_region_open(const char *name, shared_kind kind, size_t bytes)
{
    size_t len = strlen(name);
    if (len == 0 || len >= SHARED_NAME_BYTES) {
        errno = len == 0 ? EINVAL : ENAMETOOLONG;
        return NULL;
    }
    shared_region *region = find(name, len);
    if (region != NULL) {
        bool is_same = region->kind == kind && region->bytes == bytes;
        errno = is_same ? 0 : EEXIST;
        return is_same ? region : NULL;
    }
    region = mem_zero(1, sizeof *region);
    if (region == NULL) {
        errno = ENOMEM;
        return NULL;
    }
    memcpy(region->name, name, len);
    region->kind = kind;
    region->bytes = bytes;
    if (!map_memory(region, bytes)) {
        mem_free(region);
        return NULL;
    }
    region->next = regions;
    regions = region;
    return region;
}

void shared_region_drop(shared_region *region)
{
    shared_region **place = &regions;
    while (*place != region)
        place = &(*place)->next;
    *place = region->next;
    munmap(region->memory, region->bytes);
    close(region->fd);
    mem_free(region);
}

/* -- counters -- */

/* Alone on its cache line (on its page, even), so that no other data slows it down. */
struct tern_shared_counter {
    _Alignas(64) _Atomic int64_t value;
};

tern_shared_counter *tern_shared_counter_new(const char *name)
{
    shared_region *region = shared_region_open(name, SHARED_COUNTER, sizeof(tern_shared_counter));
    return region != NULL ? region->memory : NULL;
}

int64_t tern_shared_add(tern_shared_counter *counter, int64_t by)
{
    /* unsigned arithmetic wraps where signed would be undefined */
    return (int64_t)((uint64_t)atomic_fetch_add_explicit(&counter->value, by, memory_order_relaxed) +
                     (uint64_t)by);
}

int64_t tern_shared_get(const tern_shared_counter *counter)
{
    return atomic_load_explicit(&counter->value, memory_order_relaxed);
}

void tern_shared_set(tern_shared_counter *counter, int64_t value)
{
    atomic_store_explicit(&counter->value, value, memory_order_relaxed);
}

/* -- memory as it is -- */

void *tern_shared_memory_new(const char *name, size_t size)
{
    if (size == 0) {
        errno = EINVAL;
        return NULL;
    }
    shared_region *region = shared_region_open(name, SHARED_MEMORY, size);
    return region != NULL ? region->memory : NULL;
}

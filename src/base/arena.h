/**
 * A request's memory: many allocations, one release.
 *
 * The first bytes come from a block that the owner lends (on the request's own stack), so that a small
 * request allocates nothing; after that from the heap in growing chunks, up to a limit in bytes.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/sanitize.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

typedef struct arena_chunk arena_chunk;

typedef struct arena {
    char *next, *end;    /* what is left of the current chunk */
    arena_chunk *chunks; /* heap chunks, newest first */
    size_t taken_bytes;  /* heap bytes so far */
    size_t limit_bytes;  /* heap bytes at most */
#if BASE_ASAN
    bool is_checked;            /* arena_check */
    struct arena_block *blocks; /* what it has handed out since then */
#endif
} arena;

/** `lent` (may be NULL with lent_bytes 0) serves the first allocations; it must outlive the arena. */
void arena_init(arena *a, void *lent, size_t lent_bytes, size_t limit_bytes);
/** Frees every chunk; all that was allocated is gone. */
void arena_free(arena *a);
/** `size` as it is taken from a chunk: a multiple of 16, never 0 but on overflow. */
static inline size_t arena_rounded(size_t size)
{
    return (size + (size == 0) + 15) & ~(size_t)15;
}

/** The slow half of arena_alloc: takes a new chunk. */
void *arena_grow(arena *a, size_t size);

/**
 * In builds with AddressSanitizer, puts every later allocation into a heap block of its own: a byte written
 * past its end, and a use after arena_free, are reports. Room and limit are counted as without
 * AddressSanitizer. An arena that is checked must be freed, even when it took no chunk.
 */
#if BASE_ASAN
static inline void arena_check(arena *a)
{
    a->is_checked = true;
}
/** `room`, or for a checked arena a block of exactly `size` bytes in its place. */
void *arena_checked(arena *a, void *room, size_t size);
#else
static inline void arena_check(arena *a)
{
    (void)a;
}
static inline void *arena_checked(arena *a, void *room, size_t size)
{
    (void)a, (void)size;
    return room;
}
#endif

/** Takes a chunk with room for exactly `bytes` (a multiple of 16) as the current one of an arena without any. False when
 * out of memory. */
bool arena_reserve(arena *a, size_t bytes);
/** Moves all that `from` has allocated from the heap to `into`; `from` is then empty, with its limit. Memory that was
 * lent stays where it is. */
void arena_join(arena *into, arena *from);

/** Whether arena_free has something to do. */
static inline bool arena_holds(const arena *a)
{
#if BASE_ASAN
    if (a->blocks != NULL)
        return true;
#endif
    return a->chunks != NULL;
}

/** `size` bytes aligned for any type, undefined content; NULL past the limit or when out of memory.
 * Size 0 counts as 1. */
static inline void *arena_alloc(arena *a, size_t size)
{
    size_t rounded = arena_rounded(size);
    if (rounded < size || rounded > (size_t)(a->end - a->next))
        return arena_grow(a, size);
    void *block = a->next;
    a->next += rounded;
    return arena_checked(a, block, size);
}

/**
 * A block in a chunk of its own, which grows and shrinks without leaving a copy: for what may turn out to be
 * large. `block` is NULL, or what this call returned before.
 * @return the block, moved or not, of `size` bytes; NULL as arena_alloc, the old block is then unchanged.
 */
void *arena_resize(arena *a, void *block, size_t size);

/** A copy of `len` bytes with a NUL after them; NULL as arena_alloc. */
char *arena_text(arena *a, const char *data, size_t len);
/** Formats into the arena; `*len` (when not NULL) receives the length without the NUL. NULL as
 * arena_alloc. */
char *arena_vprintf(arena *a, size_t *len, const char *format, va_list args)
    __attribute__((format(printf, 3, 0)));
char *arena_printf(arena *a, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif

/**
 * Blocks of one size, kept for the next user.
 *
 * Each begins at a cache line. Last in, first out: the block handed out next is the one most likely still in
 * the processor's cache, so a worker that answers each request before it reads the next touches one block for
 * all of its connections.
 */
#ifndef BASE_POOL_H
#define BASE_POOL_H

#include "base/mem.h"
#include "base/sanitize.h"

#include <stddef.h>
#include <string.h>

#if BASE_ASAN
#include <sanitizer/asan_interface.h>
#endif

typedef struct pool {
    void *free_list;     /* each free block's first word points to the next */
    size_t block_bytes;  /* at least sizeof(void *) */
    unsigned kept, keep; /* blocks on the list, and how many may stay there; the rest go back to the heap */
    unsigned least;      /* blocks that stayed on the list all the time since the last pool_tidy */
} pool;

/** Sets up an empty pool; nothing is allocated until the first pool_get. */
void pool_init(pool *p, size_t block_bytes, unsigned keep);

/** A block of undefined content, or NULL when out of memory. */
static inline void *pool_get(pool *p)
{
    void *block = p->free_list;
    if (block == NULL)
        return mem_alloc_lines(p->block_bytes);
#if BASE_ASAN
    __asan_unpoison_memory_region(block, p->block_bytes);
#endif
    memcpy(&p->free_list, block, sizeof p->free_list);
    if (--p->kept < p->least)
        p->least = p->kept;
    return block;
}

/** Gives a block back; NULL is allowed. */
static inline void pool_put(pool *p, void *block)
{
    if (block == NULL)
        return;
    if (p->kept >= p->keep) {
        mem_free(block);
        return;
    }
    memcpy(block, &p->free_list, sizeof p->free_list);
    p->free_list = block;
    p->kept++;
#if BASE_ASAN
    __asan_poison_memory_region(block, p->block_bytes);
#endif
}

/** Frees the blocks on the list (not those handed out). */
void pool_drain(pool *p);
/** Frees the blocks that were not needed since the last call. */
void pool_tidy(pool *p);

#endif

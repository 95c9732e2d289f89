/**
 * Blocks of one size, kept for the next user.
 *
 * Last in, first out: the block handed out next is the one most likely still in the processor's cache, so a
 * worker that answers each request before it reads the next touches one block for all of its connections.
 */
#ifndef BASE_POOL_H
#define BASE_POOL_H

#include <stddef.h>

typedef struct pool {
    void *free_list;     /* each free block's first word points to the next */
    size_t block_bytes;  /* at least sizeof(void *) */
    unsigned kept, keep; /* blocks on the list, and how many may stay there; the rest go back to the heap */
} pool;

/** Sets up an empty pool; nothing is allocated until the first pool_get. */
void pool_init(pool *p, size_t block_bytes, unsigned keep);
/** A block of undefined content, or NULL when memory is short. */
void *pool_get(pool *p);
/** Gives a block back; NULL is allowed. */
void pool_put(pool *p, void *block);
/** Frees the blocks on the list (not those handed out). */
void pool_drain(pool *p);

#endif

#include "base/pool.h"

#include "base/mem.h"
#include "base/sanitize.h"

#include <string.h>

#if BASE_ASAN
#include <sanitizer/asan_interface.h>
#define HIDE(block, size) __asan_poison_memory_region(block, size)
#define SHOW(block, size) __asan_unpoison_memory_region(block, size)
#else
#define HIDE(block, size) ((void)(block))
#define SHOW(block, size) ((void)(block))
#endif

void pool_init(pool *p, size_t block_bytes, unsigned keep)
{
    *p = (pool){.block_bytes = block_bytes < sizeof(void *) ? sizeof(void *) : block_bytes, .keep = keep};
}

void *pool_get(pool *p)
{
    void *block = p->free_list;
    if (block == NULL)
        return mem_alloc(p->block_bytes);
    SHOW(block, p->block_bytes);
    memcpy(&p->free_list, block, sizeof p->free_list);
    p->kept--;
    return block;
}

void pool_put(pool *p, void *block)
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
    HIDE(block, p->block_bytes);
}

void pool_drain(pool *p)
{
    while (p->free_list != NULL) {
        void *block = p->free_list;
        SHOW(block, p->block_bytes);
        memcpy(&p->free_list, block, sizeof p->free_list);
        mem_free(block);
    }
    p->kept = 0;
}

#include "base/pool.h"

void pool_init(pool *p, size_t block_bytes, unsigned keep)
{
    *p = (pool){.block_bytes = block_bytes < sizeof(void *) ? sizeof(void *) : block_bytes, .keep = keep};
}

void pool_drain(pool *p)
{
    unsigned keep = p->keep;
    p->keep = 0; /* what pool_put gets goes to the heap */
    while (p->free_list != NULL)
        pool_put(p, pool_get(p));
    p->keep = keep;
}

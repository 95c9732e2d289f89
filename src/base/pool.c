#include "base/pool.h"

void pool_init(pool *p, size_t block_bytes, unsigned keep)
{
    *p = (pool){.block_bytes = block_bytes < sizeof(void *) ? sizeof(void *) : block_bytes, .keep = keep};
}

static void free_some(pool *p, unsigned count)
{
    unsigned keep = p->keep;
    p->keep = 0; /* what pool_put gets goes to the heap */
    while (count-- > 0)
        pool_put(p, pool_get(p));
    p->keep = keep;
}

void pool_drain(pool *p)
{
    free_some(p, p->kept);
}

void pool_tidy(pool *p)
{
    free_some(p, p->least);
    p->least = p->kept;
}

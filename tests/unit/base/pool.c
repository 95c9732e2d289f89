#include "base/pool.h"

#include "base/mem.h"
#include "check.h"

TEST(the_block_given_back_last_comes_first)
{
    pool p;
    pool_init(&p, 100, 8);
    void *a = pool_get(&p), *b = pool_get(&p);
    memset(a, 1, 100);
    memset(b, 2, 100);
    pool_put(&p, a);
    pool_put(&p, b);
    CHECK(pool_get(&p) == b);
    CHECK(pool_get(&p) == a);
    memset(a, 3, 100);
    pool_put(&p, a);
    pool_put(&p, b);
    pool_drain(&p);
    CHECK(p.free_list == NULL && p.kept == 0);
}

TEST(a_pool_keeps_no_more_blocks_than_its_limit)
{
    pool p;
    void *blocks[5];
    pool_init(&p, 32, 2);
    for (unsigned i = 0; i < 5; i++)
        blocks[i] = pool_get(&p);
    for (unsigned i = 0; i < 5; i++)
        pool_put(&p, blocks[i]);
    CHECK_INT(p.kept, 2);
    pool_drain(&p);
}

TEST(a_pool_of_tiny_blocks_has_room_for_its_list)
{
    pool p;
    pool_init(&p, 1, 4);
    void *a = pool_get(&p), *b = pool_get(&p);
    pool_put(&p, a);
    pool_put(&p, b);
    pool_put(&p, NULL);
    CHECK_INT(p.kept, 2);
    pool_drain(&p);
}

TEST(a_pool_frees_the_blocks_that_were_not_needed_since_the_last_time)
{
    pool p;
    void *blocks[5];
    pool_init(&p, 64, 8);
    for (unsigned i = 0; i < 5; i++)
        blocks[i] = pool_get(&p);
    for (unsigned i = 0; i < 5; i++)
        pool_put(&p, blocks[i]);
    pool_tidy(&p); /* all five were in use */
    CHECK_INT(p.kept, 5);
    blocks[0] = pool_get(&p);
    blocks[1] = pool_get(&p);
    pool_put(&p, blocks[0]);
    pool_put(&p, blocks[1]);
    pool_tidy(&p); /* two were */
    CHECK_INT(p.kept, 2);
    pool_tidy(&p);
    CHECK_INT(p.kept, 0);
    pool_tidy(&p);
    CHECK_INT(p.kept, 0);
}

#ifdef TERN_FAULTS
TEST(a_pool_short_of_memory_gives_null_and_recovers)
{
    pool p;
    pool_init(&p, 64, 4);
    mem_fail_at(1, 0);
    CHECK(pool_get(&p) == NULL);
    void *block = pool_get(&p);
    mem_fail_at(0, 0);
    CHECK(block != NULL);
    pool_put(&p, block);
    pool_drain(&p);
}
#endif

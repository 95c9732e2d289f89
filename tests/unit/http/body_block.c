/* Blocks of long bodies that are kept for the next ones. */
#include "http/body_block.h"

#include "check.h"

/* A body of `len` bytes, with a block of about that size. */
static buf body_of(size_t len)
{
    buf b = {0};
    CHECK(buf_reserve(&b, len));
    b.len = len;
    return b;
}

TEST(a_block_that_was_freed_is_the_next_one_and_is_empty)
{
    body_blocks blocks = {0};
    buf b = body_of(100000), next = {0};
    char *block = b.data;
    size_t cap = b.cap;
    body_block_put(&blocks, &b);
    CHECK(b.data == NULL);
    body_block_get(&blocks, &next);
    CHECK(next.data == block);
    CHECK_INT(next.cap, cap);
    CHECK_INT(next.len, 0);
    next.data[cap - 1] = 'x';
    buf_free(&next);
}

TEST(a_block_is_handed_out_once)
{
    body_blocks blocks = {0};
    buf b = body_of(100000), first = {0}, second = {0};
    body_block_put(&blocks, &b);
    body_block_get(&blocks, &first);
    body_block_get(&blocks, &second);
    CHECK(second.data == NULL);
    buf_free(&first);
}

TEST(blocks_that_are_small_or_very_large_are_not_kept)
{
    body_blocks blocks = {0};
    buf small = body_of(1000), large = body_of(BODY_BLOCK_MOST);
    body_block_put(&blocks, &small);
    body_block_put(&blocks, &large);
    CHECK_INT(blocks.count, 0);
    CHECK(small.data == NULL);
    CHECK(large.data == NULL);
}

TEST(no_more_blocks_are_kept_than_a_few)
{
    body_blocks blocks = {0};
    for (int i = 0; i < BODY_BLOCKS_KEPT + 2; i++) {
        buf b = body_of(100000);
        body_block_put(&blocks, &b);
    }
    CHECK_INT(blocks.count, BODY_BLOCKS_KEPT);
    body_blocks_drain(&blocks);
    CHECK_INT(blocks.count, 0);
}

TEST(a_block_that_was_not_needed_between_two_trims_is_freed)
{
    body_blocks blocks = {0};
    buf first = body_of(100000), second = body_of(100000), used = {0};
    body_block_put(&blocks, &first);
    body_block_put(&blocks, &second);
    body_blocks_tidy(&blocks);
    CHECK_INT(blocks.count, 2);
    body_block_get(&blocks, &used);
    body_block_put(&blocks, &used);
    body_blocks_tidy(&blocks);
    CHECK_INT(blocks.count, 1);
    body_blocks_tidy(&blocks);
    CHECK_INT(blocks.count, 0);
}

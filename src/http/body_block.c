#include "http/body_block.h"

#include "base/sanitize.h"

#if BASE_ASAN
#include <sanitizer/asan_interface.h>
#endif

static buf take_last(body_blocks *blocks)
{
    buf last = blocks->kept[--blocks->count];
#if BASE_ASAN
    __asan_unpoison_memory_region(last.data, last.cap);
#endif
    if (blocks->count < blocks->least)
        blocks->least = blocks->count;
    return last;
}

void body_block_get(body_blocks *blocks, buf *b)
{
    if (blocks->count == 0)
        return;
    buf block = take_last(blocks);
    b->data = block.data;
    b->cap = block.cap;
}

void body_block_put(body_blocks *blocks, buf *b)
{
    if (blocks->count == BODY_BLOCKS_KEPT || b->cap < BODY_BLOCK_LEAST || b->cap > BODY_BLOCK_MOST) {
        buf_free(b);
        return;
    }
#if BASE_ASAN
    __asan_poison_memory_region(b->data, b->cap);
#endif
    blocks->kept[blocks->count++] = (buf){.data = b->data, .cap = b->cap};
    *b = (buf){.limit = b->limit};
}

static void free_some(body_blocks *blocks, unsigned count)
{
    while (count-- > 0) {
        buf block = take_last(blocks);
        buf_free(&block);
    }
}

void body_blocks_tidy(body_blocks *blocks)
{
    free_some(blocks, blocks->least);
    blocks->least = blocks->count;
}

void body_blocks_drain(body_blocks *blocks)
{
    free_some(blocks, blocks->count);
}

/**
 * Blocks of long bodies, kept for the next ones.
 *
 * New memory costs a page fault for each 4 KiB received into it. So a worker keeps a few of the blocks freed
 * last, until they have not been needed for a second.
 */
#ifndef HTTP_BODY_BLOCK_H
#define HTTP_BODY_BLOCK_H

#include "base/buf.h"

enum { BODY_BLOCKS_KEPT = 4, BODY_BLOCK_LEAST = 64 * 1024, BODY_BLOCK_MOST = 2 * 1024 * 1024 };

typedef struct body_blocks {
    buf kept[BODY_BLOCKS_KEPT]; /* empty, the one freed last at the end */
    unsigned count;
    unsigned least; /* of them since the last body_blocks_tidy */
} body_blocks;

/** Gives `b`, which has no block, the one that was freed last, if any. */
void body_block_get(body_blocks *blocks, buf *b);
/** Keeps the block of `b`, or frees it when it is unusually small or large, or when enough are kept. */
void body_block_put(body_blocks *blocks, buf *b);
/** Frees the blocks that were not needed since the last call. */
void body_blocks_tidy(body_blocks *blocks);
void body_blocks_drain(body_blocks *blocks);

#endif

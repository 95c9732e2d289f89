/**
 * hiredis' reader with replies in the memory of the request that they are for.
 *
 * A reply may be for nobody any more (its request has ended), or too large for its request: then it is read to its end
 * and dropped, so that the replies after it stay in step. hiredis never looks into its objects, so what it holds of a
 * request that has ended is not used again.
 */
#ifndef REDIS_REPLY_H
#define REDIS_REPLY_H

#include "base/arena.h"
#include "redis/hiredis.h"

#include <tern/redis.h>

/** Where the next reply goes. */
typedef struct reply_place {
    tern_redis_reply *reply; /* NULL: nobody wants it */
    arena *arena;
    bool is_memory_short; /* a part of it did not fit: it is not complete */
} reply_place;

typedef struct reply_reader {
    redisReader *reader;
    reply_place *place; /* of the reply being read; its owner sets it before each redis_reply_next */
    size_t most_bytes;
    size_t taken;        /* bytes since the last complete reply */
    const char *problem; /* why reading has failed */
    bool is_too_large;
} reply_reader;

/** False when out of memory. hiredis must be loaded. */
bool redis_reply_reader_open(reply_reader *r, size_t most_bytes);
void redis_reply_reader_close(reply_reader *r);

enum { REPLY_FEED_BYTES = 16 * 1024 }; /* at most in one call of redis_reply_feed */

/** Adds bytes that have arrived; false with r->problem. */
bool redis_reply_feed(reply_reader *r, const char *data, size_t len);

typedef enum reply_step { REPLY_PARTIAL, REPLY_COMPLETE, REPLY_FAILED } reply_step;

/** Reads the next reply into its place as far as it has arrived. After REPLY_FAILED (r->problem, r->is_too_large) the
 * connection must be closed. */
reply_step redis_reply_next(reply_reader *r);

/** Makes `reply` an error; `text` is in the request's memory, or static. */
void redis_reply_set_error(tern_redis_reply *reply, tern_redis_fault fault, const char *text);

#endif

/** The counts of rate limits in Redis, for several machines: one round trip for a request. */
#ifndef MIDDLEWARE_RATE_REDIS_H
#define MIDDLEWARE_RATE_REDIS_H

#include "middleware/rate.h"

#include <tern/str.h>

/**
 * As rate_take_all, on Redis' clock; `cost` is below 0 to give back what was taken.
 *
 * False when Redis cannot be reached, which is logged once until it can be: nobody is asked for a second then, so that
 * requests do not wait for it one after the other.
 */
bool rate_redis_take(tern_ctx *c, const char *limiter, tern_str key, const rate_rule *rules, unsigned count,
                     int64_t cost, rate_answer *answers, bool *is_allowed);

#endif

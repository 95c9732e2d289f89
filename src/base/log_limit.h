/** No flood of lines in the log: a bound on how many of a kind are written in a second. */
#ifndef BASE_LOG_LIMIT_H
#define BASE_LOG_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

/** Zeroed: nothing has been logged. */
typedef struct log_limit {
    uint64_t until_ms; /* the second of `logged` ends then */
    unsigned logged;
    unsigned left_out; /* lines that were not written since the last one that was */
} log_limit;

/** Whether a line may be written now, of which there are at most `most` in a second; counts it, or what is
 * left out. `left_out` is to be set to 0 by who has reported it. */
static inline bool log_limit_allows(log_limit *limit, unsigned most, uint64_t now_ms)
{
    if (now_ms >= limit->until_ms) {
        limit->until_ms = now_ms + 1000;
        limit->logged = 0;
    }
    if (limit->logged >= most) {
        limit->left_out++;
        return false;
    }
    limit->logged++;
    return true;
}

#endif

/** Bounds how many lines of a kind are logged in a second. */
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

/** Whether a line may be logged now; at most `most` may in a second. Counts the line, or that it was left
 * out. The caller that reports `left_out` sets it to 0. */
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

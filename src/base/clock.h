/** Time: monotonic milliseconds for every timer, and wall-clock seconds only for what people and peers
 * read. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

/** Milliseconds on the monotonic clock, at the kernel tick's precision (1 to 4 ms): a few nanoseconds a
 * call. */
static inline uint64_t clock_coarse_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/** Nanoseconds on the monotonic clock, exact. */
static inline uint64_t clock_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/** Milliseconds on the monotonic clock, exact. */
static inline uint64_t clock_ms(void)
{
    return clock_ns() / 1000000;
}

/** Seconds since 1970-01-01 UTC. */
static inline int64_t clock_wall_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME_COARSE, &t);
    return (int64_t)t.tv_sec;
}

#endif

/** Random numbers from a seed: the same case makes the same requests, on every machine. */
#ifndef APP_FUZZ_RANDOM_H
#define APP_FUZZ_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

typedef struct fuzz_random {
    uint64_t state;
} fuzz_random;

/** The next 64 bits (splitmix64). */
static inline uint64_t fuzz_next(fuzz_random *r)
{
    uint64_t z = r->state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/** A number below `count`, which is at least 1. */
static inline uint64_t fuzz_below(fuzz_random *r, uint64_t count)
{
    return fuzz_next(r) % count;
}

/** True with probability 1 / `count`. */
static inline bool fuzz_once_in(fuzz_random *r, unsigned count)
{
    return fuzz_below(r, count) == 0;
}

/** A separate generator for each numbered part of a seed. */
static inline fuzz_random fuzz_split(uint64_t seed, uint64_t part)
{
    fuzz_random mixed = {seed ^ part * UINT64_C(0xd1342543de82ef95)};
    return (fuzz_random){fuzz_next(&mixed)};
}

#endif

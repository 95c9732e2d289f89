/**
 * Request ids: 32 hex digits, half from this process's random number, half from its scrambled count of ids.
 *
 * Two processes differ in the first half, two requests of one process in the second: the scrambling is a
 * permutation, so ids do not repeat before the count does, and do not reveal how busy the service is.
 */
#include "app/ctx.h"
#include "base/clock.h"
#include "base/random.h"

#include <pthread.h>
#include <unistd.h>

static struct {
    uint64_t process, key, count;
    bool is_drawn, watches_fork;
} seed;

/** In a child of fork: it must not continue its parent's ids. */
static void forget_seed(void)
{
    seed.is_drawn = false;
}

/** A permutation of 64-bit numbers without a visible pattern (the finaliser of splitmix64). */
static uint64_t scramble(uint64_t n)
{
    n = (n ^ (n >> 30)) * 0xbf58476d1ce4e5b9u;
    n = (n ^ (n >> 27)) * 0x94d049bb133111ebu;
    return n ^ (n >> 31);
}

void request_id_prepare(void)
{
    if (seed.is_drawn)
        return;
    if (!seed.watches_fork)
        seed.watches_fork = pthread_atfork(NULL, NULL, forget_seed) == 0;
    uint64_t drawn[2];
    if (!random_bytes(drawn, sizeof drawn)) { /* ids are not secrets: different ones suffice */
        drawn[0] = scramble(clock_ns() ^ ((uint64_t)getpid() << 40));
        drawn[1] = scramble(drawn[0] ^ (uint64_t)clock_wall_s());
    }
    seed.process = drawn[0];
    seed.key = drawn[1];
    seed.count = 0;
    seed.is_drawn = true;
}

bool request_id_make(char out[33])
{
    static const char hex[] = "0123456789abcdef";
    if (!seed.is_drawn)
        return false;
    uint64_t halves[2] = {seed.process, scramble(seed.count++ ^ seed.key)};
    for (unsigned i = 0; i < 32; i++)
        out[i] = hex[(halves[i / 16] >> (60 - 4 * (i % 16))) & 15];
    out[32] = '\0';
    return true;
}

/**
 * Request ids: 32 hex digits, half from this process's random number, half from its scrambled count of ids.
 *
 * Two processes differ in the first half, two requests of one process in the second: the scrambling is a
 * permutation, so ids do not repeat before the count does, and do not reveal how busy the service is.
 */
#include "app/ctx.h"
#include "base/clock.h"
#include "base/random.h"

#include <endian.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

static struct {
    char process[16]; /* the first half of each id */
    uint64_t key, count;
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

/** The lower 32 bits as 8 hex digits, the first one in the lowest byte. */
static uint64_t hex_digits(uint64_t bits)
{
    const uint64_t ones = 0x0101010101010101u;
    uint64_t halves = (bits << 32 | bits >> 16) & 0x0000ffff0000ffffu;
    uint64_t bytes = (halves << 16 | halves >> 8) & 0x00ff00ff00ff00ffu;
    uint64_t nibbles = (bytes << 8 | bytes >> 4) & (ones * 0x0f);
    uint64_t letters = (nibbles + ones * 6) >> 4 & ones; /* 1 in the bytes of a to f */
    return nibbles + ones * '0' + letters * ('a' - '9' - 1);
}

static void put_hex(char out[16], uint64_t number)
{
    const uint64_t digits[2] = {htole64(hex_digits(number >> 32)), htole64(hex_digits(number & UINT32_MAX))};
    memcpy(out, digits, sizeof digits);
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
    put_hex(seed.process, drawn[0]);
    seed.key = drawn[1];
    seed.count = 0;
    seed.is_drawn = true;
}

bool request_id_make(char out[33])
{
    if (!seed.is_drawn)
        return false;
    memcpy(out, seed.process, 16);
    put_hex(out + 16, scramble(seed.count++ ^ seed.key));
    out[32] = '\0';
    return true;
}

/**
 * Keys to fields by a perfect hash: one hash, one slot, one compare.
 *
 * Hot path: plan_find runs for every key that a client sends out of the expected order. It must not allocate,
 * nor read a byte past the key. The hash needs no secret: only the program's own keys are in the table, so a
 * client can only choose which of them its key is compared with.
 */
#include "schema/plan/hash.h"

#include <string.h>

enum { SEEDS_A_SIZE = 512, SLOTS_MOST = 1 << 20 };

static inline uint64_t fold(uint64_t a, uint64_t b)
{
    unsigned __int128 product = (unsigned __int128)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline uint64_t load_8(const char *at)
{
    uint64_t word;
    memcpy(&word, at, sizeof word);
    return word;
}

static inline uint32_t load_4(const char *at)
{
    uint32_t word;
    memcpy(&word, at, sizeof word);
    return word;
}

/** The last 0 to 8 bytes of a key in one word; two reads that may overlap instead of one past the end. */
static inline uint64_t load_tail(const char *at, size_t left)
{
    if (left >= 4)
        return (uint64_t)load_4(at + left - 4) << 32 | load_4(at);
    if (left == 0)
        return 0;
    return (uint64_t)(unsigned char)at[0] | (uint64_t)(unsigned char)at[left / 2] << 8 |
           (uint64_t)(unsigned char)at[left - 1] << 16;
}

static inline uint64_t hash_key(const char *key, size_t len, uint64_t seed)
{
    const uint64_t odd = 0x9e3779b97f4a7c15u;
    uint64_t hash = seed ^ len * odd;
    size_t left = len;
    for (; left > 8; left -= 8, key += 8)
        hash = fold(hash ^ load_8(key), odd);
    return fold(hash ^ load_tail(key, left), odd);
}

static inline bool is_same(const char *a, const char *b, size_t len)
{
    size_t left = len;
    for (; left > 8; left -= 8, a += 8, b += 8)
        if (load_8(a) != load_8(b))
            return false;
    return load_tail(a, left) == load_tail(b, left);
}

int plan_find(const type_plan *plan, const char *key, size_t len)
{
    unsigned slot = plan->slots[hash_key(key, len, plan->seed) & plan->mask];
    if (slot == 0)
        return -1;
    const field_plan *field = &plan->fields[slot - 1];
    if (field->key_len != len || !is_same(field->key, key, len))
        return -1;
    return (int)slot - 1;
}

static bool try_seed(const type_plan *plan, unsigned count, uint64_t seed)
{
    memset(plan->slots, 0, (plan->mask + 1) * sizeof *plan->slots);
    for (unsigned i = 0; i < count; i++) {
        const field_plan *field = &plan->fields[i];
        uint16_t *slot = &plan->slots[hash_key(field->key, field->key_len, seed) & plan->mask];
        if (*slot != 0)
            return false;
        *slot = (uint16_t)(i + 1);
    }
    return true;
}

bool plan_hash_build(type_plan *plan, unsigned count, arena *memory)
{
    uint32_t size = 2;
    while (size < 2 * count) /* a few hundred seeds suffice for a half-full table of about ten keys */
        size *= 2;
    for (; size <= SLOTS_MOST; size *= 2) {
        plan->slots = arena_alloc(memory, size * sizeof *plan->slots);
        if (plan->slots == NULL)
            return false;
        plan->mask = size - 1;
        for (uint64_t i = 1; i <= SEEDS_A_SIZE; i++) {
            uint64_t seed = i * 0xd6e8feb86659fd93u;
            if (try_seed(plan, count, seed)) {
                plan->seed = seed;
                return true;
            }
        }
    }
    return false;
}

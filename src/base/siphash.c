#include "base/siphash.h"

#include <endian.h>
#include <string.h>

typedef struct sip_state {
    uint64_t v0, v1, v2, v3;
} sip_state;

static inline uint64_t rotate(uint64_t word, unsigned bits)
{
    return word << bits | word >> (64 - bits);
}

static inline void round_once(sip_state *s)
{
    s->v0 += s->v1;
    s->v2 += s->v3;
    s->v1 = rotate(s->v1, 13) ^ s->v0;
    s->v3 = rotate(s->v3, 16) ^ s->v2;
    s->v0 = rotate(s->v0, 32);
    s->v2 += s->v1;
    s->v0 += s->v3;
    s->v1 = rotate(s->v1, 17) ^ s->v2;
    s->v3 = rotate(s->v3, 21) ^ s->v0;
    s->v2 = rotate(s->v2, 32);
}

static inline void take_word(sip_state *s, uint64_t word, unsigned rounds)
{
    s->v3 ^= word;
    for (unsigned i = 0; i < rounds; i++)
        round_once(s);
    s->v0 ^= word;
}

static inline __attribute__((always_inline)) uint64_t hash(const siphash_key *key, const void *data,
                                                           size_t len, unsigned rounds, unsigned last_rounds)
{
    sip_state s = {
        key->words[0] ^ 0x736f6d6570736575, /* "somepseudorandomlygeneratedbytes" */
        key->words[1] ^ 0x646f72616e646f6d,
        key->words[0] ^ 0x6c7967656e657261,
        key->words[1] ^ 0x7465646279746573,
    };
    const unsigned char *at = data;
    size_t left = len;
    for (; left >= 8; left -= 8, at += 8) {
        uint64_t word;
        memcpy(&word, at, sizeof word);
        take_word(&s, le64toh(word), rounds);
    }
    uint64_t last = (uint64_t)len << 56;
    for (size_t i = 0; i < left; i++)
        last |= (uint64_t)at[i] << (8 * i);
    take_word(&s, last, rounds);
    s.v2 ^= 0xff;
    for (unsigned i = 0; i < last_rounds; i++)
        round_once(&s);
    return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

uint64_t siphash_1_3(const siphash_key *key, const void *data, size_t len)
{
    return hash(key, data, len, 1, 3);
}

uint64_t siphash_2_4(const siphash_key *key, const void *data, size_t len)
{
    return hash(key, data, len, 2, 4);
}

/** SipHash: a keyed hash, so that nobody without the key can choose inputs that collide. */
#ifndef BASE_SIPHASH_H
#define BASE_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

/** A secret drawn once from random_bytes, kept for as long as the table it serves. */
typedef struct siphash_key {
    uint64_t words[2];
} siphash_key;

/** SipHash-1-3 of `len` bytes (Aumasson and Bernstein, "SipHash: a fast short-input PRF", with one round a
 * word and three at the end: enough for tables, whose hashes are never shown). */
uint64_t siphash_1_3(const siphash_key *key, const void *data, size_t len);
/** SipHash-2-4, the parameters of the paper: for values that leave the process. */
uint64_t siphash_2_4(const siphash_key *key, const void *data, size_t len);

#endif

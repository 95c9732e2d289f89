/**
 * Hashes of passwords, slow on purpose, by libsodium: Argon2 (RFC 9106) and scrypt (RFC 7914). After sodium_load, on any
 * thread. Their memory is the kernel's, taken for each call and wiped.
 */
#ifndef CRYPTO_SLOW_HASH_H
#define CRYPTO_SLOW_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SLOW_HASH_TEXT_BYTES = 128 };

/** Writes "$argon2id$v=19$m=...,t=...,p=1$salt$hash" with a new salt; false without memory. */
bool slow_hash_argon2id(const char *password, size_t len, unsigned memory_kib, unsigned passes,
                        char out[SLOW_HASH_TEXT_BYTES]);
/** Whether `text`, "$argon2id$..." or "$argon2i$..." of fewer than SLOW_HASH_TEXT_BYTES bytes, is of this password. */
bool slow_hash_argon2_is(const char *text, const char *password, size_t len);
/** Fills `out` by scrypt with the costs `n` (a power of 2), `r` and `p`; false without memory. */
bool slow_hash_scrypt(const char *password, size_t len, const void *salt, size_t salt_len, uint64_t n,
                      uint32_t r, uint32_t p, uint8_t *out, size_t size);

#endif

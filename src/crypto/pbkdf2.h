/** PBKDF2 (RFC 8018 section 5.2) by OpenSSL: for hashes of passwords that other programs have made. */
#ifndef CRYPTO_PBKDF2_H
#define CRYPTO_PBKDF2_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum pbkdf2_hash { PBKDF2_SHA1, PBKDF2_SHA256, PBKDF2_SHA512 } pbkdf2_hash;

/** Loads OpenSSL; false with the problem. On the loop's thread, before the first pbkdf2_derive. */
bool pbkdf2_load(const char **problem);
/** Fills `out`; false without memory. May run on any thread. */
bool pbkdf2_derive(pbkdf2_hash hash, const char *password, size_t len, const char *salt, size_t salt_len,
                   unsigned rounds, uint8_t *out, size_t size);

#endif

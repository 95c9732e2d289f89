/** Proofs and keys: HMAC-SHA256 (RFC 2104), HKDF-SHA256 (RFC 5869), comparison in constant time. After sodium_load. */
#ifndef CRYPTO_MAC_H
#define CRYPTO_MAC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MAC_BYTES = 32 };

/** A part of what is authenticated. */
typedef struct mac_part {
    const void *data;
    size_t len;
} mac_part;

/** HMAC-SHA256 of the parts, one after the other: MAC_BYTES at `out`. Where a part can have any length, another one must
 * have its length. */
void mac_of(const void *key, size_t key_len, const mac_part *parts, unsigned count, uint8_t *out);
/** HKDF-SHA256 of a secret, with an empty salt and `purpose` as info: `out_len` bytes, at most 255 * 32. Keys of different
 * purposes tell nothing of each other. */
void mac_hkdf(const void *secret, size_t len, const char *purpose, void *out, size_t out_len);
/** Whether `len` bytes are equal, in a time that does not depend on them. */
bool mac_equal(const void *a, const void *b, size_t len);
/** SHA-256, where a standard asks for it. */
void mac_sha256(const void *data, size_t len, uint8_t *out);
/** SHA-512: 64 bytes at `out`. */
void mac_sha512(const void *data, size_t len, uint8_t *out);
/** A digest of 32 bytes (BLAKE2b), for looking up what is secret itself: fast, without a key. */
void mac_digest(const void *data, size_t len, uint8_t *out);
/** Overwrites a secret, whatever the compiler thinks of it. */
void mac_forget(void *secret, size_t len);

#endif

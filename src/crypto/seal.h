/**
 * Sealing: bytes that only who has the key can read or make (XChaCha20-Poly1305, draft-irtf-cfrg-xchacha). After
 * sodium_load.
 *
 * A nonce of 192 random bits is drawn for each, so that any number of processes and machines may share a key.
 */
#ifndef CRYPTO_SEAL_H
#define CRYPTO_SEAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    SEAL_KEY_BYTES = 32,
    SEAL_NONCE_BYTES = 24,
    SEAL_TAG_BYTES = 16,
    SEAL_EXTRA = SEAL_NONCE_BYTES + SEAL_TAG_BYTES
};

/** Seals `len` bytes of `text`, and with them `head`, which stays readable: len + SEAL_EXTRA bytes at `out`, which must
 * not overlap. False when the kernel has no randomness. */
bool seal_close(const uint8_t *key, const void *head, size_t head_len, const void *text, size_t len,
                void *out);
/** Opens what seal_close has made, `len` bytes of it: len - SEAL_EXTRA bytes at `out`. False, with nothing of use there,
 * when one bit of it or of `head` differs, or the key does. */
bool seal_open(const uint8_t *key, const void *head, size_t head_len, const void *sealed, size_t len,
               void *out);

#endif

#include "crypto/seal.h"

#include "crypto/random.h"
#include "crypto/sodium.h"

bool seal_close(const uint8_t *key, const void *head, size_t head_len, const void *text, size_t len,
                void *out)
{
    uint8_t *nonce = out;
    if (!random_bytes(nonce, SEAL_NONCE_BYTES))
        return false;
    sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(nonce + SEAL_NONCE_BYTES, NULL, text, len, head,
                                                      head_len, NULL, nonce, key);
    return true;
}

bool seal_open(const uint8_t *key, const void *head, size_t head_len, const void *sealed, size_t len,
               void *out)
{
    const uint8_t *nonce = sealed;
    return len >= SEAL_EXTRA && sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(
                                    out, NULL, NULL, nonce + SEAL_NONCE_BYTES, len - SEAL_NONCE_BYTES, head,
                                    head_len, nonce, key) == 0;
}

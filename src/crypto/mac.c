#include "crypto/mac.h"

#include "crypto/sodium.h"

#include <string.h>

void mac_of(const void *key, size_t key_len, const mac_part *parts, unsigned count, uint8_t *out)
{
    crypto_auth_hmacsha256_state state;
    sodium.crypto_auth_hmacsha256_init(&state, key, key_len);
    for (unsigned i = 0; i < count; i++)
        sodium.crypto_auth_hmacsha256_update(&state, parts[i].data, parts[i].len);
    sodium.crypto_auth_hmacsha256_final(&state, out);
}

void mac_hkdf(const void *secret, size_t len, const char *purpose, void *out, size_t out_len)
{
    static const uint8_t salt[MAC_BYTES];
    uint8_t key[MAC_BYTES], block[MAC_BYTES], *to = out;
    mac_of(salt, sizeof salt, &(mac_part){secret, len}, 1, key);
    for (uint8_t number = 1; out_len > 0; number++) {
        const mac_part parts[] = {
            {block, number > 1 ? sizeof block : 0}, {purpose, strlen(purpose)}, {&number, 1}};
        mac_of(key, sizeof key, parts, 3, block);
        size_t piece = out_len < sizeof block ? out_len : sizeof block;
        memcpy(to, block, piece);
        to += piece;
        out_len -= piece;
    }
    mac_forget(key, sizeof key);
    mac_forget(block, sizeof block);
}

bool mac_equal(const void *a, const void *b, size_t len)
{
    return sodium.sodium_memcmp(a, b, len) == 0;
}

void mac_sha256(const void *data, size_t len, uint8_t *out)
{
    sodium.crypto_hash_sha256(out, data, len);
}

void mac_digest(const void *data, size_t len, uint8_t *out)
{
    sodium.crypto_generichash(out, MAC_BYTES, data, len, NULL, 0);
}

void mac_forget(void *secret, size_t len)
{
    sodium.sodium_memzero(secret, len);
}

void mac_sha512(const void *data, size_t len, uint8_t *out)
{
    sodium.crypto_hash_sha512(out, data, len);
}

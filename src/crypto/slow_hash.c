#include "crypto/slow_hash.h"

#include "crypto/sodium.h"

_Static_assert(SLOW_HASH_TEXT_BYTES == crypto_pwhash_STRBYTES, "libsodium writes whole texts");

bool slow_hash_argon2id(const char *password, size_t len, unsigned memory_kib, unsigned passes,
                        char out[SLOW_HASH_TEXT_BYTES])
{
    return sodium.crypto_pwhash_str_alg(out, password, len, passes, (size_t)memory_kib * 1024,
                                        crypto_pwhash_ALG_ARGON2ID13) == 0;
}

bool slow_hash_argon2_is(const char *text, const char *password, size_t len)
{
    return sodium.crypto_pwhash_str_verify(text, password, len) == 0;
}

bool slow_hash_scrypt(const char *password, size_t len, const void *salt, size_t salt_len, uint64_t n,
                      uint32_t r, uint32_t p, uint8_t *out, size_t size)
{
    return sodium.crypto_pwhash_scryptsalsa208sha256_ll((const uint8_t *)password, len, salt, salt_len, n, r,
                                                        p, out, size) == 0;
}

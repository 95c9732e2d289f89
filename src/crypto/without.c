/** What needs libsodium, in a build without its headers: whatever would use it is refused at start. */
#include "crypto/mac.h"
#include "crypto/seal.h"
#include "crypto/slow_hash.h"
#include "crypto/sodium.h"

#include <stddef.h>
#include <string.h>

bool sodium_load(const char **problem)
{
    *problem = "this program was built without libsodium: install libsodium-dev and build Tern again";
    return false;
}

/* Nothing is loaded, so none of these is called; they keep programs linking. */
#define WITHOUT(type, name, parameters, value)                                                               \
    type name parameters                                                                                     \
    {                                                                                                        \
        return value;                                                                                        \
    }
#pragma GCC diagnostic ignored "-Wunused-parameter"

WITHOUT(void, mac_of,
        (const void *key, size_t key_len, const mac_part *parts, unsigned count, uint8_t *out), )
WITHOUT(void, mac_hkdf, (const void *secret, size_t len, const char *purpose, void *out, size_t out_len), )
WITHOUT(bool, mac_equal, (const void *a, const void *b, size_t len), false)
WITHOUT(void, mac_sha256, (const void *data, size_t len, uint8_t *out), )
WITHOUT(void, mac_sha512, (const void *data, size_t len, uint8_t *out), )
WITHOUT(void, mac_digest, (const void *data, size_t len, uint8_t *out), )
WITHOUT(void, mac_forget, (void *secret, size_t len), )
WITHOUT(bool, seal_close,
        (const uint8_t *key, const void *head, size_t head_len, const void *text, size_t len, void *out),
        false)
WITHOUT(bool, seal_open,
        (const uint8_t *key, const void *head, size_t head_len, const void *sealed, size_t len, void *out),
        false)
WITHOUT(bool, slow_hash_argon2id,
        (const char *password, size_t len, unsigned memory_kib, unsigned passes, char *out), false)
WITHOUT(bool, slow_hash_argon2_is, (const char *text, const char *password, size_t len), false)
WITHOUT(bool, slow_hash_scrypt,
        (const char *password, size_t len, const void *salt, size_t salt_len, uint64_t n, uint32_t r,
         uint32_t p, uint8_t *out, size_t size),
        false)

/**
 * libsodium, loaded when an application first declares that it needs it: other programs neither link nor load it.
 *
 * `sodium.sodium_memcmp(a, b, len)` is sodium_memcmp(a, b, len), and so on. A file that needs a function adds it to the
 * list. In a build without libsodium's headers sodium_load fails, and says what is missing.
 */
#ifndef CRYPTO_SODIUM_H
#define CRYPTO_SODIUM_H

#include <stdbool.h>

#ifdef TERN_WITH_SODIUM

#include <sodium.h>

#define SODIUM_FUNCTIONS(X)                                                                                  \
    X(sodium_init)                                                                                           \
    X(sodium_memcmp)                                                                                         \
    X(sodium_memzero)                                                                                        \
    X(crypto_generichash)                                                                                    \
    X(crypto_hash_sha256)                                                                                    \
    X(crypto_hash_sha512)                                                                                    \
    X(crypto_auth_hmacsha256_init)                                                                           \
    X(crypto_auth_hmacsha256_update)                                                                         \
    X(crypto_auth_hmacsha256_final)                                                                          \
    X(crypto_aead_xchacha20poly1305_ietf_encrypt)                                                            \
    X(crypto_aead_xchacha20poly1305_ietf_decrypt)                                                            \
    X(crypto_pwhash_str_alg)                                                                                 \
    X(crypto_pwhash_str_verify)                                                                              \
    X(crypto_pwhash_scryptsalsa208sha256_ll)

typedef struct sodium_functions {
#define X(name) __typeof__(name) *name;
    SODIUM_FUNCTIONS(X)
#undef X
} sodium_functions;

extern sodium_functions sodium;

#endif

/** Loads libsodium.so.23 once in a process. False, with `*problem` a static text that names the package, when it is not
 * installed or too old. */
bool sodium_load(const char **problem);

#endif

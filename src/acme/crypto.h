/**
 * Keys, digests and signatures: ECDSA with P-256 and SHA-256 throughout (ES256 of RFC 7518).
 *
 * openssl_load must have succeeded. A call that fails has no detail to offer: it is out of memory, or the
 * input is not what it should be.
 */
#ifndef ACME_CRYPTO_H
#define ACME_CRYPTO_H

#include "base/arena.h"

#include <tern/str.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CRYPTO_DIGEST_BYTES = 32, CRYPTO_COORDINATE_BYTES = 32, CRYPTO_SIGNATURE_BYTES = 64 };

typedef struct evp_pkey_st crypto_key; /* a private key; freed by crypto_key_free */

crypto_key *crypto_key_new(void);
/** From PEM; NULL when that is not a key on P-256. */
crypto_key *crypto_key_read(tern_str pem);
/** PEM (PKCS #8, not encrypted) in `a`; no data when it fails. */
tern_str crypto_key_print(crypto_key *key, arena *a);
void crypto_key_free(crypto_key *key);
/** The public point. */
bool crypto_key_point(const crypto_key *key, uint8_t x[CRYPTO_COORDINATE_BYTES],
                      uint8_t y[CRYPTO_COORDINATE_BYTES]);

/** Signs by ECDSA; `out` receives r and s (RFC 7518 section 3.4). */
bool crypto_sign(crypto_key *key, tern_str data, uint8_t out[CRYPTO_SIGNATURE_BYTES]);
void crypto_sha256(tern_str data, uint8_t out[CRYPTO_DIGEST_BYTES]);
bool crypto_hmac_sha256(const uint8_t *key, size_t key_len, tern_str data, uint8_t out[CRYPTO_DIGEST_BYTES]);

#endif

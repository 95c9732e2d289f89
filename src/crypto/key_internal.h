/** A key as key.c and signature.c see it. */
#ifndef CRYPTO_KEY_INTERNAL_H
#define CRYPTO_KEY_INTERNAL_H

#include "crypto/key.h"
#include "tls/openssl.h"

enum { P256_BYTES = 32, ED25519_BYTES = 32, SHA256_BYTES = 32 };

struct key {
    key_algorithm algorithm;
    bool can_sign;
    EVP_PKEY *pkey; /* NULL: a secret */
    /* made at first use, and kept: making one costs as much as half a check */
    EVP_PKEY_CTX *checking, *signing;
    SHA256_CTX inner, outer; /* of HMAC, after the block with the secret */
};

/** HMAC-SHA256 by the prepared states. (signature.c) */
void key_hmac(const key *k, const void *data, size_t len, uint8_t out[SHA256_BYTES]);

#endif

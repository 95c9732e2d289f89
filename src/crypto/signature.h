/** Signatures of tokens (RFC 7515) and authenticators, by the one algorithm of a key. */
#ifndef CRYPTO_SIGNATURE_H
#define CRYPTO_SIGNATURE_H

#include "crypto/key.h"

enum { SIGNATURE_MOST = KEY_MOST_RSA_BITS / 8 };

/** Signs; the length of the signature in `out`, which has room for SIGNATURE_MOST bytes. 0 when the key is public, and when
 * out of memory or randomness. ES256 has r and s of 32 bytes each (RFC 7518 section 3.4). */
size_t signature_make(const key *k, const void *data, size_t len, uint8_t *out);
/**
 * Whether it is the key's signature of the data.
 *
 * Its length must be exactly that of the algorithm; r and s of ES256 must be from 1 to the order less 1, so a signature of
 * zeros is never right. HS256 is compared in constant time. A key serves one thread at a time.
 */
bool signature_check(const key *k, const void *data, size_t len, const void *signature, size_t signature_len);
/** The same where ES256 is DER, as authenticators sign (WebAuthn section 6.5.5); the other algorithms are as above. */
bool signature_check_der(const key *k, const void *data, size_t len, const void *signature,
                         size_t signature_len);

#endif

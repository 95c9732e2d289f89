/** Randomness for secrets, from the kernel at every call: processes forked from one master never share a stream. */
#ifndef CRYPTO_RANDOM_H
#define CRYPTO_RANDOM_H

#include "base/random.h"
#include "crypto/base64url.h"

enum { RANDOM_TEXT_MAX = 256 }; /* bytes of randomness in a text */

/** Writes `bytes` random bytes (up to RANDOM_TEXT_MAX) as base64url, and a NUL: BASE64URL_LEN(bytes) + 1 bytes of `out`.
 * False when the kernel refuses, or for too many bytes: then nothing secret may be made. */
bool random_text(char *out, size_t bytes);

#endif

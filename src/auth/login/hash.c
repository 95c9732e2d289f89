/** Digests as base64url. */
#include "auth/login/hash.h"

#include "auth/base64url.h"
#include "crypto/mac.h"

#include <string.h>

enum { SHA256_BYTES = 32, SHA512_BYTES = 64 };

const char *login_challenge(tern_ctx *c, const char *verifier)
{
    uint8_t digest[SHA256_BYTES];
    mac_sha256(verifier, strlen(verifier), digest);
    return auth_base64url(c, digest, sizeof digest);
}

bool login_at_hash_is(tern_ctx *c, const char *at_hash, const char *access_token, const char *algorithm)
{
    uint8_t digest[SHA512_BYTES];
    size_t len = strlen(access_token), half = 0, name = strlen(algorithm);
    if (name > 3 && strcmp(algorithm + name - 3, "256") == 0) {
        mac_sha256(access_token, len, digest);
        half = SHA256_BYTES / 2;
    } else if (strcmp(algorithm, "EdDSA") == 0 || (name > 3 && strcmp(algorithm + name - 3, "512") == 0)) {
        mac_sha512(access_token, len, digest);
        half = SHA512_BYTES / 2;
    }
    return half != 0 && strcmp(at_hash, auth_base64url(c, digest, half)) == 0;
}

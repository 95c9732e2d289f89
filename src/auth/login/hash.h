/** Digests that OpenID Connect and PKCE need, as base64url. */
#ifndef AUTH_LOGIN_HASH_H
#define AUTH_LOGIN_HASH_H

#include <tern/context.h>

#include <stdbool.h>

/** The code challenge of a verifier by S256 (RFC 7636 section 4.2). */
const char *login_challenge(tern_ctx *c, const char *verifier);
/** Whether `at_hash` is that of the access token, in an id token with this algorithm (OpenID Connect Core 1.0, section
 * 3.1.3.6). False for an algorithm without a known hash. */
bool login_at_hash_is(tern_ctx *c, const char *at_hash, const char *access_token, const char *algorithm);

#endif

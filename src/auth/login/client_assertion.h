/** Proofs of the client that its private key signs. */
#ifndef AUTH_LOGIN_CLIENT_ASSERTION_H
#define AUTH_LOGIN_CLIENT_ASSERTION_H

#include "auth/login/provider.h"

/** A JWT for private_key_jwt (RFC 7523 section 3, OpenID Connect Core 1.0, section 9), good for a minute. Refuses with 500
 * when it cannot be signed. */
const char *login_client_assertion(tern_ctx *c, const login_provider *p, const char *audience);
/** The JWT that Apple takes for a client's secret, good for five minutes. */
const char *login_apple_secret(tern_ctx *c, const login_provider *p);
/** NULL for a private key that can be used; otherwise what is wrong with it. For declarations. */
const char *login_private_key_problem(const char *pem, bool must_be_ec);

#endif

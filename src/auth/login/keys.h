/** The public keys of a provider: a JWK set (RFC 7517), which it may change at any time. */
#ifndef AUTH_LOGIN_KEYS_H
#define AUTH_LOGIN_KEYS_H

#include "auth/login/id_token.h"

/**
 * NULL when one of the provider's keys has made the signature; otherwise what is wrong.
 *
 * A key's own type says which algorithms it may have, so none, and HMAC with a public key, are never right (RFC 8725
 * section 3.1). Keys are asked for once an hour; a token that none of them has signed asks again, twice a
 * minute at most: a provider that changes its keys is not waited for.
 */
const char *login_keys_verify(tern_ctx *c, login_provider *p, const login_metadata *m, const login_jws *jws);

#endif

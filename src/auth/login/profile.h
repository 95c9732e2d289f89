/** From what a provider says about a user to a tern_profile. */
#ifndef AUTH_LOGIN_PROFILE_H
#define AUTH_LOGIN_PROFILE_H

#include "auth/login/discovery.h"
#include "auth/login/exchange.h"

/**
 * The user whom the tokens are of: `claims` are those of the id token, or NULL for OAuth 2. Asks the provider for more
 * where the claims have no e-mail address or name. Refuses with 502, 503 or 504 when the reply is wrong, or about another
 * user.
 */
tern_profile *login_profile_of(tern_ctx *c, login_provider *p, const login_metadata *m,
                               const login_tokens *tokens, const tern_value *claims);

/** The profile that `claims` describe, by the names of the preset; `subject` NULL when they have none. */
tern_profile *login_profile_read(tern_ctx *c, const login_provider *p, const tern_value *claims);

#endif

/** The exchange of a code for tokens: RFC 6749 section 4.1.3, with the verifier of RFC 7636. */
#ifndef AUTH_LOGIN_EXCHANGE_H
#define AUTH_LOGIN_EXCHANGE_H

#include "auth/login/discovery.h"
#include "auth/login/flight.h"

/** In the request's memory. */
typedef struct login_tokens {
    const char *access_token, *refresh_token, *id_token,
        *scope;      /* NULL: not given; id_token is of OpenID Connect */
    int64_t expires; /* Unix seconds; 0: not said */
} login_tokens;

/** The tokens for `code`. Refuses the request when the provider gives none: 400 for a code that it does not take, 502 for
 * a reply that is wrong, 503 or 504 without one. */
login_tokens login_exchange(tern_ctx *c, login_provider *p, const login_metadata *m, const login_flight *f,
                            const char *code);
/** New tokens for a refresh token; false, and nothing set, when the provider gives none. */
bool login_refresh(tern_ctx *c, login_provider *p, const login_metadata *m, const char *refresh_token,
                   login_tokens *out);

#endif

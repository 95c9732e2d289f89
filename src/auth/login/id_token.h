/** Id tokens: OpenID Connect Core 1.0, sections 2 and 3.1.3.7. */
#ifndef AUTH_LOGIN_ID_TOKEN_H
#define AUTH_LOGIN_ID_TOKEN_H

#include "auth/login/discovery.h"
#include "auth/login/exchange.h"
#include "auth/login/flight.h"

/** A token in the compact form of JWS (RFC 7515), taken apart. */
typedef struct login_jws {
    tern_str signed_part; /* header '.' payload, as they were sent */
    tern_str signature;   /* bytes */
    const tern_value *claims;
    const char *algorithm, *key_id; /* of the header; key_id may be NULL */
} login_jws;

/** Takes `token` apart, with nothing of it checked; NULL, and `*problem`, when it is not one. */
const login_jws *login_jws_read(tern_ctx *c, const char *token, const char **problem);

/** The claims of the id token, once its signature and all of them are right; otherwise refuses the request with 502. */
const tern_value *login_id_token(tern_ctx *c, login_provider *p, const login_metadata *m,
                                 const login_flight *f, const login_tokens *tokens);

#endif

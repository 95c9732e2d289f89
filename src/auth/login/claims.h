/** What the claims of an id token must be: OpenID Connect Core 1.0, section 3.1.3.7. */
#ifndef AUTH_LOGIN_CLAIMS_H
#define AUTH_LOGIN_CLAIMS_H

#include <tern/context.h>
#include <tern/value.h>

typedef struct login_expected {
    const char *issuer; /* with {tenantid} where the claim tid is */
    const char *client_id, *nonce;
    int64_t now;        /* Unix seconds */
    unsigned max_age_s; /* of auth_time; 0: any */
} login_expected;

/** NULL for claims that are what is expected; otherwise what is wrong, for the log. `claims` may be any value. */
const char *login_claims_problem(tern_ctx *c, const tern_value *claims, const login_expected *expected);

#endif

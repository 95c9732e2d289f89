/** JWTs that the client signs. */
#include "auth/login/client_assertion.h"

#include "auth/base64url.h"
#include "crypto/signature.h"

#include <tern/secret.h>

#include <string.h>
#include <time.h>

enum { ASSERTION_S = 60, APPLE_S = 300, JTI_BYTES = 16 };

const char *login_private_key_problem(const char *pem, bool must_be_ec)
{
    const char *problem = NULL;
    if (!key_load(&problem))
        return problem;
    key *k = key_of_pem(pem, strlen(pem), &problem);
    if (k != NULL) {
        problem = !key_can_sign(k) ? "it is a public key" : NULL;
        if (must_be_ec && key_algorithm_of(k) != KEY_ES256)
            problem = "it is not an EC key of P-256";
    }
    key_free(k);
    return problem;
}

static void set_text(tern_ctx *c, tern_value *object, const char *name, const char *text)
{
    tern_value_set(c, object, name, tern_value_of_text(c, text));
}

static const char *printed(tern_ctx *c, const tern_value *object)
{
    const char *text = tern_value_print(c, object, 0);
    return auth_base64url(c, text, strlen(text));
}

static void free_key(void *k)
{
    key_free(k);
}

/** The claims as a token in the compact form, signed by the client's key. */
static const char *signed_token(tern_ctx *c, const login_provider *p, const tern_value *claims)
{
    const char *problem = "out of memory";
    uint8_t signature[SIGNATURE_MOST];
    tern_value *header = tern_value_object(c);
    key *k = key_of_pem(p->o.private_key, strlen(p->o.private_key), &problem);
    if (k == NULL)
        login_refuse(c, p, 500, "the login cannot be completed here", ".private_key: %s", problem);
    tern_defer(c, free_key, k);
    set_text(c, header, "alg", key_algorithm_name(key_algorithm_of(k)));
    set_text(c, header, "typ", "JWT");
    if (p->o.key_id != NULL)
        set_text(c, header, "kid", p->o.key_id);
    const char *text = tern_sprintf(c, "%s.%s", printed(c, header), printed(c, claims));
    size_t len = signature_make(k, text, strlen(text), signature);
    if (len == 0)
        login_refuse(c, p, 500, "the login cannot be completed here", ".private_key does not sign");
    return tern_sprintf(c, "%s.%s", text, auth_base64url(c, signature, len));
}

static tern_value *claims_for(tern_ctx *c, const char *issuer, const char *subject, const char *audience,
                              int64_t life_s)
{
    int64_t now = (int64_t)time(NULL);
    tern_value *claims = tern_value_object(c);
    set_text(c, claims, "iss", issuer);
    set_text(c, claims, "sub", subject);
    set_text(c, claims, "aud", audience);
    tern_value_set(c, claims, "iat", tern_value_of_int(c, now));
    tern_value_set(c, claims, "exp", tern_value_of_int(c, now + life_s));
    return claims;
}

const char *login_client_assertion(tern_ctx *c, const login_provider *p, const char *audience)
{
    tern_value *claims = claims_for(c, p->o.client_id, p->o.client_id, audience, ASSERTION_S);
    set_text(c, claims, "jti", tern_random_text(c, JTI_BYTES));
    return signed_token(c, p, claims);
}

const char *login_apple_secret(tern_ctx *c, const login_provider *p)
{
    return signed_token(c, p, claims_for(c, p->o.team_id, p->o.client_id, p->preset->issuer, APPLE_S));
}

/** Id tokens. */
#include "auth/login/id_token.h"

#include "auth/base64url.h"
#include "auth/login/claims.h"
#include "auth/login/hash.h"
#include "auth/login/keys.h"

#include <string.h>
#include <time.h>

enum { MOST_TOKEN = 32768, MOST_SIGNATURE = 1024, MOST_KEY_ID = 256 };

/** The object that a part is; NULL when it is not one. */
static const tern_value *object_of(tern_ctx *c, tern_str part)
{
    const char *problem;
    tern_str text = auth_base64url_bytes(c, part);
    const tern_value *value = text.data != NULL ? tern_value_parse_try(c, text, &problem) : NULL;
    return tern_value_kind_of(value) == TERN_JSON_OBJECT ? value : NULL;
}

const login_jws *login_jws_read(tern_ctx *c, const char *token, const char **problem)
{
    const char *first = strchr(token, '.'), *second = first != NULL ? strchr(first + 1, '.') : NULL;
    size_t len = strlen(token);
    *problem = "it is not three parts of base64url with dots between them";
    if (len > MOST_TOKEN || second == NULL || strchr(second + 1, '.') != NULL)
        return NULL;
    const tern_value *header = object_of(c, (tern_str){token, (size_t)(first - token)});
    login_jws *jws = tern_alloc(c, sizeof *jws);
    *jws = (login_jws){
        .signed_part = {token, (size_t)(second - token)},
        .signature = auth_base64url_bytes(c, (tern_str){second + 1, len - (size_t)(second + 1 - token)}),
        .claims = object_of(c, (tern_str){first + 1, (size_t)(second - first - 1)}),
        .algorithm = tern_value_text(tern_value_get(header, "alg"), NULL),
        .key_id = tern_value_text(tern_value_get(header, "kid"), NULL)};
    if (header == NULL || jws->claims == NULL || jws->signature.data == NULL ||
        jws->signature.len > MOST_SIGNATURE)
        return NULL;
    *problem = NULL;
    if (jws->algorithm == NULL)
        *problem = "its header has no alg";
    else if (tern_value_get(header, "crit") != NULL) /* RFC 7515 section 4.1.11 */
        *problem = "its header has crit, of which nothing is known here";
    else if (tern_value_get(header, "kid") != NULL &&
             (jws->key_id == NULL || strlen(jws->key_id) > MOST_KEY_ID))
        *problem = "its kid is not a text of up to 256 bytes";
    return *problem == NULL ? jws : NULL;
}

const tern_value *login_id_token(tern_ctx *c, login_provider *p, const login_metadata *m,
                                 const login_flight *f, const login_tokens *tokens)
{
    const char *problem;
    const login_jws *jws = login_jws_read(c, tokens->id_token, &problem);
    if (jws != NULL)
        problem = login_keys_verify(c, p, m, jws);
    if (problem == NULL)
        problem = login_claims_problem(c, jws->claims,
                                       &(login_expected){.issuer = m->issuer,
                                                         .client_id = p->o.client_id,
                                                         .nonce = f->nonce,
                                                         .now = (int64_t)time(NULL),
                                                         .max_age_s = p->o.max_age_s});
    const tern_value *at_hash = problem == NULL ? tern_value_get(jws->claims, "at_hash") : NULL;
    if (at_hash != NULL &&
        !login_at_hash_is(c, tern_value_text(at_hash, ""), tokens->access_token, jws->algorithm))
        problem = "at_hash is not the access token's";
    if (problem != NULL)
        login_refuse(c, p, 502, tern_sprintf(c, "%s sent an answer that cannot be used", p->o.title),
                     "the id token: %s", problem);
    return jws->claims;
}

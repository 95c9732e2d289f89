/** Signatures of id tokens. */
#include "auth/login/keys.h"

#include "auth/login/documents.h"
#include "auth/token/keys.h"

#include <string.h>
#include <time.h>

enum { AGAIN_S = 30 };

static const char *check(tern_ctx *c, const login_provider *p, const tern_value *document)
{
    (void)c;
    (void)p;
    const tern_value *keys = tern_value_get(document, "keys");
    if (tern_value_kind_of(keys) != TERN_JSON_ARRAY)
        return "keys is missing, or not an array";
    return tern_value_count(keys) > JWT_KEYS_MOST ? "keys has more than 32 elements" : NULL;
}

static bool one_has_signed(const tern_value *document, const login_jws *jws, key_algorithm algorithm)
{
    jwt_key_list keys = {0};
    const char *problem;
    bool is_signed = false;
    jwk_add_all(document, &keys, &problem); /* others than ours may be in the set */
    for (unsigned i = 0; i < keys.count && !is_signed; i++) {
        const jwt_key *one = &keys.list[i];
        is_signed = key_algorithm_of(one->key) == algorithm &&
                    (jws->key_id == NULL || !one->id_is_given || strcmp(one->id, jws->key_id) == 0) &&
                    signature_check(one->key, jws->signed_part.data, jws->signed_part.len,
                                    jws->signature.data, jws->signature.len);
    }
    jwt_keys_free(&keys);
    return is_signed;
}

const char *login_keys_verify(tern_ctx *c, login_provider *p, const login_metadata *m, const login_jws *jws)
{
    key_algorithm algorithm;
    if (!key_algorithm_find(jws->algorithm, strlen(jws->algorithm), &algorithm) || algorithm == KEY_HS256)
        return tern_sprintf(c, "its algorithm %.20s is none of RS256, ES256 and EdDSA", jws->algorithm);
    login_document document = login_document_of(c, p, m->keys_url, LOGIN_FRESH_S, check);
    int64_t now = (int64_t)time(NULL);
    bool is_signed = one_has_signed(document.value, jws, algorithm);
    if (!is_signed && !document.is_new && (now < p->keys_again || now >= p->keys_again + AGAIN_S)) {
        p->keys_again = now; /* first: others do not ask at the same time */
        document = login_document_of(c, p, m->keys_url, LOGIN_NEW_S, check);
        is_signed = one_has_signed(document.value, jws, algorithm);
    }
    if (is_signed)
        return NULL;
    return tern_sprintf(c, "none of the %zu keys at %s has signed it (kid %.40s)",
                        tern_value_count(tern_value_get(document.value, "keys")), m->keys_url,
                        jws->key_id != NULL ? jws->key_id : "missing");
}

/** Keys of a provider in tests, and tokens that they sign, rightly or not. */
#ifndef TESTS_SERVER_LOGIN_SIGNING_H
#define TESTS_SERVER_LOGIN_SIGNING_H

#include "crypto/base64url.h"
#include "crypto/signature.h"

#include <tern/test.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/** A key of each kind; k1 is ES256, k2 RS256, k3 EdDSA. */
typedef struct signing_keys {
    key *ec, *rsa, *ed, *foreign, *old;
    char set[3 * 2048 + 256], old_set[2048 + 32];
} signing_keys;

/** Made once in a process: every test has its own. */
static signing_keys *signing(void)
{
    static signing_keys keys;
    const char *problem;
    if (keys.ec != NULL)
        return &keys;
    if (!key_load(&problem))
        tern_test_fail("%s", problem);
    keys.ec = key_generate(KEY_ES256, 0);
    keys.rsa = key_generate(KEY_RS256, 0);
    keys.ed = key_generate(KEY_EDDSA, 0);
    keys.foreign = key_generate(KEY_ES256, 0);
    keys.old = key_generate(KEY_ES256, 0);
    char ec[2048], rsa[2048], ed[2048], old[2048];
    key_write_jwk(keys.ec, "k1", ec, sizeof ec);
    key_write_jwk(keys.rsa, "k2", rsa, sizeof rsa);
    key_write_jwk(keys.ed, "k3", ed, sizeof ed);
    key_write_jwk(keys.old, "k0", old, sizeof old);
    snprintf(
        keys.set, sizeof keys.set,
        "{\"keys\":[%s,%s,%s,{\"kty\":\"new\",\"kid\":\"k9\"},{\"kty\":\"RSA\",\"kid\":\"k8\",\"n\":\"!\"}]}",
        ec, rsa, ed);
    snprintf(keys.old_set, sizeof keys.old_set, "{\"keys\":[%s]}", old);
    return &keys;
}

__attribute__((unused)) static const char *key_set(void)
{
    return signing()->set;
}

__attribute__((unused)) static const char *old_key_set(void)
{
    return signing()->old_set;
}

static const char *base64url(tern_test *t, const void *data, size_t len)
{
    char *text = tern_test_sprintf(t, "%*s", (int)BASE64URL_LEN(len) + 1, "");
    text[base64url_write(data, len, text)] = '\0';
    return text;
}

/**
 * A token with these claims: "none" has no signature, "HS256" is signed with the text of k2's public key, "HS256-secret"
 * with the client's secret, "ES256-foreign" with a key that is not in the set.
 */
static const char *sign_token(tern_test *t, const char *way, const char *key_id, const char *claims)
{
    signing_keys *keys = signing();
    const char *problem;
    char pem[4096];
    size_t pem_len = key_write_pem(keys->rsa, false, pem, sizeof pem);
    static const char secret[] = "s3cret+/= made long enough for HS256";
    key *k = strcmp(way, "ES256") == 0           ? (strcmp(key_id, "k0") == 0 ? keys->old : keys->ec)
             : strcmp(way, "RS256") == 0         ? keys->rsa
             : strcmp(way, "EdDSA") == 0         ? keys->ed
             : strcmp(way, "ES256-foreign") == 0 ? keys->foreign
             : strcmp(way, "HS256") == 0         ? key_of_secret(pem, pem_len, &problem)
             : strcmp(way, "HS256-secret") == 0  ? key_of_secret(secret, sizeof secret - 1, &problem)
                                                 : NULL;
    const char *header = tern_test_sprintf(t, "{\"alg\":\"%.*s\",\"kid\":\"%s\",\"typ\":\"JWT\"}",
                                           (int)strcspn(way, "-"), way, key_id);
    const char *text = tern_test_sprintf(t, "%s.%s", base64url(t, header, strlen(header)),
                                         base64url(t, claims, strlen(claims)));
    uint8_t signature[SIGNATURE_MOST];
    size_t len = k != NULL ? signature_make(k, text, strlen(text), signature) : 0;
    if (strncmp(way, "HS256", 5) == 0)
        key_free(k);
    return tern_test_sprintf(t, "%s.%s", text, base64url(t, signature, len));
}

#endif

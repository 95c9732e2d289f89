#include "acme/jws.h"

#include "acme/base64url.h"
#include "schema/json/json.h"

#include <string.h>

/* Members in alphabetical order, without white space: what RFC 7638 hashes. */
TERN_MODEL(Jwk,
    (const char *, crv),
    (const char *, kty),
    (const char *, x),
    (const char *, y))

TERN_MODEL(JwsHead,
    (const char *, alg),
    (const char *, url),
    (const char *, nonce, .optional = true, .nullable = false),
    (const char *, kid, .optional = true, .nullable = false),
    (Jwk, jwk, .optional = true, .nullable = false))

TERN_MODEL(Jws,
    (const char *, head, .json = "protected"),
    (const char *, payload),
    (const char *, signature))

tern_str jws_json(tern_type *type, const void *payload, arena *a)
{
    json_out out;
    buf problems = {0};
    bool is_prepared = type->plan != NULL || schema_prepare(type, &problems);
    buf_free(&problems);
    if (!is_prepared)
        return (tern_str){0};
    json_out_init(&out, a, 256);
    if (!json_encode(type, payload, &out) || !json_out_reserve(&out, 1))
        return (tern_str){0};
    out.data[out.len] = '\0';
    return (tern_str){out.data, out.len};
}

static bool describe_key(const crypto_key *key, Jwk *jwk, arena *a)
{
    uint8_t x[CRYPTO_COORDINATE_BYTES], y[CRYPTO_COORDINATE_BYTES];
    if (!crypto_key_point(key, x, y))
        return false;
    *jwk = (Jwk){.crv = "P-256",
                 .kty = "EC",
                 .x = base64url_print(a, x, sizeof x),
                 .y = base64url_print(a, y, sizeof y)};
    return jwk->x != NULL && jwk->y != NULL;
}

/** The two parts that are signed, each in base64url. */
typedef struct parts {
    const char *head, *payload;
    tern_str joined; /* with a dot */
} parts;

static bool make_parts(const JwsHead *head, tern_str payload, parts *out, arena *a)
{
    tern_str json = jws_json(TERN_TYPE(JwsHead), head, a);
    if (json.data == NULL)
        return false;
    out->head = base64url_print(a, json.data, json.len);
    out->payload = base64url_print(a, payload.data, payload.len);
    if (out->head == NULL || out->payload == NULL)
        return false;
    out->joined.data = arena_printf(a, "%s.%s", out->head, out->payload);
    if (out->joined.data == NULL)
        return false;
    out->joined.len = strlen(out->joined.data);
    return true;
}

static tern_str finish(const parts *p, const void *signature, size_t len, arena *a)
{
    const Jws jws = {.head = p->head, .payload = p->payload, .signature = base64url_print(a, signature, len)};
    return jws.signature != NULL ? jws_json(TERN_TYPE(Jws), &jws, a) : (tern_str){0};
}

tern_str jws_sign(crypto_key *key, const jws_head *head, tern_str payload, arena *a)
{
    parts p;
    uint8_t signature[CRYPTO_SIGNATURE_BYTES];
    JwsHead fields = {.alg = "ES256", .url = head->url, .nonce = head->nonce, .kid = head->account};
    if (head->account != NULL)
        fields.tern_state.jwk = TERN_STATE_ABSENT;
    else if (!describe_key(key, &fields.jwk, a))
        return (tern_str){0};
    if (!make_parts(&fields, payload, &p, a) || !crypto_sign(key, p.joined, signature))
        return (tern_str){0};
    return finish(&p, signature, sizeof signature, a);
}

tern_str jws_bind(crypto_key *account_key, const char *kid, const uint8_t *mac_key, size_t mac_key_len,
                  const char *url, arena *a)
{
    Jwk jwk;
    parts p;
    uint8_t signature[CRYPTO_DIGEST_BYTES];
    JwsHead fields = {.alg = "HS256", .url = url, .kid = kid};
    fields.tern_state.jwk = TERN_STATE_ABSENT;
    tern_str payload = {0};
    if (describe_key(account_key, &jwk, a))
        payload = jws_json(TERN_TYPE(Jwk), &jwk, a);
    if (payload.data == NULL || !make_parts(&fields, payload, &p, a) ||
        !crypto_hmac_sha256(mac_key, mac_key_len, p.joined, signature))
        return (tern_str){0};
    return finish(&p, signature, sizeof signature, a);
}

const char *jws_thumbprint(const crypto_key *key, arena *a)
{
    Jwk jwk;
    uint8_t digest[CRYPTO_DIGEST_BYTES];
    tern_str json = {0};
    if (describe_key(key, &jwk, a))
        json = jws_json(TERN_TYPE(Jwk), &jwk, a);
    if (json.data == NULL)
        return NULL;
    crypto_sha256(json, digest);
    return base64url_print(a, digest, sizeof digest);
}

const char *jws_key_authorization(const crypto_key *key, const char *token, arena *a)
{
    const char *thumbprint = jws_thumbprint(key, a);
    return thumbprint != NULL ? arena_printf(a, "%s.%s", token, thumbprint) : NULL;
}

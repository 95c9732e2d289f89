/** Making tokens. */
#include "auth/token/keys.h"
#include "crypto/base64url.h"

#include <tern/log.h>

#include <string.h>

enum { EXPIRES_S = 900 };

static const jwt_key *signing_key(const tern_jwt_keys *keys)
{
    for (unsigned i = 0; keys != NULL && i < keys->own.count; i++)
        if (key_can_sign(keys->own.list[i].key))
            return &keys->own.list[i];
    return NULL;
}

static void set_text(tern_ctx *c, tern_value *claims, const char *name, const char *text)
{
    if (text != NULL)
        tern_value_set(c, claims, name, tern_value_of_text(c, text));
}

/** Adds the members of an object. */
static void add_all(tern_ctx *c, tern_value *claims, const tern_value *more)
{
    for (size_t i = 0; i < tern_value_count(more); i++)
        tern_value_set(c, claims, tern_value_key(more, i), tern_value_at(more, i));
}

static tern_value *make_claims(tern_ctx *c, const tern_jwt_keys *keys, const tern_jwt_options *o)
{
    int64_t now = (int64_t)time(NULL);
    uint64_t life = o->expires_s != 0 ? o->expires_s : EXPIRES_S;
    tern_value *claims = tern_value_object(c);
    if (o->claims.type != NULL) {
        const char *text = tern_json_print_of(c, o->claims.type, o->claims.value);
        add_all(c, claims, tern_value_parse_try(c, (tern_str){text, strlen(text)}, NULL));
    }
    if (o->more != NULL)
        add_all(c, claims, o->more);
    const char *audience = o->audience != NULL ? o->audience : keys->options.audience;
    set_text(c, claims, "iss", keys->options.issuer);
    set_text(c, claims, "sub", o->subject);
    set_text(c, claims, "aud", audience != NULL && strcmp(audience, "*") != 0 ? audience : NULL);
    set_text(c, claims, "scope", o->scopes);
    set_text(c, claims, "jti", o->id);
    tern_value_set(c, claims, "iat", tern_value_of_int(c, now));
    if (o->begins_s != 0)
        tern_value_set(c, claims, "nbf", tern_value_of_int(c, now + (int64_t)o->begins_s));
    tern_value_set(c, claims, "exp", tern_value_of_int(c, now + (int64_t)(o->begins_s + life)));
    return claims;
}

const char *tern_jwt_sign_with(tern_ctx *c, tern_jwt_keys *keys, const tern_jwt_options *options)
{
    const jwt_key *with = signing_key(keys);
    if (with == NULL) {
        tern_log(TERN_LOG_ERROR, "tern_jwt_sign: the keys have no secret and no private key");
        tern_fail(c, 500, "no key can sign tokens");
    }
    const char *type = keys->options.type != NULL ? keys->options.type : "JWT";
    const char *header = tern_sprintf(c, "{%s,\"typ\":\"%s\"}", with->header, type);
    const char *claims = tern_value_print(c, make_claims(c, keys, options), 0);
    size_t header_len = strlen(header), claims_len = strlen(claims);
    char *token = tern_alloc(c, BASE64URL_LEN(header_len) + BASE64URL_LEN(claims_len) +
                                    BASE64URL_LEN(SIGNATURE_MOST) + 3);
    uint8_t signature[SIGNATURE_MOST];
    size_t len = base64url_write(header, header_len, token);
    token[len++] = '.';
    len += base64url_write(claims, claims_len, token + len);
    size_t signature_len = signature_make(with->key, token, len, signature);
    if (signature_len == 0)
        tern_fail(c, 503, "the token cannot be signed now");
    token[len++] = '.';
    len += base64url_write(signature, signature_len, token + len);
    token[len] = '\0';
    if (len > JWT_MOST) {
        tern_log(
            TERN_LOG_ERROR,
            "tern_jwt_sign: the token has %zu characters, but at most %d are checked: give it fewer claims",
            len, JWT_MOST);
        tern_fail(c, 500, "the token is too long");
    }
    return token;
}

/**
 * Signed tokens: JSON Web Tokens (RFC 7519), with the rules of RFC 8725.
 *
 *     static tern_jwt_keys *keys;
 *
 *     TERN_HANDLER(login, Login, in) { ...; return tern_text(c, tern_jwt_sign(c, keys, .subject = "42", .scopes = "books.read")); }
 *
 *     keys = tern_jwt_keys_new(app, .env = "JWT_KEYS", .issuer = "https://shop.example");
 *     tern_auth(app, TERN_BEARER_JWT(.keys = keys));
 *     tern_get(app, "/books", books, .requires = "books.read");
 *
 * A key has one algorithm, which follows from what the key is; what a token says about its algorithm must agree, and
 * nothing in a token brings a key. A token without an end (`exp`) is wrong. docs/authentication.md has whole programs.
 */
#ifndef TERN_JWT_H
#define TERN_JWT_H

#include <tern/auth.h>
#include <tern/fetch.h>
#include <tern/value.h>

typedef struct tern_jwt_keys tern_jwt_keys;

/** Where keys come from, and what their tokens have in common. One source of keys is needed, and several may be given. */
typedef struct tern_jwt_keys_options {
    /* HS256: at least 32 bytes, which every service that checks the tokens knows: the output of `openssl rand -base64 48`.
     * Several, divided by white space or commas: the first, the newest, signs, and all check. */
    const char *secret;
    /* RS256 (at least 2048 bits), ES256 (P-256) or EdDSA (Ed25519): PEM texts, one after the other. The first private one
     * signs; public ones and certificates check. */
    const char *pem;
    const char *jwk;  /* JSON of a key or of a set of keys (RFC 7517), private ones with `d` */
    const char *file; /* a file with one of the three, which is found out by its beginning */
    const char
        *env; /* "JWT_KEYS": the variable has one of the three, or JWT_KEYS_FILE the name of such a file */
    /* "https://id.example/.well-known/jwks.json": public keys of another service. They are fetched when they are first
     * needed, again after .max_age_s, and when a token has an unknown `kid`, then at most once in 30 s. */
    const char *url;
    unsigned max_age_s; /* of .url; default 300 */

    const char *issuer; /* `iss` of tokens that are made; tokens that are checked must have it. NULL: any */
    const char *
        audience; /* the same of `aud`; "*": any. NULL: tokens must not have one, as they are for somebody else */
    const char *type;  /* the same of `typ` in the header: "at+jwt"; NULL: "JWT", and any */
    unsigned leeway_s; /* by which clocks may differ */
} tern_jwt_keys_options;

tern_jwt_keys *tern_jwt_keys_with(tern_app *app, const tern_jwt_keys_options *options);
/** Declares keys in `main`; mistakes are reported by tern_run, and never show a part of a key. NULL after a mistake, which
 * the other calls take. */
#define tern_jwt_keys_new(app, ...) tern_jwt_keys_with(app, &(tern_jwt_keys_options){__VA_ARGS__})

/* -- making -- */

typedef struct tern_jwt_options {
    const char *subject;    /* `sub` */
    const char *scopes;     /* `scope`: "books.read books.write"; NULL: none */
    const char *audience;   /* `aud`, instead of the keys' */
    const char *id;         /* `jti`; NULL: none */
    uint64_t expires_s;     /* from now; default 900 */
    uint64_t begins_s;      /* from now: `nbf`; 0: at once, and no `nbf` */
    tern_typed claims;      /* more: TERN_TYPED(MyClaims, &more); a member that is named above is left out */
    const tern_value *more; /* more, of any shape: an object */
} tern_jwt_options;
/** A token in the request's memory: `tern_jwt_sign(c, keys, .subject = "42", .expires_s = 900)`. Fails with 500 when the
 * keys cannot sign, and with 503 without memory. RS256 takes about a millisecond of the worker. */
#define tern_jwt_sign(c, keys, ...) tern_jwt_sign_with(c, keys, &(tern_jwt_options){__VA_ARGS__})
const char *tern_jwt_sign_with(tern_ctx *c, tern_jwt_keys *keys, const tern_jwt_options *options);

/* -- checking -- */

/** What a right token says. In the request's memory. */
typedef struct tern_jwt_claims {
    const char *subject, *issuer, *id; /* `sub`, `iss`, `jti`; NULL: absent */
    const char *scopes;                /* `scope`, or `scopes` or `scp`, which may be arrays; NULL: absent */
    int64_t expires, issued;           /* Unix seconds; `issued` is 0 when absent */
    const tern_value *all;
    tern_str json; /* all claims, as they came */
} tern_jwt_claims;

/**
 * The claims of a token; NULL when it is wrong, with the reason in `*why` for logs and clients (may be NULL).
 *
 * Wrong are: more than 8 KiB; base64url with padding, other characters or loose bits; JSON that is malformed, or has a
 * member twice; a header with `crit`, or with an `alg` that is not exactly the key's; a signature of no key; a missing `exp`,
 * one that has passed, and an `nbf` to come; another `iss`, `aud` or `typ` than the keys have. Keys that have a `kid` (of a
 * JWK) are for tokens with that `kid`; the others are tried for any. Waits when keys have to be fetched, and fails with
 * 503 when there are none.
 */
const tern_jwt_claims *tern_jwt_check(tern_ctx *c, tern_jwt_keys *keys, const char *token, const char **why);
/** The claims as a model, valid by its rules: `MyClaims *mine = tern_jwt_claims_as(c, MyClaims, claims)`; NULL when they are
 * not. Claims that it does not have are skipped. */
#define tern_jwt_claims_as(c, Model, claims) tern_json_parse(c, Model, (claims)->json, NULL)
/** The claims of the token that TERN_BEARER_JWT has found in this request; NULL: another way did, or none. */
const tern_jwt_claims *tern_jwt(tern_ctx *c);

/** Answers GET `path` with the public keys (RFC 7517), for services that check the tokens: `tern_jwks(app,
 * "/.well-known/jwks.json", keys)`. Secrets are not among them. Anybody may read it. */
void tern_jwks(tern_app *app, const char *path, tern_jwt_keys *keys);

/* -- the way -- */

typedef struct tern_bearer_jwt_options {
    tern_jwt_keys *keys;
    /* a cookie that may have the token instead; what another site made a browser send is then refused, as tern_csrf does */
    const char *cookie;
    bool without_csrf;  /* it is not: the application does so itself */
    const char *query;  /* a query parameter that may: for WebSocket and downloads, as it ends up in logs */
    const char *scopes; /* the claim with the scopes; default `scope`, `scopes` or `scp` */
    bool
        unlimited; /* tokens without scopes may do everything; otherwise they may do nothing that needs one */
    /* After the check: may look the user up, change `who` (whose id is `sub`), and return false for a user who is gone. It
     * may query and wait. */
    bool (*user)(tern_ctx *c, const tern_jwt_claims *claims, tern_identity *who);
} tern_bearer_jwt_options;
/** A way of tern_auth: `Authorization: Bearer` with a token of these keys. A bearer text without '.' is left to the ways
 * after it. `since` of the identity is `auth_time`, and `factors` is 2 where `amr` has "mfa" (RFC 8176). */
#define TERN_BEARER_JWT(...) tern_bearer_jwt_with(&(tern_bearer_jwt_options){__VA_ARGS__})
tern_way tern_bearer_jwt_with(const tern_bearer_jwt_options *options);

#endif

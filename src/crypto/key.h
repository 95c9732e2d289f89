/**
 * Keys that sign: shared secrets (HS256), RSA (RS256), EC P-256 (ES256) and Ed25519 (EdDSA), over OpenSSL.
 *
 * A key has one algorithm, which follows from its kind: nothing that a token says can change it (RFC 8725 section 3.1).
 * Texts of problems are static, and never have a part of a key.
 */
#ifndef CRYPTO_KEY_H
#define CRYPTO_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum key_algorithm { KEY_HS256, KEY_RS256, KEY_ES256, KEY_EDDSA } key_algorithm;
enum {
    KEY_ALGORITHMS = KEY_EDDSA + 1,
    KEY_LEAST_SECRET = 32,     /* bytes of HS256: RFC 7518 section 3.2 */
    KEY_LEAST_RSA_BITS = 2048, /* RFC 7518 section 3.3 */
    KEY_MOST_RSA_BITS = 8192,  /* larger ones would be a way to keep a server busy */
    KEY_ID_LEN = 43            /* characters of a thumbprint */
};

typedef struct key key;

/** "HS256", "RS256", "ES256", "EdDSA". */
const char *key_algorithm_name(key_algorithm algorithm);
/** Finds the algorithm of a name of RFC 7518, by all its bytes; false for any other. */
bool key_algorithm_find(const char *name, size_t len, key_algorithm *algorithm);

/** Loads OpenSSL, once in a process; before any other call but the two above. False, with `*problem`, when it is missing. */
bool key_load(const char **problem);

/* -- making one: NULL, with `*problem`, for what is not a key that Tern uses -- */

/** A secret of at least KEY_LEAST_SECRET bytes, which is copied. */
key *key_of_secret(const void *secret, size_t len, const char **problem);
/** A PEM text: a private key (PKCS #8, SEC 1, PKCS #1; not encrypted), a public one, or a certificate's. */
key *key_of_pem(const char *text, size_t len, const char **problem);

/** Bytes of a number or point, the most significant first; data NULL: absent. */
typedef struct key_part {
    const void *data;
    size_t len;
} key_part;

/** What a JWK (RFC 7518 section 6, RFC 8037) has besides its kind, decoded. */
typedef struct key_parts {
    key_algorithm algorithm;
    key_part n, e; /* RSA */
    key_part x, y; /* EC; Ed25519 has x alone */
    key_part d;    /* private; RSA needs p to qi with it */
    key_part p, q, dp, dq, qi;
    key_part secret; /* HS256 */
} key_parts;
key *key_of_parts(const key_parts *parts, const char **problem);

/** A public key as authenticators send it: a COSE_Key (RFC 9053 section 7) of EC2 P-256, RSA or OKP Ed25519, whose "alg" is
 * ES256, RS256 or EdDSA. `*used`: how many bytes it has; NULL: all `len` must be it. */
key *key_of_cose(const void *data, size_t len, size_t *used, const char **problem);

/** A new key. `bits`: of RSA, 0 for 2048. NULL when the system has no randomness or memory. */
key *key_generate(key_algorithm algorithm, unsigned bits);
void key_free(key *k);

/** SHA-256 of any bytes: without the look-up that OpenSSL's call of that name makes each time. (signature.c) */
void key_sha256(const void *data, size_t len, uint8_t out[32]);

/* -- looking at one -- */

key_algorithm key_algorithm_of(const key *k);
/** Whether it can sign. */
bool key_can_sign(const key *k);
/** RFC 7638, with SHA-256, as base64url and a NUL: an id that two keys never share. Of a secret: an HMAC with it, since a
 * hash would let secrets of few bits be found. */
void key_thumbprint(const key *k, char id[KEY_ID_LEN + 1]);
/** Writes the public part as a JWK with `id` as its kid: `{"kty":"EC","crv":"P-256",...,"kid":"...","use":"sig"}`, and a
 * NUL. The length; 0 when `size` is too small, and for a secret, which has no public part. 2048 bytes suffice. */
size_t key_write_jwk(const key *k, const char *id, char *out, size_t size);
/** Writes the key as PEM and a NUL: PKCS #8, or the public part alone. The length; 0 as above, and for a public key that
 * is asked for its private part. */
size_t key_write_pem(const key *k, bool is_private, char *out, size_t size);

#endif

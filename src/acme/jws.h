/** Signed messages to the authority: JWS in flattened JSON (RFC 7515, RFC 8555 section 6.2). */
#ifndef ACME_JWS_H
#define ACME_JWS_H

#include "acme/crypto.h"

#include <tern/model.h>

enum { JWS_KEY_BYTES = 512 }; /* of the key of an external account, decoded */

/** What the signature of one message covers. */
typedef struct jws_head {
    const char *url;
    const char *nonce;   /* NULL: none (external account binding) */
    const char *account; /* URL of the account; NULL: the public key itself, for a new account */
} jws_head;

/** JSON of `payload`, a value of `type`, in `a`; no data when it cannot be encoded or memory is short. Types
 * are prepared at first use. */
tern_str jws_json(tern_type *type, const void *payload, arena *a);

/** The JSON to post. An empty `payload` is that of POST-as-GET. No data when it fails. */
tern_str jws_sign(crypto_key *key, const jws_head *head, tern_str payload, arena *a);

/** The external account binding (RFC 8555 section 7.3.4): the account's public key, signed by HS256 with the
 * key that the authority gave together with `kid`. */
tern_str jws_bind(crypto_key *account_key, const char *kid, const uint8_t *mac_key, size_t mac_key_len,
                  const char *url, arena *a);

/** SHA-256 of the public key (RFC 7638) in base64url; NULL when it fails. */
const char *jws_thumbprint(const crypto_key *key, arena *a);

/** What proves the control of a name: `token` "." thumbprint (RFC 8555 section 8.1). */
const char *jws_key_authorization(const crypto_key *key, const char *token, arena *a);

#endif

/** Random tokens whose hash is stored: API keys, refresh tokens. A token is ID_SECRET, after a prefix. */
#ifndef AUTH_TOKEN_STORED_H
#define AUTH_TOKEN_STORED_H

#include <tern/context.h>

enum {
    STORED_ID_LEN = 16,     /* hexadecimal digits */
    STORED_SECRET_LEN = 43, /* base64url of 32 bytes */
    STORED_HASH_LEN = 43    /* base64url of SHA-256 */
};

/** A token that a client sent, divided. */
typedef struct stored_token {
    char id[STORED_ID_LEN + 1];
    char hash[STORED_HASH_LEN + 1]; /* of the secret */
} stored_token;

/** Divides "ID_SECRET"; false for a text of any other form. */
bool stored_read(const char *text, stored_token *token);
/** Draws a secret, and an id unless `id` is given; returns "ID_SECRET" in the request's memory. Fails with 503 when the
 * system has no randomness. */
const char *stored_make(tern_ctx *c, const char *id, stored_token *token);
/** Whether two hashes are equal, in constant time. */
bool stored_is_equal(const char *a, const char *b);

#endif

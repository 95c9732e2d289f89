#include "auth/token/stored.h"
#include "crypto/base64url.h"
#include "crypto/key.h"

#include <tern/access.h>

#include <stdio.h>
#include <string.h>
#include <sys/random.h>

static void set_hash(const char *secret, stored_token *token)
{
    uint8_t digest[32];
    key_sha256(secret, STORED_SECRET_LEN, digest);
    token->hash[base64url_write(digest, sizeof digest, token->hash)] = '\0';
}

bool stored_read(const char *text, stored_token *token)
{
    static const char hex[] = "0123456789abcdef";
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    if (strspn(text, hex) != STORED_ID_LEN || text[STORED_ID_LEN] != '_')
        return false;
    const char *secret = text + STORED_ID_LEN + 1;
    if (strspn(secret, digits) != STORED_SECRET_LEN || secret[STORED_SECRET_LEN] != '\0')
        return false;
    memcpy(token->id, text, STORED_ID_LEN);
    token->id[STORED_ID_LEN] = '\0';
    set_hash(secret, token);
    return true;
}

const char *stored_make(tern_ctx *c, const char *id, stored_token *token)
{
    uint8_t random[8 + 32];
    char secret[STORED_SECRET_LEN + 1];
    if (getrandom(random, sizeof random, 0) != sizeof random)
        tern_fail(c, 503, "the system has no random numbers");
    for (size_t i = 0; i < 8; i++)
        snprintf(token->id + 2 * i, 3, "%02x", random[i]);
    if (id != NULL)
        memcpy(token->id, id, STORED_ID_LEN + 1);
    secret[base64url_write(random + 8, 32, secret)] = '\0';
    set_hash(secret, token);
    return tern_sprintf(c, "%s_%s", token->id, secret);
}

bool stored_is_equal(const char *a, const char *b)
{
    return tern_secrets_are_equal(a, b);
}

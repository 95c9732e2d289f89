/*
 * Tokens, key sets and keys of authenticators from anybody: a token of any text is refused, one that is rightly signed is
 * read or refused, and what is right has an end in the future.
 */
#include "app/ctx.h"
#include "auth/token/keys.h"
#include "crypto/base64url.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SECRET "0123456789abcdef0123456789abcdef"

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size);

static tern_app *app;
static tern_jwt_keys *keys;
static key *own;

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void set_up(void)
{
    const char *problem;
    if (app != NULL)
        return;
    app = tern_app_new(.title = "fuzz");
    keys = tern_jwt_keys_new(app, .secret = SECRET);
    own = key_of_secret(SECRET, strlen(SECRET), &problem);
    require(keys != NULL && own != NULL);
}

static void check(tern_ctx *c, const char *token, bool is_signed)
{
    const char *why;
    const tern_jwt_claims *claims = tern_jwt_check(c, keys, token, &why);
    require((claims == NULL) == (why != NULL));
    require(claims == NULL || (is_signed && claims->expires > (int64_t)time(NULL) - 5));
}

/** Signs a header and claims, which a NUL divides. */
static void check_signed(tern_ctx *c, const char *text, size_t len)
{
    const char *end = memchr(text, '\0', len);
    size_t header = end != NULL ? (size_t)(end - text) : len, claims = end != NULL ? len - header - 1 : 0;
    char *token = tern_alloc(c, BASE64URL_LEN(len) + 100);
    uint8_t signature[SIGNATURE_MOST];
    size_t at = base64url_write(text, header, token);
    token[at++] = '.';
    at += base64url_write(text + header + 1, claims, token + at);
    size_t made = signature_make(own, token, at, signature);
    token[at++] = '.';
    base64url_write(signature, made, token + at);
    check(c, token, true);
}

static void read_set(tern_ctx *c, const char *text, size_t len)
{
    const char *problem;
    jwt_key_list list = {0};
    const tern_value *set = tern_value_parse_try(c, (tern_str){text, len}, NULL);
    if (set != NULL)
        jwk_add_all(set, &list, &problem);
    jwt_keys_free(&list);
}

static void read_cose(const uint8_t *data, size_t len)
{
    const char *problem;
    size_t used;
    key *k = key_of_cose(data, len, &used, &problem);
    require(k == NULL || used <= len);
    key_free(k);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
    static http_exchange x;
    static tern_ctx c;
    set_up();
    if (size == 0)
        return 0;
    memset(&x, 0, sizeof x);
    memset(&c, 0, sizeof c);
    arena_init(&x.arena, NULL, 0, SIZE_MAX / 2);
    c.x = &x;
    c.app = app;
    char *text = arena_text(&x.arena, (const char *)input + 1, size - 1);
    require(text != NULL);
    switch (input[0] % 4) {
    case 0:
        check(&c, text, false);
        break;
    case 1:
        check_signed(&c, text, size - 1);
        break;
    case 2:
        read_set(&c, text, size - 1);
        break;
    default:
        read_cose(input + 1, size - 1);
    }
    arena_free(&x.arena);
    return 0;
}

/**
 * Sealed and signed values.
 *
 * Both begin with a version and the id of the key, so that the right one of several keys is found at once, and have the
 * time of their end, in big-endian seconds, under the seal or the signature:
 *
 *     sealed:  version 1 | id 4 | nonce 24 | sealed (end 8 | text) | tag 16        as base64url
 *     signed:  text '.' then as base64url  version 1 | id 4 | end 8 | mac 32, of the key over the parts before and the text
 *
 * Hot path: nothing is allocated but the result.
 */
#include "app/secret/keys.h"
#include "crypto/base64url.h"
#include "crypto/random.h"
#include "crypto/seal.h"

#include "base/clock.h"

#include <tern/secret.h>

#include <string.h>

enum {
    VERSION = 1,
    HEAD = 1 + SECRET_ID_BYTES,
    END = 8,
    SEALED_EXTRA = HEAD + SEAL_EXTRA + END,
    PROOF = HEAD + END + MAC_BYTES,
    PROOF_TEXT = BASE64URL_LEN(PROOF)
};

static void put_u64(uint8_t *out, uint64_t value)
{
    for (int i = 0; i < 8; i++)
        out[i] = (uint8_t)(value >> (56 - 8 * i));
}

static uint64_t get_u64(const uint8_t *in)
{
    uint64_t value = 0;
    for (int i = 0; i < 8; i++)
        value = value << 8 | in[i];
    return value;
}

tern_str tern_str_of_text_(const char *text)
{
    return (tern_str){text, text != NULL ? strlen(text) : 0};
}

static uint64_t end_of(const tern_secret_options *options)
{
    uint64_t now = (uint64_t)clock_wall_s();
    if (options->expires_s == 0 || options->expires_s > UINT64_MAX - now)
        return UINT64_MAX;
    return now + options->expires_s;
}

static bool is_over(const uint8_t *end)
{
    return get_u64(end) <= (uint64_t)clock_wall_s();
}

/* The keys of a call, whose `text` must not be NULL; fails with 500. */
static const secret_keys *keys_of(tern_ctx *c, secret_use use, const char *purpose, const char *text,
                                  secret_keys *scratch)
{
    app_secrets *s = c->app->secrets;
    if (s == NULL || s->count == 0)
        tern_fail(c, 500, "the application has no secret keys: call tern_secrets(app) in main");
    if (purpose == NULL || *purpose == '\0' || strlen(purpose) > SECRET_PURPOSE_MAX)
        tern_fail(c, 500, "a purpose of tern_seal and tern_sign has 1 to %d characters", SECRET_PURPOSE_MAX);
    if (text == NULL)
        tern_fail(c, 500, "tern_seal and tern_sign (%s) take a text, not NULL", purpose);
    return secret_keys_for(s, use, purpose, scratch);
}

static void put_head(uint8_t *out, const secret_keys *keys)
{
    out[0] = VERSION;
    memcpy(out + 1, keys->id[0], SECRET_ID_BYTES);
}

/* The number of the key that a head names; -1 for none that is kept. */
static int key_of(tern_ctx *c, const secret_keys *keys, const uint8_t *head)
{
    return head[0] == VERSION ? secret_keys_find(c->app->secrets, keys, head + 1) : -1;
}

/* -- sealing -- */

const char *tern_seal_with(tern_ctx *c, const char *purpose, tern_str text,
                           const tern_secret_options *options)
{
    secret_keys scratch;
    const secret_keys *keys = keys_of(c, SECRET_SEALS, purpose, text.data, &scratch);
    size_t len = text.len + SEALED_EXTRA, printed = BASE64URL_LEN(len);
    char *out = ctx_need(
        c, text.len < SIZE_MAX / 8 ? arena_alloc(ctx_arena(c), printed + 1 + len + END + text.len) : NULL);
    uint8_t *sealed = (uint8_t *)out + printed + 1, *plain = sealed + len;
    put_head(sealed, keys);
    put_u64(plain, end_of(options));
    memcpy(plain + END, text.data, text.len);
    if (!seal_close(keys->key[0], sealed, HEAD, plain, END + text.len, sealed + HEAD))
        tern_fail(c, 500, "the kernel has no random numbers to seal with");
    out[base64url_write(sealed, len, out)] = '\0';
    mac_forget(plain, END + text.len);
    return out;
}

tern_str tern_unseal_bytes(tern_ctx *c, const char *purpose, const char *sealed)
{
    secret_keys scratch;
    static const tern_str none = {0};
    const secret_keys *keys = keys_of(c, SECRET_SEALS, purpose, "", &scratch);
    size_t len = sealed != NULL ? strlen(sealed) : 0;
    if (len < BASE64URL_LEN(SEALED_EXTRA))
        return none;
    size_t room = BASE64URL_BYTES(len);
    uint8_t *bytes = ctx_need(c, arena_alloc(ctx_arena(c), 2 * room + 1)), *plain = bytes + room;
    long got = base64url_parse(sealed, len, bytes);
    int number = got < SEALED_EXTRA ? -1 : key_of(c, keys, bytes);
    if (number < 0 || !seal_open(keys->key[number], bytes, HEAD, bytes + HEAD, (size_t)got - HEAD, plain) ||
        is_over(plain))
        return none;
    size_t plain_len = (size_t)got - SEALED_EXTRA;
    plain[END + plain_len] = '\0';
    return (tern_str){(const char *)plain + END, plain_len};
}

const char *tern_unseal(tern_ctx *c, const char *purpose, const char *sealed)
{
    return tern_unseal_bytes(c, purpose, sealed).data;
}

/* -- signing -- */

/* The mac of what is before it in `proof`, and of the text. */
static void prove(const uint8_t *key, const uint8_t *proof, tern_str text, uint8_t *mac)
{
    const mac_part parts[] = {{proof, HEAD + END}, {text.data, text.len}};
    mac_of(key, MAC_BYTES, parts, 2, mac);
}

const char *tern_sign_with(tern_ctx *c, const char *purpose, tern_str text,
                           const tern_secret_options *options)
{
    secret_keys scratch;
    uint8_t proof[PROOF];
    const secret_keys *keys = keys_of(c, SECRET_SIGNS, purpose, text.data, &scratch);
    if (memchr(text.data, '\0', text.len) != NULL)
        tern_fail(c, 500, "tern_sign (%s) takes a text without a NUL in it: tern_seal takes any bytes",
                  purpose);
    char *out = ctx_need(c, arena_alloc(ctx_arena(c), text.len + 1 + PROOF_TEXT + 1));
    put_head(proof, keys);
    put_u64(proof + HEAD, end_of(options));
    prove(keys->key[0], proof, text, proof + HEAD + END);
    memcpy(out, text.data, text.len);
    out[text.len] = '.';
    out[text.len + 1 + base64url_write(proof, PROOF, out + text.len + 1)] = '\0';
    return out;
}

const char *tern_unsign(tern_ctx *c, const char *purpose, const char *signed_text)
{
    secret_keys scratch;
    uint8_t proof[BASE64URL_BYTES(PROOF_TEXT)], mac[MAC_BYTES];
    const secret_keys *keys = keys_of(c, SECRET_SIGNS, purpose, "", &scratch);
    size_t len = signed_text != NULL ? strlen(signed_text) : 0;
    if (len < PROOF_TEXT + 1 || signed_text[len - PROOF_TEXT - 1] != '.' ||
        base64url_parse(signed_text + len - PROOF_TEXT, PROOF_TEXT, proof) != PROOF)
        return NULL;
    const tern_str text = {signed_text, len - PROOF_TEXT - 1};
    int number = key_of(c, keys, proof);
    if (number < 0)
        return NULL;
    prove(keys->key[number], proof, text, mac);
    return mac_equal(mac, proof + HEAD + END, MAC_BYTES) && !is_over(proof + HEAD) ? ctx_text(c, text) : NULL;
}

/* -- randomness, development -- */

const char *tern_random_text(tern_ctx *c, size_t bytes)
{
    if (bytes == 0 || bytes > RANDOM_TEXT_MAX)
        tern_fail(c, 500, "tern_random_text takes 1 to %d bytes, not %zu", RANDOM_TEXT_MAX, bytes);
    char *text = ctx_need(c, arena_alloc(ctx_arena(c), BASE64URL_LEN(bytes) + 1));
    if (!random_text(text, bytes))
        tern_fail(c, 500, "the kernel has no random numbers");
    return text;
}

bool tern_app_is_development_(const tern_app *app)
{
    return app->is_development || app->testing != NULL;
}

bool tern_ctx_is_development_(const tern_ctx *c)
{
    return tern_app_is_development_(c->app);
}

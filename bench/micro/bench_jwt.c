/**
 * What it costs to check a token: all of tern_jwt_check, and of that the signature alone.
 *
 * Usage: bench_jwt. The token has `iss`, `sub`, `scope`, `iat` and `exp`; microseconds for one check, the best of several
 * rounds. "bare" is OpenSSL's EVP_DigestVerify of the same bytes.
 */
#include "app/ctx.h"
#include "auth/token/keys.h"
#include "base/clock.h"
#include "crypto/key_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROUNDS = 20, HEAP = 64 * 1024 };

static char heap[HEAP];
static http_exchange x;
static tern_ctx c;

static void begin(tern_app *app)
{
    memset(&x, 0, sizeof x);
    memset(&c, 0, sizeof c);
    arena_init(&x.arena, heap, sizeof heap, SIZE_MAX / 2);
    c.x = &x;
    c.app = app;
}

static double best_us(unsigned steps, void (*run)(void *arg), void *arg)
{
    uint64_t best = UINT64_MAX;
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t began = clock_ns();
        for (unsigned i = 0; i < steps; i++)
            run(arg);
        uint64_t took = clock_ns() - began;
        best = took < best ? took : best;
    }
    return (double)best / steps / 1000;
}

/** What is measured. */
typedef struct subject {
    tern_app *app;
    tern_jwt_keys *keys;
    char token[2048];
    const char *dot; /* the second one */
    uint8_t signature[SIGNATURE_MOST];
    size_t signature_len;
    EVP_PKEY *bare; /* another object of the same key */
} subject;

static void whole(void *arg)
{
    subject *s = arg;
    begin(s->app);
    if (tern_jwt_check(&c, s->keys, s->token, NULL) == NULL)
        abort();
}

static void signature_alone(void *arg)
{
    const subject *s = arg;
    if (!signature_check(s->keys->own.list[0].key, s->token, (size_t)(s->dot - s->token), s->signature,
                         s->signature_len))
        abort();
}

/** As a program without Tern would: ES256 has its signature in DER already. */
static void bare(void *arg)
{
    const subject *s = arg;
    EVP_MD_CTX *context = openssl.EVP_MD_CTX_new();
    if (openssl.EVP_DigestVerifyInit(context, NULL, openssl.EVP_sha256(), NULL, s->bare) != 1 ||
        openssl.EVP_DigestVerify(context, s->signature, s->signature_len, (const unsigned char *)s->token,
                                 (size_t)(s->dot - s->token)) != 1)
        abort();
    openssl.EVP_MD_CTX_free(context);
}

/** Signs again by OpenSSL, whose form of the signature `bare` takes. */
static void sign_bare(subject *s)
{
    EVP_MD_CTX *context = openssl.EVP_MD_CTX_new();
    s->signature_len = sizeof s->signature;
    if (openssl.EVP_DigestSignInit(context, NULL, openssl.EVP_sha256(), NULL, s->bare) != 1 ||
        openssl.EVP_DigestSign(context, s->signature, &s->signature_len, (const unsigned char *)s->token,
                               (size_t)(s->dot - s->token)) != 1)
        abort();
    openssl.EVP_MD_CTX_free(context);
}

static void measure(key_algorithm algorithm, unsigned steps)
{
    static char pem[8192];
    subject s = {.app = tern_app_new(.title = "bench")};
    key *k = algorithm != KEY_HS256 ? key_generate(algorithm, 0) : NULL;
    if (k != NULL)
        key_write_pem(k, true, pem, sizeof pem);
    s.keys = algorithm == KEY_HS256 ? tern_jwt_keys_new(s.app, .secret = "0123456789abcdef0123456789abcdef",
                                                        .issuer = "https://id.example")
                                    : tern_jwt_keys_new(s.app, .pem = pem, .issuer = "https://id.example");
    begin(s.app);
    snprintf(
        s.token, sizeof s.token, "%s",
        tern_jwt_sign(&c, s.keys, .subject = "42", .scopes = "books.read books.write", .expires_s = 3600));
    s.dot = strrchr(s.token, '.');
    s.signature_len =
        signature_make(s.keys->own.list[0].key, s.token, (size_t)(s.dot - s.token), s.signature);
    printf("%-6s whole %8.2f us, signature %8.2f us", key_algorithm_name(algorithm),
           best_us(steps, whole, &s), best_us(steps, signature_alone, &s));
    if (algorithm == KEY_ES256 || algorithm == KEY_RS256) {
        s.bare = s.keys->own.list[0].key->pkey;
        sign_bare(&s);
        printf(", bare %8.2f us", best_us(steps, bare, &s));
    }
    printf("\n");
}

int main(void)
{
    const char *problem;
    if (!key_load(&problem)) {
        printf("%s\n", problem);
        return 1;
    }
    measure(KEY_HS256, 20000);
    measure(KEY_ES256, 200);
    measure(KEY_RS256, 500);
    measure(KEY_EDDSA, 200);
    return 0;
}

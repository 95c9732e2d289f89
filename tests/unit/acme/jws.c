#include "acme/jws.h"

#include "acme/base64url.h"
#include "base/mem.h"
#include "check.h"
#include "samples.h"
#include "tls/openssl.h"

static arena a;

static crypto_key *open_key(void)
{
    const char *problem = NULL;
    if (!openssl_load(&problem))
        check_skip(problem);
    arena_init(&a, NULL, 0, 1024 * 1024);
    crypto_key *key = crypto_key_read(TERN_STR(KEY));
    CHECK(key != NULL);
    return key;
}

static void close_key(crypto_key *key)
{
    crypto_key_free(key);
    arena_free(&a);
}

/* -- base64url -- */

TEST(base64url_has_no_padding_and_two_characters_of_its_own)
{
    static const uint8_t bytes[] = {3, 236, 255, 224, 193}; /* RFC 7515 appendix C */
    size_t len;
    arena_init(&a, NULL, 0, 4096);
    CHECK_TEXT(base64url_print(&a, bytes, sizeof bytes), "A-z_4ME");
    const uint8_t *back = base64url_read(&a, TERN_STR("A-z_4ME"), &len);
    CHECK(back != NULL);
    CHECK_BYTES(back, len, bytes, sizeof bytes);
    CHECK_TEXT(base64url_print(&a, "", 0), "");
    arena_free(&a);
}

TEST(base64url_refuses_what_is_not_its_alphabet)
{
    static const char *const cases[] = {"A+z/4ME", "A-z_4ME=", "a", "A-z 4ME", "A-z_\n"};
    size_t len;
    arena_init(&a, NULL, 0, 4096);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        CHECK(base64url_read(&a, (tern_str){cases[i], strlen(cases[i])}, &len) == NULL);
    arena_free(&a);
}

/* -- signatures -- */

TEST(hs256_signs_the_example_of_rfc_7515)
{
    static const char signed_text[] =
        "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9."
        "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
    uint8_t out[CRYPTO_DIGEST_BYTES];
    size_t len;
    crypto_key *key = open_key();
    const uint8_t *secret = base64url_read(
        &a,
        TERN_STR("AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"),
        &len);
    CHECK(secret != NULL);
    CHECK(crypto_hmac_sha256(secret, len, (tern_str){signed_text, strlen(signed_text)}, out));
    CHECK_TEXT(base64url_print(&a, out, sizeof out), "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
    close_key(key);
}

TEST(the_public_key_of_rfc_7515_has_its_coordinates)
{
    uint8_t x[CRYPTO_COORDINATE_BYTES], y[CRYPTO_COORDINATE_BYTES];
    crypto_key *key = open_key();
    CHECK(crypto_key_point(key, x, y));
    CHECK_TEXT(base64url_print(&a, x, sizeof x), "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU");
    CHECK_TEXT(base64url_print(&a, y, sizeof y), "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0");
    close_key(key);
}

TEST(a_thumbprint_is_that_of_the_members_in_order)
{
    crypto_key *key = open_key();
    CHECK_TEXT(jws_thumbprint(key, &a), "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U");
    CHECK_TEXT(jws_key_authorization(key, "token", &a), "token.oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U");
    close_key(key);
}

TEST(a_binding_of_an_external_account_signs_the_accounts_key)
{
    size_t len;
    crypto_key *key = open_key();
    const uint8_t *secret = base64url_read(
        &a,
        TERN_STR("AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"),
        &len);
    tern_str jws = jws_bind(key, "kid-1", secret, len, "https://ca.example/new", &a);
    CHECK_TEXT(
        jws.data,
        "{\"protected\":\"eyJhbGciOiJIUzI1NiIsInVybCI6Imh0dHBzOi8vY2EuZXhhbXBsZS9uZXciLCJraWQiOiJraWQtMSJ9\","
        "\"payload\":\"eyJjcnYiOiJQLTI1NiIsImt0eSI6IkVDIiwieCI6ImY4M09KM0QyeEYxQmc4dnViOXRMZTFnSE16Vjc2ZThUdXM5"
        "dVBIdlJWRVUiLCJ5IjoieF9GRXpSdTltMzZITE5fdHVlNjU5TE5wWFc2cEN5U3Rpa1lqS0lXSTVhMCJ9\","
        "\"signature\":\"41sbtYrXLRKI5BQwukcG1RNFF3-RPsKtZNmvBg3bUAU\"}");
    close_key(key);
}

/** The protected header of a message. */
static const char *head_of(tern_str jws)
{
    size_t len;
    const char *begin = jws.data + strlen("{\"protected\":\"");
    const uint8_t *head = base64url_read(&a, (tern_str){begin, strcspn(begin, "\"")}, &len);
    CHECK(head != NULL);
    return arena_text(&a, (const char *)head, len);
}

TEST(a_message_has_the_accounts_url_or_its_key_and_never_both)
{
    crypto_key *key = open_key();
    jws_head head = {.url = "https://ca.example/order", .nonce = "n-1", .account = "https://ca.example/a/1"};
    tern_str jws = jws_sign(key, &head, TERN_STR("{}"), &a);
    CHECK_TEXT(head_of(jws), "{\"alg\":\"ES256\",\"url\":\"https://ca.example/order\",\"nonce\":\"n-1\","
                             "\"kid\":\"https://ca.example/a/1\"}");
    CHECK(strstr(jws.data, "\"payload\":\"e30\"") != NULL);
    head.account = NULL;
    jws = jws_sign(key, &head, TERN_STR(""), &a);
    CHECK_TEXT(head_of(jws), "{\"alg\":\"ES256\",\"url\":\"https://ca.example/order\",\"nonce\":\"n-1\","
                             "\"jwk\":{\"crv\":\"P-256\",\"kty\":\"EC\","
                             "\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
                             "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}}");
    CHECK(strstr(jws.data, "\"payload\":\"\"") != NULL); /* POST-as-GET */
    close_key(key);
}

/* -- keys -- */

TEST(a_key_that_is_written_is_read_back)
{
    const char *problem = NULL;
    if (!openssl_load(&problem))
        check_skip(problem);
    arena_init(&a, NULL, 0, 65536);
    crypto_key *key = crypto_key_new();
    crypto_key *back = crypto_key_read(crypto_key_print(key, &a));
    CHECK(back != NULL);
    CHECK_TEXT(jws_thumbprint(back, &a), jws_thumbprint(key, &a));
    crypto_key_free(back);
    close_key(key);
}

TEST(keys_of_other_kinds_and_damaged_ones_are_refused)
{
    crypto_key *key = open_key();
    CHECK(crypto_key_read(TERN_STR("")) == NULL);
    CHECK(crypto_key_read(
              TERN_STR("-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBM\n-----END PRIVATE KEY-----\n")) == NULL);
    CHECK(crypto_key_read(TERN_STR(LEAF)) == NULL);
    CHECK(crypto_key_read(TERN_STR("-----BEGIN PRIVATE KEY-----\n" /* P-384 */
                                   "MIG2AgEAMBAGByqGSM49AgEGBSuBBAAiBIGeMIGbAgEBBDAAAAAAAAAAAAAAAAAA\n"
                                   "AAAAjpsQnnGQmL+YBIffH1136cspYG6+0iY7X1fCE9+E9LKhZANiAAQrMK4CL9FD\n"
                                   "3ZT1WYMvo1f9FAK9DBQQD8bdODta9CIWnclZXewVfycgMaa+CwvqoFl3x6mDCEUY\n"
                                   "em9o4qaUkvcpPCJ0eiqTN1ygYMJapVcme+6jmSCE4oJ6GxJJHwopP38=\n"
                                   "-----END PRIVATE KEY-----\n")) == NULL);
    close_key(key);
}

TEST(signing_survives_the_lack_of_memory)
{
    crypto_key *key = open_key();
    const jws_head head = {.url = "https://ca.example/order", .nonce = "n-1"};
    CHECK(jws_sign(key, &head, TERN_STR("{}"), &a).data != NULL); /* prepares the types */
    for (unsigned long n = 1; n < 50; n++) {
        arena small;
        arena_init(&small, NULL, 0, 65536);
        mem_fail_at(n, 1);
        tern_str jws = jws_sign(key, &head, TERN_STR("{}"), &small);
        unsigned long tried = mem_tried();
        mem_fail_at(0, 0);
        arena_free(&small);
        if (tried < n)
            break;
        CHECK(jws.data == NULL);
    }
    close_key(key);
}

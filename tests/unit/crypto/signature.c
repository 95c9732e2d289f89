/** Keys and signatures, by the examples of the RFCs and by what has gone wrong elsewhere. */
#include "crypto/signature.h"

#include "check.h"
#include "crypto/base64url.h"

#include <string.h>

static const char *problem;

/** Base64url as bytes, which the next 16 calls keep. */
static key_part bytes_of(const char *text)
{
    static uint8_t room[16][1200];
    static unsigned next;
    uint8_t *out = room[next++ % 16];
    long len = base64url_parse(text, strlen(text), out);
    CHECK(len >= 0);
    return (key_part){out, (size_t)len};
}

static key *need(key *made)
{
    if (made == NULL)
        check_fail(__FILE__, __LINE__, "%s", problem);
    return made;
}

static bool checks(const key *k, const char *data, const char *signature)
{
    key_part s = bytes_of(signature);
    return signature_check(k, data, strlen(data), s.data, s.len);
}

/* RFC 7515, appendix A.3 */
#define EC_X "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"
#define EC_Y "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"
#define EC_D "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"
/* RFC 8037, appendix A */
#define ED_X "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
#define ED_D "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"
/* RFC 7638, section 3.1 */
#define RSA_N                                                                                                  \
    "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiF" \
    "V4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9" \
    "c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1" \
    "jF44-csFCur-kEgU8awapJzKnqDKgw"
#define CLAIMS                                                                                               \
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"

static key *ec_key(bool is_private)
{
    key_parts parts = {.algorithm = KEY_ES256, .x = bytes_of(EC_X), .y = bytes_of(EC_Y)};
    if (is_private)
        parts.d = bytes_of(EC_D);
    return need(key_of_parts(&parts, &problem));
}

static key *ed_key(void)
{
    return need(key_of_parts(&(key_parts){.algorithm = KEY_EDDSA, .x = bytes_of(ED_X), .d = bytes_of(ED_D)},
                             &problem));
}

static void load(void)
{
    if (!key_load(&problem))
        check_fail(__FILE__, __LINE__, "%s", problem);
}

TEST(hs256_is_that_of_rfc_7515)
{
    load();
    key_part secret =
        bytes_of("AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow");
    key *k = need(key_of_secret(secret.data, secret.len, &problem));
    static const char data[] = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9." CLAIMS;
    CHECK(checks(k, data, "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"));
    CHECK(!checks(k, data, "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXo"));
    CHECK(!checks(k, data, "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOE"));
    CHECK(!checks(k, data, ""));
    uint8_t made[SIGNATURE_MOST];
    CHECK_INT(signature_make(k, data, strlen(data), made), 32);
    CHECK(signature_check(k, data, strlen(data), made, 32));
    key_free(k);
}

TEST(a_secret_longer_than_a_block_is_hashed)
{
    load();
    char secret[200];
    memset(secret, 'k', sizeof secret);
    key *k = need(key_of_secret(secret, sizeof secret, &problem)),
        *other = need(key_of_secret(secret, 199, &problem));
    uint8_t made[SIGNATURE_MOST];
    signature_make(k, "x", 1, made);
    CHECK(!signature_check(other, "x", 1, made, 32));
    key_free(k);
    key_free(other);
    CHECK(key_of_secret(secret, 31, &problem) == NULL);
    CHECK_TEXT(problem, "a secret of HS256 needs at least 32 bytes");
}

TEST(es256_is_that_of_rfc_7515)
{
    load();
    key *k = ec_key(false);
    CHECK(!key_can_sign(k));
    static const char data[] = "eyJhbGciOiJFUzI1NiJ9." CLAIMS;
    CHECK(checks(k, data,
                 "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"));
    CHECK(!checks(k, data,
                  "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1A"));
    uint8_t made[SIGNATURE_MOST];
    CHECK_INT(signature_make(k, data, 3, made), 0);
    key_free(k);
}

TEST(threat_092_r_and_s_of_zero_or_beyond_the_order_are_refused)
{
    load();
    key *k = ec_key(true);
    uint8_t signature[64] = {0}, made[SIGNATURE_MOST];
    CHECK(!signature_check(k, "x", 1, signature, 64));
    CHECK_INT(signature_make(k, "x", 1, made), 64);
    CHECK(signature_check(k, "x", 1, made, 64));
    memcpy(signature, made, 32); /* s is 0 */
    CHECK(!signature_check(k, "x", 1, signature, 64));
    memset(signature, 0, 32);
    memcpy(signature + 32, made + 32, 32); /* r is 0 */
    CHECK(!signature_check(k, "x", 1, signature, 64));
    memcpy(signature, made, 32);
    memset(signature + 32, 0xff, 32); /* s is beyond the order */
    CHECK(!signature_check(k, "x", 1, signature, 64));
    CHECK(!signature_check(k, "x", 1, made, 63));
    CHECK(!signature_check(k, "x", 1, made, 65));
    key_free(k);
}

TEST(es256_survives_r_and_s_that_begin_with_zeros)
{
    load();
    key *k = ec_key(true);
    for (uint16_t i = 0; i < 1000; i++) { /* one in 128 has a byte less */
        uint8_t made[SIGNATURE_MOST];
        CHECK_INT(signature_make(k, &i, sizeof i, made), 64);
        CHECK(signature_check(k, &i, sizeof i, made, 64));
    }
    key_free(k);
}

TEST(signatures_of_authenticators_are_der_in_its_shortest_form)
{
    load();
    key *k = ec_key(false);
    /* of the digest of RFC 7515's example */
    static const char data[] = "eyJhbGciOiJFUzI1NiJ9." CLAIMS;
    key_part raw =
        bytes_of("DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q");
    uint8_t der[80] = {0x30, 69, 2, 32};
    memcpy(der + 4, raw.data, 32);
    memcpy(der + 36, "\x02\x21\x00", 3);
    memcpy(der + 39, (const uint8_t *)raw.data + 32, 32);
    CHECK(signature_check_der(k, data, strlen(data), der, 71));
    CHECK(!signature_check_der(k, data, strlen(data), der, 70));
    CHECK(!signature_check_der(k, data, strlen(data), raw.data, raw.len));
    for (size_t i = 0; i < 4; i++) { /* tags and lengths */
        uint8_t wrong[80];
        memcpy(wrong, der, sizeof wrong);
        wrong[i] ^= 1;
        CHECK(!signature_check_der(k, data, strlen(data), wrong, 71));
    }
    uint8_t padded[80] = {0x30, 70, 2, 33, 0};
    memcpy(padded + 5, der + 4, 67);
    CHECK(!signature_check_der(k, data, strlen(data), padded, 72));
    key_free(k);
}

TEST(eddsa_is_that_of_rfc_8037)
{
    load();
    key *k = ed_key();
    static const char data[] = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
    key_part wanted =
        bytes_of("hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg");
    uint8_t made[SIGNATURE_MOST];
    CHECK_INT(signature_make(k, data, strlen(data), made), 64);
    CHECK(memcmp(made, wanted.data, 64) == 0);
    CHECK(signature_check(k, data, strlen(data), made, 64));
    made[10] ^= 4;
    CHECK(!signature_check(k, data, strlen(data), made, 64));
    key_free(k);
}

TEST(rs256_signs_and_checks)
{
    load();
    key *k = key_generate(KEY_RS256, 0);
    uint8_t made[SIGNATURE_MOST];
    CHECK_INT(signature_make(k, "data", 4, made), 256);
    CHECK(signature_check(k, "data", 4, made, 256));
    CHECK(!signature_check(k, "date", 4, made, 256));
    CHECK(!signature_check(k, "data", 4, made, 255));
    made[100] ^= 1;
    CHECK(!signature_check(k, "data", 4, made, 256));
    key_free(k);
}

TEST(thumbprints_are_those_of_the_rfcs)
{
    char id[KEY_ID_LEN + 1];
    load();
    key *k = need(key_of_parts(
        &(key_parts){.algorithm = KEY_RS256, .n = bytes_of(RSA_N), .e = bytes_of("AQAB")}, &problem));
    key_thumbprint(k, id);
    CHECK_TEXT(id, "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    key_free(k);
    k = ed_key();
    key_thumbprint(k, id);
    CHECK_TEXT(id, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    key_free(k);
}

TEST(a_public_jwk_has_no_private_part)
{
    char jwk[2048];
    load();
    key *k = ec_key(true);
    CHECK(key_write_jwk(k, "one", jwk, sizeof jwk) > 0);
    CHECK_TEXT(jwk, "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"" EC_X "\",\"y\":\"" EC_Y
                    "\",\"kid\":\"one\",\"alg\":\"ES256\",\"use\":\"sig\"}");
    CHECK_INT(key_write_jwk(k, "one", jwk, 100), 0);
    key_free(k);
    k = need(key_of_secret("0123456789abcdef0123456789abcdef", 32, &problem));
    CHECK_INT(key_write_jwk(k, "one", jwk, sizeof jwk), 0);
    key_free(k);
}

TEST(keys_survive_pem)
{
    char pem[4096];
    load();
    for (unsigned a = KEY_RS256; a < KEY_ALGORITHMS; a++) {
        uint8_t made[SIGNATURE_MOST];
        key *k = key_generate((key_algorithm)a, 0);
        size_t len = key_write_pem(k, true, pem, sizeof pem);
        key *again = need(key_of_pem(pem, len, &problem));
        CHECK(key_can_sign(again));
        size_t signature_len = signature_make(again, "x", 1, made);
        len = key_write_pem(k, false, pem, sizeof pem);
        key *shown = need(key_of_pem(pem, len, &problem));
        CHECK_INT(key_algorithm_of(shown), a);
        CHECK(!key_can_sign(shown));
        CHECK(signature_check(shown, "x", 1, made, signature_len));
        CHECK_INT(key_write_pem(shown, true, pem, sizeof pem), 0);
        key_free(k);
        key_free(again);
        key_free(shown);
    }
}

TEST(weak_and_broken_keys_are_refused)
{
    load();
    key_part x = bytes_of(EC_X), y = bytes_of(EC_Y), d = bytes_of(ED_D);
    CHECK(key_of_parts(&(key_parts){.algorithm = KEY_ES256, .x = y, .y = x}, &problem) ==
          NULL); /* not on the curve */
    CHECK_TEXT(problem, "its numbers are not those of a key");
    CHECK(key_of_parts(&(key_parts){.algorithm = KEY_ES256, .x = x, .y = y, .d = d}, &problem) == NULL);
    CHECK_TEXT(problem, "its numbers do not fit together");
    CHECK(key_of_parts(&(key_parts){.algorithm = KEY_EDDSA, .x = x, .d = d}, &problem) == NULL);
    CHECK_TEXT(problem, "its numbers do not fit together");
    CHECK(key_of_parts(&(key_parts){.algorithm = KEY_ES256, .x = {x.data, 31}, .y = y}, &problem) == NULL);
    CHECK(key_of_parts(&(key_parts){.algorithm = KEY_RS256, .n = bytes_of(RSA_N), .e = bytes_of("AQ")},
                       &problem) == NULL);
    CHECK(key_of_parts(
              &(key_parts){.algorithm = KEY_RS256, .n = {bytes_of(RSA_N).data, 128}, .e = bytes_of("AQAB")},
              &problem) == NULL);
    CHECK_TEXT(problem, "an RSA key needs at least 2048 bits");
    CHECK(key_of_pem("nothing", 7, &problem) == NULL);
    CHECK_TEXT(problem,
               "it is not a PEM text with a private key without a password, a public key or a certificate");
}

TEST(keys_of_authenticators_are_read)
{
    load();
    uint8_t cose[128] = {0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21, 0x58, 32};
    key_part x = bytes_of(EC_X), y = bytes_of(EC_Y);
    memcpy(cose + 10, x.data, 32);
    memcpy(cose + 42, "\x22\x58\x20", 3);
    memcpy(cose + 45, y.data, 32);
    size_t used;
    key *k = need(key_of_cose(cose, sizeof cose, &used, &problem));
    CHECK_INT(used, 77);
    CHECK(checks(k, "eyJhbGciOiJFUzI1NiJ9." CLAIMS,
                 "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"));
    key_free(k);
    CHECK(key_of_cose(cose, sizeof cose, NULL, &problem) == NULL); /* bytes after it */
    for (size_t len = 0; len < 77; len++)
        CHECK(key_of_cose(cose, len, &used, &problem) == NULL);
    cose[4] = 0x27; /* alg: EdDSA */
    CHECK(key_of_cose(cose, 77, NULL, &problem) == NULL);
    CHECK_TEXT(problem, "the key is not for ES256, RS256 or EdDSA");
}

TEST(only_the_exact_names_are_algorithms)
{
    key_algorithm a;
    CHECK(key_algorithm_find("ES256", 5, &a) && a == KEY_ES256);
    static const char *const wrong[] = {"none",   "None",  "NONE",   "nOnE",  "hs256",
                                        "HS256 ", "HS384", "ES256K", "PS256", ""};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        CHECK(!key_algorithm_find(wrong[i], strlen(wrong[i]), &a));
    CHECK(!key_algorithm_find("HS256\0", 6, &a));
}

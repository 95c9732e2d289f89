/** Tokens: making, checking, and what others have accepted that they should not have. */
#include "auth/token/keys.h"
#include "base/mem.h"
#include "crypto/base64url.h"
#include "crypto/signature.h"
#include "unit/middleware/send.h"

#include <time.h>

#define SECRET "0123456789abcdef0123456789abcdef"
#define OTHER  "fedcba9876543210fedcba9876543210"

static tern_jwt_keys *keys;
static const char *token_to_check, *said_why;

TERN_MODEL(Extra, (const char *, team), (int, level, .min = 1))

TERN_HANDLER(sign)
{
    return tern_text(c, tern_jwt_sign(c, keys, .subject = "42", .scopes = "a b", .id = "j1",
                                      .claims = TERN_TYPED(Extra, &(Extra){.team = "red", .level = 3})));
}

TERN_HANDLER(check)
{
    const char *why;
    const tern_jwt_claims *claims = tern_jwt_check(c, keys, token_to_check, &why);
    if (claims == NULL)
        return tern_text(c, why);
    const Extra *extra = tern_jwt_claims_as(c, Extra, claims);
    return tern_textf(c, "right %s %s %s %s", claims->subject != NULL ? claims->subject : "-",
                      claims->scopes != NULL ? claims->scopes : "-", claims->id != NULL ? claims->id : "-",
                      extra != NULL ? extra->team : "-");
}

TERN_HANDLER(me)
{
    const tern_identity *who = tern_identity_of(c);
    return tern_textf(c, "%s %s %s %u", who->id, who->way, tern_jwt(c) != NULL ? tern_jwt(c)->subject : "-",
                      who->factors);
}

static void open_keys(const tern_jwt_keys_options *options)
{
    tern_app *app = tern_app_new();
    keys = tern_jwt_keys_with(app, options);
    tern_get(app, "/sign", sign);
    tern_get(app, "/check", check);
    if (keys != NULL) {
        tern_jwks(app, "/jwks", keys);
        tern_group *in = tern_group_new(app, "/in");
        tern_auth(in, TERN_BEARER_JWT(.keys = keys, .cookie = "t", .query = "t"));
        tern_get(in, "/", me, .requires = TERN_SIGNED_IN);
        tern_get(in, "/a", me, .requires = "a");
        tern_post(in, "/", me, .requires = TERN_SIGNED_IN);
    }
    ask_open(app);
}
#define OPEN(...) open_keys(&(tern_jwt_keys_options){__VA_ARGS__})

/** What the handler says of a token. */
static const char *verdict_of(const char *token)
{
    token_to_check = token;
    CHECK_INT(send_request("GET /check", "", ""), 200);
    said_why = ask_said();
    return said_why;
}

static key *key_of(const char *secret)
{
    const char *problem;
    return key_of_secret(secret, strlen(secret), &problem);
}

/** A token of any header and claims, signed by `k`; NULL: an empty signature. The next 8 calls keep it. */
static const char *make(const key *k, const char *header, const char *claims)
{
    static char room[8][16 * 1024];
    static unsigned next;
    char *token = room[next++ % 8];
    uint8_t signature[SIGNATURE_MOST];
    size_t len = base64url_write(header, strlen(header), token);
    token[len++] = '.';
    len += base64url_write(claims, strlen(claims), token + len);
    size_t signature_len = k != NULL ? signature_make(k, token, len, signature) : 0;
    token[len++] = '.';
    len += base64url_write(signature, signature_len, token + len);
    token[len] = '\0';
    return token;
}

static const char *claims_of(const char *more)
{
    static char text[2][4096];
    static unsigned next;
    char *out = text[next++ % 2];
    snprintf(out, sizeof text[0], "{\"sub\":\"42\",\"exp\":%lld%s}", (long long)time(NULL) + 100, more);
    return out;
}

#define HS "{\"alg\":\"HS256\",\"typ\":\"JWT\"}"

/* -- making and checking -- */

TEST(a_token_that_was_made_is_right)
{
    OPEN(.secret = SECRET, .issuer = "https://shop.example", .audience = "shop");
    CHECK_INT(send_request("GET /sign", "", ""), 200);
    char token[4096];
    snprintf(token, sizeof token, "%s", ask_said());
    CHECK_TEXT(verdict_of(token), "right 42 a b j1 red");
    CHECK_TEXT(verdict_of(token), "right 42 a b j1 red"); /* its header is remembered */
}

TEST(every_algorithm_signs_and_checks)
{
    char pem[3][4096];
    const char *problem;
    CHECK(key_load(&problem));
    for (unsigned a = KEY_RS256; a < KEY_ALGORITHMS; a++) {
        key *k = key_generate((key_algorithm)a, 0);
        key_write_pem(k, true, pem[a - 1], sizeof pem[0]);
        key_free(k);
    }
    char all[3 * 4096];
    snprintf(all, sizeof all, "%s%s%s", pem[0], pem[1], pem[2]);
    OPEN(.pem = all);
    CHECK_INT(send_request("GET /sign", "", ""), 200);
    char token[4096];
    snprintf(token, sizeof token, "%s", ask_said());
    CHECK_TEXT(verdict_of(token), "right 42 a b j1 red");
    for (unsigned a = KEY_RS256; a < KEY_ALGORITHMS; a++) {
        key *k = key_of_pem(pem[a - 1], strlen(pem[a - 1]), &problem);
        char header[64];
        snprintf(header, sizeof header, "{\"alg\":\"%s\"}", key_algorithm_name((key_algorithm)a));
        CHECK_TEXT(verdict_of(make(k, header, claims_of(""))), "right 42 - - -");
        key_free(k);
    }
}

TEST(older_secrets_still_check)
{
    OPEN(.secret = SECRET "\n" OTHER);
    key *old = key_of(OTHER), *now = key_of(SECRET);
    CHECK_TEXT(verdict_of(make(old, HS, claims_of(""))), "right 42 - - -");
    CHECK_TEXT(verdict_of(make(now, HS, claims_of(""))), "right 42 - - -");
    CHECK_TEXT(verdict_of(make(old, HS, claims_of(""))), "right 42 - - -");
    CHECK_INT(send_request("GET /sign", "", ""), 200);
    char token[4096], *dot;
    snprintf(token, sizeof token, "%s", ask_said());
    dot = strrchr(token, '.');
    uint8_t signature[64];
    CHECK_INT(base64url_parse(dot + 1, strlen(dot + 1), signature), 32);
    CHECK(signature_check(now, token, (size_t)(dot - token), signature, 32));
    key_free(old);
    key_free(now);
}

TEST(a_key_with_a_kid_is_for_tokens_with_that_kid)
{
    OPEN(.jwk =
             "{\"keys\":[{\"kty\":\"oct\",\"kid\":\"one\",\"k\":\"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY\"}]}");
    key *k = key_of(SECRET);
    CHECK_TEXT(verdict_of(make(k, "{\"alg\":\"HS256\",\"kid\":\"one\"}", claims_of(""))), "right 42 - - -");
    CHECK_TEXT(verdict_of(make(k, HS, claims_of(""))), "right 42 - - -");
    CHECK_TEXT(verdict_of(make(k, "{\"alg\":\"HS256\",\"kid\":\"two\"}", claims_of(""))),
               "no key has its `kid` and `alg`");
    CHECK_TEXT(verdict_of(make(k, "{\"alg\":\"HS256\",\"kid\":1}", claims_of(""))),
               "its `kid` is not a text");
    key_free(k);
}

/* -- the claims -- */

TEST(times_are_checked_with_leeway)
{
    OPEN(.secret = SECRET, .leeway_s = 10);
    key *k = key_of(SECRET);
    static const struct {
        const char *format;
        int offset;
        const char *wanted;
    } cases[] = {
        {"{\"exp\":%lld}", 100, "right - - - -"},
        {"{\"exp\":%lld}", -5, "right - - - -"},
        {"{\"exp\":%lld}", -11, "it has expired"},
        {"{\"exp\":%lld.5}", 100, "right - - - -"},
        {"{\"exp\":\"%lld\"}", 100, "its `exp` is missing, or not a number"},
        {"{\"exp\":[%lld]}", 100, "its `exp` is missing, or not a number"},
        {"{\"exp\":1e300}", 0, "right - - - -"},
        {"{\"exp\":-1e300}", 0, "it has expired"},
        {"{\"exp\":1e999}", 0, "its `exp` is missing, or not a number"},
        {"{\"exp\":null}", 0, "its `exp` is missing, or not a number"},
        {"{\"exp\":0}", 0, "it has expired"},
        {"{\"exp\":99999999999,\"nbf\":%lld}", 5, "right - - - -"},
        {"{\"exp\":99999999999,\"nbf\":%lld}", 20, "it is not valid yet"},
        {"{\"exp\":99999999999,\"nbf\":\"%lld\"}", -20, "its `nbf` is not a number"},
        {"{\"exp\":99999999999,\"iat\":%lld}", 50,
         "right - - - -"}, /* informational: RFC 7519 section 4.1.6 */
        {"{\"exp\":99999999999,\"iat\":\"%lld\"}", 0, "its `iat` is not a number"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char claims[128];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        snprintf(claims, sizeof claims, cases[i].format, (long long)time(NULL) + cases[i].offset);
#pragma GCC diagnostic pop
        if (strcmp(verdict_of(make(k, HS, claims)), cases[i].wanted) != 0)
            check_fail(__FILE__, __LINE__, "%s: %s", claims, said_why);
    }
    key_free(k);
}

TEST(issuer_and_audience_must_be_the_keys)
{
    OPEN(.secret = SECRET, .issuer = "me", .audience = "us");
    key *k = key_of(SECRET);
    CHECK_TEXT(verdict_of(make(k, HS, claims_of(",\"iss\":\"me\",\"aud\":\"us\""))), "right 42 - - -");
    CHECK_TEXT(verdict_of(make(k, HS, claims_of(",\"iss\":\"me\",\"aud\":[\"them\",\"us\"]"))),
               "right 42 - - -");
    CHECK_TEXT(verdict_of(make(k, HS, claims_of(",\"iss\":\"me\",\"aud\":[]"))),
               "it is for another audience");
    CHECK_TEXT(verdict_of(make(k, HS, claims_of(",\"iss\":\"me\",\"aud\":[[\"us\"]]"))),
               "it is for another audience");
    CHECK_TEXT(verdict_of(make(k, HS, claims_of(",\"iss\":\"me\",\"aud\":\"us2\""))),
               "it is for another audience");
    CHECK_TEXT(verdict_of(make(k, HS, claims_of(",\"iss\":\"me\""))), "it is for another audience");
    CHECK_TEXT(verdict_of(make(k, HS, claims_of(",\"aud\":\"us\""))), "it is of another issuer");
    CHECK_TEXT(verdict_of(make(k, HS, claims_of(",\"aud\":\"us\",\"iss\":\"ME\""))),
               "it is of another issuer");
    CHECK_TEXT(verdict_of(make(k, HS, claims_of(",\"aud\":\"us\",\"iss\":[\"me\"]"))),
               "its `iss` is not a text");
    key_free(k);
}

TEST(a_token_for_somebody_else_is_wrong)
{
    OPEN(.secret = SECRET);
    key *k = key_of(SECRET);
    CHECK_TEXT(verdict_of(make(k, HS, claims_of(",\"aud\":\"us\""))),
               "it has an audience, which the keys do not have");
    key_free(k);
}

TEST(a_type_keeps_tokens_of_another_purpose_out)
{
    OPEN(.secret = SECRET, .type = "at+jwt");
    key *k = key_of(SECRET);
    CHECK_TEXT(verdict_of(make(k, "{\"alg\":\"HS256\",\"typ\":\"AT+JWT\"}", claims_of(""))),
               "right 42 - - -");
    CHECK_TEXT(verdict_of(make(k, "{\"alg\":\"HS256\",\"typ\":\"application/at+jwt\"}", claims_of(""))),
               "right 42 - - -");
    CHECK_TEXT(verdict_of(make(k, HS, claims_of(""))), "its `typ` is another one");
    CHECK_TEXT(verdict_of(make(k, "{\"alg\":\"HS256\"}", claims_of(""))), "its `typ` is another one");
    key_free(k);
}

TEST(scopes_may_be_texts_and_arrays)
{
    OPEN(.secret = SECRET);
    key *k = key_of(SECRET);
    CHECK_TEXT(verdict_of(make(k, HS, claims_of(",\"scopes\":[\"a\",\"b c\",1,\"d\"]"))), "right 42 a d - -");
    CHECK_TEXT(verdict_of(make(k, HS, claims_of(",\"scp\":\"a d\""))), "right 42 a d - -");
    key_free(k);
}

/* -- attacks -- */

TEST(threat_092_alg_none_is_refused_however_it_is_written)
{
    static const char *const headers[] = {"{\"alg\":\"none\"}",
                                          "{\"alg\":\"None\"}",
                                          "{\"alg\":\"NONE\"}",
                                          "{\"alg\":\"\"}",
                                          "{\"alg\":null}",
                                          "{\"alg\":[]}",
                                          "{}",
                                          "{\"alg\":\"HS256\\u0000\"}"};
    OPEN(.secret = SECRET);
    key *k = key_of(SECRET);
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        CHECK_HAS(verdict_of(make(NULL, headers[i], claims_of(""))), "it is not three parts");
        CHECK_TEXT(verdict_of(make(k, headers[i], claims_of(""))),
                   "its `alg` is not HS256, RS256, ES256 or EdDSA");
    }
    key_free(k);
}

TEST(threat_092_a_public_key_is_not_a_secret)
{
    char pem[4096];
    const char *problem;
    CHECK(key_load(&problem));
    key *k = key_generate(KEY_RS256, 0);
    key_write_pem(k, false, pem, sizeof pem);
    OPEN(.pem = pem);
    key *confused = key_of_secret(pem, strlen(pem), &problem);
    CHECK_TEXT(verdict_of(make(confused, HS, claims_of(""))), "no key has its `kid` and `alg`");
    CHECK_TEXT(verdict_of(make(k, "{\"alg\":\"RS256\"}", claims_of(""))), "right 42 - - -");
    key_free(k);
    key_free(confused);
}

TEST(threat_092_keys_in_the_token_are_not_used)
{
    const char *problem;
    char jwk[2048], header[4096];
    CHECK(key_load(&problem));
    key *own = key_generate(KEY_ES256, 0), *evil = key_generate(KEY_ES256, 0);
    char pem[4096];
    key_write_pem(own, false, pem, sizeof pem);
    OPEN(.pem = pem);
    key_write_jwk(evil, "k", jwk, sizeof jwk);
    snprintf(
        header, sizeof header,
        "{\"alg\":\"ES256\",\"jwk\":%s,\"jku\":\"http://127.0.0.1:1/\",\"x5u\":\"http://127.0.0.1:1/\",\"x5c\":[\"MA==\"]}",
        jwk);
    CHECK_TEXT(verdict_of(make(evil, header, claims_of(""))), "its signature is wrong");
    key_free(own);
    key_free(evil);
}

TEST(threat_092_a_kid_is_only_compared)
{
    static const char *const ids[] = {"../../../../dev/null", "/dev/null", "' or 1=1 --", "a; id",
                                      "http://127.0.0.1:1/"};
    OPEN(.jwk = "{\"kty\":\"oct\",\"kid\":\"one\",\"k\":\"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY\"}");
    key *empty = key_of("\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1");
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        char header[256];
        snprintf(header, sizeof header, "{\"alg\":\"HS256\",\"kid\":\"%s\"}", ids[i]);
        CHECK_TEXT(verdict_of(make(empty, header, claims_of(""))), "no key has its `kid` and `alg`");
    }
    key_free(empty);
}

TEST(threat_092_a_signature_of_zeros_is_refused)
{
    const char *problem;
    char pem[4096], token[1024];
    uint8_t zeros[64] = {0};
    CHECK(key_load(&problem));
    key *k = key_generate(KEY_ES256, 0);
    key_write_pem(k, false, pem, sizeof pem);
    OPEN(.pem = pem);
    snprintf(token, sizeof token, "%s", make(k, "{\"alg\":\"ES256\"}", claims_of("")));
    char *at = strrchr(token, '.') + 1;
    at[base64url_write(zeros, 64, at)] = '\0';
    CHECK_TEXT(verdict_of(token), "its signature is wrong");
    at[base64url_write(zeros, 8, at)] = '\0';
    CHECK_TEXT(verdict_of(token), "its signature is wrong");
    key_free(k);
}

TEST(threat_092_a_token_without_an_end_is_refused)
{
    OPEN(.secret = SECRET);
    key *k = key_of(SECRET);
    CHECK_TEXT(verdict_of(make(k, HS, "{\"sub\":\"42\"}")), "its `exp` is missing, or not a number");
    key_free(k);
}

TEST(threat_092_crit_is_refused)
{
    OPEN(.secret = SECRET);
    key *k = key_of(SECRET);
    CHECK_HAS(verdict_of(make(k, "{\"alg\":\"HS256\",\"crit\":[\"exp\"]}", claims_of(""))),
              "its header has `crit`");
    CHECK_HAS(verdict_of(make(k, "{\"alg\":\"HS256\",\"crit\":[\"b64\"],\"b64\":false}", claims_of(""))),
              "its header has `crit`");
    key_free(k);
}

TEST(texts_that_are_not_tokens_are_refused)
{
    OPEN(.secret = SECRET);
    key *k = key_of(SECRET);
    char token[1024], changed[16 * 1024];
    snprintf(token, sizeof token, "%s", make(k, HS, claims_of("")));
    CHECK_TEXT(verdict_of(token), "right 42 - - -");
    size_t len = strlen(token);
    for (size_t i = 0; i < len; i++) { /* each character, by one bit */
        snprintf(changed, sizeof changed, "%s", token);
        changed[i] ^= 1;
        if (strncmp(verdict_of(changed), "right", 5) == 0)
            check_fail(__FILE__, __LINE__, "character %zu does not matter", i);
    }
    static const char *const wrong[] = {"", ".", "..", "...", "a.b", "a.b.c.d", "a.b.c"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        CHECK(strncmp(verdict_of(wrong[i]), "right", 5) != 0);
    snprintf(changed, sizeof changed, "%s=", token); /* padding */
    CHECK_TEXT(verdict_of(changed), "its signature is not base64url");
    snprintf(changed, sizeof changed, "%s\n", token);
    CHECK_TEXT(verdict_of(changed), "its signature is not base64url");
    memset(changed, 'a', 9000);
    changed[9000] = '\0';
    changed[10] = changed[20] = '.';
    CHECK_HAS(verdict_of(changed), "of at most 8192 characters");
    CHECK_HAS(verdict_of(make(k, HS, "{\"exp\":99999999999,\"exp\":1}")),
              "its claims are not a JSON object"); /* twice */
    CHECK_HAS(verdict_of(make(k, "{\"alg\":\"none\",\"alg\":\"HS256\"}", claims_of(""))),
              "its header is not a JSON object");
    CHECK_HAS(verdict_of(make(k, HS, "[1]")), "its claims are not a JSON object");
    CHECK_HAS(verdict_of(make(k, "\"HS256\"", claims_of(""))), "its header is not a JSON object");
    memset(changed, '[', 200);
    changed[200] = '\0';
    CHECK_HAS(verdict_of(make(k, HS, changed)), "its claims are not a JSON object"); /* nested too deeply */
    key_free(k);
}

/* -- the way -- */

TEST(a_bearer_token_signs_in)
{
    OPEN(.secret = SECRET);
    key *k = key_of(SECRET);
    char headers[2048];
    const char *token = make(k, HS, claims_of(",\"scope\":\"b a\",\"amr\":[\"pwd\",\"mfa\"]"));
    snprintf(headers, sizeof headers, "Authorization: Bearer %s\r\n", token);
    CHECK_SAID(200, send_request("GET /in/", headers, ""), "42 jwt 42 2");
    CHECK_INT(send_request("GET /in/a", headers, ""), 200);
    snprintf(headers, sizeof headers, "Cookie: t=%s\r\nSec-Fetch-Site: same-origin\r\n", token);
    CHECK_INT(send_request("GET /in/", headers, ""), 200);
    snprintf(headers, sizeof headers, "GET /in/?t=%s", token);
    CHECK_INT(send_request(headers, "", ""), 200);
    snprintf(headers, sizeof headers, "Authorization: Bearer %s\r\n", make(k, HS, claims_of("")));
    CHECK_INT(send_request("GET /in/", headers, ""), 200);
    CHECK_INT(send_request("GET /in/a", headers, ""),
              403); /* without scopes it may do nothing that needs one */
    snprintf(headers, sizeof headers, "Authorization: Bearer %s\r\n", make(k, HS, "{\"exp\":99999999999}"));
    CHECK_INT(send_request("GET /in/", headers, ""), 401);
    key_free(k);
}

TEST(a_wrong_bearer_token_is_401_with_the_reason)
{
    OPEN(.secret = SECRET);
    CHECK_INT(send_request("GET /in/", "Authorization: Bearer a.b.c\r\n", ""), 401);
    CHECK(has_header(
        "WWW-Authenticate: Bearer error=\"invalid_token\", error_description=\"the token is wrong: "));
    CHECK_INT(send_request("GET /in/", "Authorization: Bearer abc\r\n", ""), 401);
    CHECK(has_header("error_description=\"no way of signing in knows this token\""));
    CHECK_INT(send_request("GET /in/", "Authorization: Bearer\r\n", ""), 401);
    CHECK_INT(send_request("GET /in/", "Authorization: Basic YTpi\r\n", ""), 401);
    CHECK(has_header("WWW-Authenticate: Bearer\r\n"));
    CHECK_INT(send_request("GET /in/", "Authorization: Bearer a.b.c\r\nAuthorization: Bearer a.b.c\r\n", ""),
              400);
}

TEST(a_token_in_a_cookie_is_protected_against_other_sites)
{
    OPEN(.secret = SECRET);
    key *k = key_of(SECRET);
    char headers[2048];
    snprintf(headers, sizeof headers, "Cookie: t=%s\r\nSec-Fetch-Site: cross-site\r\n",
             make(k, HS, claims_of("")));
    CHECK_INT(send_request("POST /in/", headers, ""), 403);
    key_free(k);
}

/* -- published keys -- */

TEST(published_keys_are_public)
{
    const char *problem;
    char pem[4096];
    CHECK(key_load(&problem));
    key *k = key_generate(KEY_ES256, 0);
    key_write_pem(k, true, pem, sizeof pem);
    key_free(k);
    OPEN(.secret = SECRET, .pem = pem);
    CHECK_INT(send_request("GET /jwks", "", ""), 200);
    CHECK(has_header("Content-Type: application/jwk-set+json"));
    CHECK_HAS(ask_said(), "{\"keys\":[{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"");
    CHECK(strstr(ask_said(), "\"d\":") == NULL && strstr(ask_said(), "oct") == NULL);
}

/* -- mistakes -- */

static const char *mistake_of(const tern_jwt_keys_options *options)
{
    tern_app *app = tern_app_new();
    tern_jwt_keys_with(app, options);
    return mistakes_of(app);
}
#define MISTAKE(...) mistake_of(&(tern_jwt_keys_options){__VA_ARGS__})

TEST(wrong_keys_are_mistakes_that_show_no_key)
{
    CHECK_HAS(MISTAKE(.secret = NULL), "jwt keys: there is no key: give .secret");
    CHECK_HAS(MISTAKE(.secret = " , "),
              "jwt keys: .secret is empty: make a secret by `openssl rand -base64 48`");
    const char *text = MISTAKE(.secret = SECRET ", hidden");
    CHECK_HAS(text, "jwt keys: key 2 of .secret: a secret of HS256 needs at least 32 bytes");
    CHECK(strstr(text, "hidden") == NULL);
    CHECK_HAS(MISTAKE(.pem = "hidden"), "jwt keys: key 1 of .pem: it is not a PEM text");
    CHECK_HAS(MISTAKE(.jwk = "{"), "jwt keys: .jwk is not JSON");
    CHECK_HAS(MISTAKE(.jwk = "{\"kty\":\"EC\",\"crv\":\"P-384\"}"),
              "a key of .jwk: it is not an oct, RSA, EC P-256");
    CHECK_HAS(MISTAKE(.jwk = "{\"kty\":\"oct\",\"alg\":\"HS512\",\"k\":\"aa\"}"),
              "a key of .jwk: its alg is not");
    CHECK_HAS(MISTAKE(.jwk = "{\"kty\":\"oct\",\"use\":\"enc\",\"k\":\"aa\"}"),
              "its use, or its key_ops, is not for signatures");
    CHECK_HAS(MISTAKE(.jwk = "{\"kty\":\"oct\",\"k\":\"a=\"}"), "a number of it is not base64url");
    CHECK_HAS(MISTAKE(.file = "/does/not/exist"), "cannot read .file \"/does/not/exist\": No such file");
    CHECK_HAS(MISTAKE(.env = "TERN_TEST_UNSET"), "neither TERN_TEST_UNSET nor TERN_TEST_UNSET_FILE is set");
    CHECK_HAS(MISTAKE(.url = "http://example.org/jwks"), "must begin with https://");
    setenv("TERN_TEST_SET", SECRET, 1);
    CHECK_TEXT(MISTAKE(.env = "TERN_TEST_SET"), "");
}

TEST(a_way_without_keys_is_a_mistake)
{
    tern_app *app = tern_app_new();
    tern_auth(app, TERN_BEARER_JWT(.keys = NULL));
    CHECK_HAS(mistakes_of(app), "TERN_BEARER_JWT: .keys is NULL");
}

/* -- without memory -- */

TEST(an_application_with_keys_starts_right_or_not_at_all_whichever_allocation_fails)
{
    const char *problem;
    CHECK(key_load(&problem)); /* OpenSSL itself starts once in a process */
    for (unsigned long n = 1;; n++) {
        tern_app *app = tern_app_new();
        buf problems = {0};
        mem_fail_at(n, 0);
        tern_jwt_keys *made = tern_jwt_keys_new(app, .secret = SECRET);
        tern_auth(app, TERN_BEARER_JWT(.keys = made));
        tern_jwks(app, "/jwks", made);
        tern_get(app, "/me", me, .requires = TERN_SIGNED_IN ", a");
        bool ok = app_compile(app, &problems);
        bool is_done = mem_tried() < n;
        mem_fail_at(0, 0);
        bool has_all = made != NULL && made->own.count == 1;
        if (ok && !has_all)
            check_fail(__FILE__, __LINE__, "allocation %lu: it starts without a key", n);
        if (is_done && !ok)
            check_fail(__FILE__, __LINE__, "%s", problems.data);
        buf_free(&problems);
        app_free(app);
        if (is_done)
            break;
    }
}

TEST(requests_with_tokens_are_answered_whichever_allocation_fails)
{
    OPEN(.secret = SECRET);
    CHECK_INT(send_request("GET /sign", "", ""), 200);
    char request[4096];
    int len = snprintf(
        request, sizeof request,
        "GET /in/ HTTP/1.1\r\nHost: h\r\nConnection: close\r\nAuthorization: Bearer %s\r\n\r\n", ask_said());
    const wire_script script = {.request = request, .len = (size_t)len};
    int status = 0;
    for (unsigned long n = 1; n == 1 || status == 0; n++) {
        mem_fail_at(n, 0);
        long heard = wire_talk(&script, ask_reply, sizeof ask_reply);
        bool is_done = mem_tried() < n;
        mem_fail_at(0, 0);
        CHECK(heard == 0 || (heard > 12 && strncmp(ask_reply, "HTTP/1.1 ", 9) == 0));
        if (is_done)
            status = atoi(ask_reply + 9);
    }
    CHECK_INT(status, 200);
}

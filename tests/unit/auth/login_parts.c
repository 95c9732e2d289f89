/** What a login believes: addresses, claims, tokens and profiles, without a provider. */
#include "auth/login/address.h"
#include "auth/login/claims.h"
#include "auth/login/hash.h"
#include "auth/login/id_token.h"
#include "auth/login/profile.h"
#include "unit/app/fake.h"

#include "crypto/sodium.h"

#include <tern/fetch.h>
#include <tern/log.h>

#define NOW 1700000000

/** Runs `function` with a context, which some functions need for memory. */
static void with(tern_reply (*function)(tern_ctx *c))
{
    static fake f;
    tern_log_set_level(TERN_LOG_SILENT);
    fake_open(&f, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    fake_run(&f, NULL, function);
    CHECK_INT(f.reply.status, 204);
}

static tern_value *json(tern_ctx *c, const char *text)
{
    return tern_value_parse(c, (tern_str){text, strlen(text)});
}

/* -- addresses -- */

TEST(only_https_and_this_machine_are_called)
{
    static const char *const safe[] = {"https://example.org",       "https://example.org/a/b?c=d",
                                       "https://example.org:8443/", "http://localhost:3000/token",
                                       "http://127.0.0.1:9400",     "http://127.1.2.3/x",
                                       "http://[::1]:80/x",         "https://[2001:db8::1]/x"};
    static const char *const unsafe[] = {"",
                                         "http://example.org/token",
                                         "ftp://example.org/",
                                         "https://",
                                         "https:///path",
                                         "https://user@example.org/",
                                         "https://user:pass@127.0.0.1/",
                                         "https://example.org/#fragment",
                                         "https://example.org/a b",
                                         "https://example.org/\r\nX: y",
                                         "https://example.org\\@evil.example/",
                                         "https://ex\xc3\xa4mple.org/",
                                         "http://localhost.evil.example/",
                                         "http://127.0.0.1.evil.example/",
                                         "http://127.evil/",
                                         "https://example.org:80x/",
                                         "https://[::1]x/",
                                         "javascript:alert(1)",
                                         "//example.org/",
                                         "/path"};
    for (size_t i = 0; i < sizeof safe / sizeof *safe; i++)
        if (!login_address_is_safe(safe[i]))
            check_fail(__FILE__, __LINE__, "%s must be safe", safe[i]);
    for (size_t i = 0; i < sizeof unsafe / sizeof *unsafe; i++)
        if (login_address_is_safe(unsafe[i]))
            check_fail(__FILE__, __LINE__, "%s must not be safe", unsafe[i]);
    char longest[2100] = "https://example.org/";
    memset(longest + strlen(longest), 'a', 2048 - strlen(longest));
    CHECK(login_address_is_safe(longest));
    longest[2048] = 'a';
    CHECK(!login_address_is_safe(longest));
}

static tern_reply adds_to_queries(tern_ctx *c)
{
    const char *const *pairs = TERN_PAIRS("a", "1 2&3", "none", NULL, "\xc3\xa4=", "~._-");
    CHECK_TEXT(login_address_with(c, "https://h/p", pairs), "https://h/p?a=1%202%263&%C3%A4%3D=~._-");
    CHECK_TEXT(login_address_with(c, "https://h/p?x=y", pairs), "https://h/p?x=y&a=1%202%263&%C3%A4%3D=~._-");
    CHECK_TEXT(login_address_with(c, "https://h/p?", TERN_PAIRS("a", "b")), "https://h/p?a=b");
    CHECK_TEXT(login_address_with(c, "https://h/p?x&", TERN_PAIRS("a", "b")), "https://h/p?x&a=b");
    CHECK_TEXT(login_address_with(c, "https://h/p", TERN_PAIRS("a", NULL)), "https://h/p");
    return tern_no_content(c);
}

TEST(parameters_are_added_to_an_address_that_has_some)
{
    with(adds_to_queries);
}

TEST(a_scope_is_found_as_a_whole_word)
{
    CHECK(login_find_word("openid email profile", "email") != NULL);
    CHECK(login_find_word("  openid", "openid") != NULL);
    CHECK(login_find_word("openidx email", "openid") == NULL);
    CHECK(login_find_word("open", "openid") == NULL);
    CHECK(login_find_word("", "openid") == NULL);
}

/* -- digests -- */

static tern_reply makes_challenges(tern_ctx *c)
{
    /* RFC 7636, appendix B */
    CHECK_TEXT(login_challenge(c, "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
               "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    /* OpenID Connect Core 1.0, appendix A.3 */
    CHECK(login_at_hash_is(c, "77QmUPtjPfzWtF2AnpK9RQ", "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y",
                           "RS256"));
    CHECK(!login_at_hash_is(c, "77QmUPtjPfzWtF2AnpK9RQ", "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0X",
                            "RS256"));
    CHECK(!login_at_hash_is(c, "77QmUPtjPfzWtF2AnpK9RQ", "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y",
                            "EdDSA"));
    CHECK(!login_at_hash_is(c, "", "token", "none"));
    return tern_no_content(c);
}

TEST(challenges_and_hashes_are_those_of_the_specifications)
{
    const char *problem;
    CHECK(sodium_load(&problem));
    with(makes_challenges);
}

/* -- claims -- */

static const login_expected expected = {
    .issuer = "https://op.example", .client_id = "me", .nonce = "n-1", .now = NOW};

/** What is wrong with the usual claims, where `name` is replaced by the JSON `value` (NULL: left out). */
static const char *wrong_with(tern_ctx *c, const char *name, const char *value)
{
    tern_value *claims =
        json(c, "{\"iss\":\"https://op.example\",\"sub\":\"7\",\"aud\":\"me\",\"exp\":1700000300,"
                "\"iat\":1700000000,\"nonce\":\"n-1\"}");
    if (value != NULL)
        tern_value_set(c, claims, name, json(c, value));
    else
        tern_value_remove(claims, name);
    const char *wrong = login_claims_problem(c, claims, &expected);
    return wrong != NULL ? wrong : "right";
}

static tern_reply checks_claims(tern_ctx *c)
{
    static const struct {
        const char *name, *value, *wrong;
    } cases[] = {
        {"x", "1", "right"},
        {"iss", "\"https://op.example/\"",
         "iss is \"https://op.example/\", and must be \"https://op.example\""},
        {"iss", "\"https://evil.example\"",
         "iss is \"https://evil.example\", and must be \"https://op.example\""},
        {"iss", NULL, "iss is \"\", and must be \"https://op.example\""},
        {"iss", "[\"https://op.example\"]", "iss is \"\", and must be \"https://op.example\""},
        {"sub", NULL, "sub is missing, or not a text of 1 to 255 bytes"},
        {"sub", "\"\"", "sub is missing, or not a text of 1 to 255 bytes"},
        {"sub", "7", "sub is missing, or not a text of 1 to 255 bytes"},
        {"sub", "\"a\\u0000b\"", "sub is missing, or not a text of 1 to 255 bytes"},
        {"aud", "\"you\"", "aud is not \"me\""},
        {"aud", NULL, "aud is not \"me\""},
        {"aud", "[]", "aud is not \"me\""},
        {"aud", "[\"you\"]", "aud is not \"me\""},
        {"aud", "[\"me\"]", "right"},
        {"aud", "[\"me\",\"you\"]", "aud has several elements, and there is no azp"},
        {"azp", "\"me\"", "right"},
        {"azp", "\"you\"", "azp is not \"me\""},
        {"azp", "null", "azp is not \"me\""},
        {"exp", NULL, "exp is missing, or not a time"},
        {"exp", "\"1700000300\"", "exp is missing, or not a time"},
        {"exp", "-1", "exp is missing, or not a time"},
        {"exp", "1e999", "exp is missing, or not a time"},
        {"exp", "1699999941.5", "right"},
        {"exp", "1699999940", "exp was 60 s ago"},
        {"iat", NULL, "iat is missing, or not a time"},
        {"iat", "1700000060", "right"},
        {"iat", "1700000062", "iat is 62 s ahead of this machine's clock"},
        {"nbf", "1700000000", "right"},
        {"nbf", "1700000062", "nbf is still to come, or not a time"},
        {"nbf", "\"soon\"", "nbf is still to come, or not a time"},
        {"nonce", "\"n-2\"", "nonce is not the one of this login"},
        {"nonce", NULL, "nonce is not the one of this login"},
        {"nonce", "[\"n-1\"]", "nonce is not the one of this login"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        CHECK_TEXT(wrong_with(c, cases[i].name, cases[i].value), cases[i].wrong);
    CHECK_TEXT(login_claims_problem(c, json(c, "[]"), &expected), "the claims are not an object");
    CHECK_TEXT(login_claims_problem(c, NULL, &expected), "the claims are not an object");
    return tern_no_content(c);
}

TEST(claims_that_are_not_of_this_login_are_refused)
{
    with(checks_claims);
}

static tern_reply checks_tenants(tern_ctx *c)
{
    login_expected e = expected;
    e.issuer = "https://login.microsoftonline.com/{tenantid}/v2.0";
    static const char format[] =
        "{\"iss\":\"https://login.microsoftonline.com/%s/v2.0\",\"tid\":\"%s\",\"sub\":\"7\","
        "\"aud\":\"me\",\"exp\":1700000300,\"iat\":1700000000,\"nonce\":\"n-1\"}";
    CHECK(login_claims_problem(c, json(c, tern_sprintf(c, format, "9188040d-6c67", "9188040d-6c67")), &e) ==
          NULL);
    CHECK(login_claims_problem(c, json(c, tern_sprintf(c, format, "9188040d-6c67", "11111111")), &e) != NULL);
    CHECK(login_claims_problem(c, json(c, tern_sprintf(c, format, "x/../y", "x/../y")), &e) != NULL);
    return tern_no_content(c);
}

TEST(the_issuer_of_a_tenant_is_the_one_of_its_claim)
{
    with(checks_tenants);
}

static tern_reply checks_age(tern_ctx *c)
{
    login_expected e = expected;
    e.max_age_s = 600;
    static const char format[] =
        "{\"iss\":\"https://op.example\",\"sub\":\"7\",\"aud\":\"me\",\"exp\":1700000300,"
        "\"iat\":1700000000,\"nonce\":\"n-1\"%s}";
    CHECK(login_claims_problem(c, json(c, tern_sprintf(c, format, ",\"auth_time\":1699999400")), &e) == NULL);
    CHECK(login_claims_problem(c, json(c, tern_sprintf(c, format, ",\"auth_time\":1699999300")), &e) != NULL);
    CHECK(login_claims_problem(c, json(c, tern_sprintf(c, format, "")), &e) != NULL);
    return tern_no_content(c);
}

TEST(a_login_that_must_be_fresh_has_a_time)
{
    with(checks_age);
}

/* -- tokens -- */

static tern_reply takes_tokens_apart(tern_ctx *c)
{
    static const struct {
        const char *token, *problem;
    } cases[] = {
        {"eyJhbGciOiJFUzI1NiIsImtpZCI6ImEifQ.e30.AAAA", NULL},
        {"eyJhbGciOiJub25lIn0.e30.", NULL}, /* which no key signs */
        {"", "it is not three parts of base64url with dots between them"},
        {"e30.e30", "it is not three parts of base64url with dots between them"},
        {"eyJhbGciOiJFUzI1NiJ9.e30.AAAA.AAAA", "it is not three parts of base64url with dots between them"},
        {"eyJhbGciOiJFUzI1NiJ9.e30=.AAAA", "it is not three parts of base64url with dots between them"},
        {"eyJhbGciOiJFUzI1NiJ9.e31.AAAA", "it is not three parts of base64url with dots between them"},
        {"eyJhbGciOiJFUzI1NiJ9.W10.AAAA", "it is not three parts of base64url with dots between them"},
        {"eyJhbGciOiJFUzI1NiJ9.e30.AAAA+", "it is not three parts of base64url with dots between them"},
        {"e30.e30.AAAA", "its header has no alg"},
        {"eyJhbGciOjV9.e30.AAAA", "its header has no alg"},
        {"eyJhbGciOiJFUzI1NiIsImNyaXQiOlsiYjY0Il19.e30.AAAA",
         "its header has crit, of which nothing is known here"},
        {"eyJhbGciOiJFUzI1NiIsImtpZCI6NX0.e30.AAAA", "its kid is not a text of up to 256 bytes"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *problem = "none";
        const login_jws *jws = login_jws_read(c, cases[i].token, &problem);
        CHECK((jws != NULL) == (cases[i].problem == NULL));
        if (cases[i].problem != NULL)
            CHECK_TEXT(problem, cases[i].problem);
    }
    return tern_no_content(c);
}

TEST(only_signed_tokens_in_the_compact_form_are_read)
{
    with(takes_tokens_apart);
}

/* -- profiles -- */

static login_provider provider_of(const char *preset)
{
    const login_preset *found = login_preset_of(preset);
    return (login_provider){.o = {.name = "p", .title = "P"},
                            .preset = found != NULL ? found : &login_preset_none};
}

static tern_reply reads_profiles(tern_ctx *c)
{
    login_provider any = provider_of("none"), github = provider_of("github"),
                   discord = provider_of("discord"), microsoft = provider_of("microsoft");
    tern_profile *p = login_profile_read(
        c, &any,
        json(c, "{\"sub\":\"7\",\"email\":\"a@example.org\","
                "\"email_verified\":true,\"name\":\"Ann\",\"preferred_username\":\"ann\"}"));
    CHECK_TEXT(p->subject, "7");
    CHECK_TEXT(p->email, "a@example.org");
    CHECK_TEXT(p->username, "ann");
    CHECK(p->email_verified);
    p = login_profile_read(
        c, &any, json(c, "{\"sub\":\"7\",\"email\":\"a@example.org\",\"email_verified\":\"true\"}"));
    CHECK(p->email_verified); /* as Apple writes it */
    p = login_profile_read(c, &any,
                           json(c, "{\"sub\":\"7\",\"email\":\"a@example.org\",\"email_verified\":\"no\"}"));
    CHECK(!p->email_verified);
    p = login_profile_read(c, &any,
                           json(c, "{\"sub\":\"7\",\"email\":\"a@b@example.org\",\"email_verified\":true}"));
    CHECK(p->email == NULL && !p->email_verified);
    p = login_profile_read(c, &any,
                           json(c, "{\"sub\":\"7\",\"email\":\"a@example.org\\r\\nBcc: b@example.org\"}"));
    CHECK(p->email == NULL);
    p = login_profile_read(c, &any, json(c, "{\"email\":\"a@example.org\"}"));
    CHECK(p->subject == NULL);
    p = login_profile_read(c, &microsoft,
                           json(c, "{\"sub\":\"7\",\"email\":\"a@example.org\",\"email_verified\":true}"));
    CHECK(!p->email_verified); /* any tenant's administrator can write that */
    p = login_profile_read(c, &microsoft,
                           json(c, "{\"sub\":\"7\",\"email\":\"a@example.org\",\"xms_edov\":\"1\"}"));
    CHECK(p->email_verified);
    p = login_profile_read(
        c, &github,
        json(c, "{\"id\":9007199254740993,\"login\":\"ann\",\"name\":null,\"avatar_url\":\"https://a/b\"}"));
    CHECK_TEXT(p->subject, "9007199254740993");
    CHECK_TEXT(p->username, "ann");
    CHECK_TEXT(p->picture, "https://a/b");
    CHECK(p->name == NULL);
    p = login_profile_read(
        c, &discord,
        json(c, "{\"id\":\"80351110224678912\",\"username\":\"nelly\",\"global_name\":\"Nelly\","
                "\"email\":\"n@example.org\",\"verified\":true}"));
    CHECK_TEXT(p->subject, "80351110224678912");
    CHECK_TEXT(p->name, "Nelly");
    CHECK(p->email_verified);
    return tern_no_content(c);
}

TEST(profiles_are_read_by_the_names_of_each_provider)
{
    with(reads_profiles);
}

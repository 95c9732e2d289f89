/** Logins from their beginning to their end, with a provider that replies well, badly, or not at all. */
#include "login_flow.h"

/** What the application saw last. */
static char seen[512];

static void signed_in(tern_ctx *c, const tern_profile *profile)
{
    snprintf(seen, sizeof seen, "%s %s %s %d %s", profile->provider, profile->subject,
             profile->email != NULL ? profile->email : "-", profile->email_verified,
             profile->name != NULL ? profile->name : "-");
    tern_set_sealed_cookie(c, "user", tern_sprintf(c, "%s-%s", profile->provider, profile->subject));
}

TERN_HANDLER(me)
{
    const char *user = tern_sealed_cookie(c, "user");
    return tern_textf(c, "%s|%s", user != NULL ? user : "nobody", seen);
}

static tern_app *make_app(void)
{
    tern_app *app = tern_app_new(.title = "Logins");
    tern_login_with(app, .name = "op", .title = "The Provider", .issuer = ISSUER, .client_id = "me",
                    .client_secret = "s3cret+/=", .signed_in = signed_in);
    tern_login_with(app, .name = "other", .issuer = "https://other.example", .client_id = "me",
                    .client_secret = "x", .signed_in = signed_in);
    tern_login_with(app, .name = "github", .client_id = "me", .client_secret = "x", .signed_in = signed_in);
    tern_get(app, "/me", me);
    return app;
}

static void publish(tern_test *t)
{
    tern_stub_fetch(t, DISCOVERY, .json = METADATA(""));
    tern_stub_fetch(t, KEYS, .json = key_set());
    tern_stub_fetch(
        t, USERINFO,
        .json = "{\"sub\":\"7\",\"email\":\"ann@example.org\",\"email_verified\":true,\"name\":\"Ann\"}");
}

/** A refusal: the status, and a text that people understand. */
static void check_refused(tern_test *t, tern_answer *a, int status, const char *part)
{
    tern_check_status(a, status);
    if (strstr(a->body, part) == NULL)
        tern_test_fail("\"%s\" is not in \"%s\"", part, a->body);
    tern_check_body(tern_test_get(t, "/me"), "nobody|");
}

/** A login whose id token is made of `claims` and signed by `key` with `algorithm`. */
static tern_answer *login_with_token(tern_test *t, const char *(*claims)(tern_test *t, const flow *f),
                                     const char *algorithm, const char *key_id)
{
    publish(t);
    flow f = begin(t, "/account/login/op");
    stub_tokens(t, sign_token(t, algorithm, key_id, claims(t, &f)));
    return come_back(t, &f);
}

static const char *right_claims(tern_test *t, const flow *f)
{
    return claims_of(t, f, "");
}

/* -- the way there -- */

TERN_TEST(a_login_begins_at_the_provider_with_pkce_a_state_and_a_nonce)
{
    publish(t);
    flow f = begin(t, "/account/login/op?next=/orders");
    tern_check(strncmp(f.location, ISSUER "/authorize?prompt=login&response_type=code&", 57) == 0);
    tern_check_text(parameter(t, f.location, "client_id"), "me");
    tern_check_text(parameter(t, f.location, "scope"), "openid email profile");
    tern_check_text(parameter(t, f.location, "code_challenge_method"), "S256");
    tern_check(strlen(f.state) == 43 && strlen(f.nonce) == 43 && strlen(f.challenge) == 43);
    tern_check(strcmp(f.state, f.nonce) != 0);
    tern_check(strstr(f.redirect_uri, "/account/login/op/callback") != NULL);
}

TERN_TEST(a_program_gets_the_address_of_a_login_as_json)
{
    publish(t);
    tern_answer *a =
        tern_test_get(t, "/account/login/op", .headers = TERN_HEADERS("Accept: application/json"));
    tern_check_status(a, 200);
    tern_check(strstr(a->body, "{\"url\":\"https://op.example/authorize?") == a->body);
}

TERN_TEST(nothing_is_fetched_before_the_first_login_and_once_for_many)
{
    tern_stub *metadata = tern_stub_fetch(t, DISCOVERY, .json = METADATA(""));
    tern_check_status(tern_test_get(t, "/me"), 200);
    tern_check(tern_stub_calls(metadata) == 0);
    for (int i = 0; i < 3; i++)
        begin(t, "/account/login/op");
    tern_check(tern_stub_calls(metadata) == 1);
}

TERN_TEST(metadata_that_lies_begins_no_login)
{
    static const char *const wrong[] = {
        "{}",
        "[]",
        "<html>Log in</html>",
        "{\"issuer\":\"https://op.example\"}",
        "{\"issuer\":\"https://op.example/\",\"authorization_endpoint\":\"https://a/\",\"token_endpoint\":\"https://a/\","
        "\"jwks_uri\":\"https://a/\"}",
        "{\"issuer\":\"https://evil.example\",\"authorization_endpoint\":\"https://a/\",\"token_endpoint\":\"https://a/\","
        "\"jwks_uri\":\"https://a/\"}",
        "{\"issuer\":\"https://op.example\",\"authorization_endpoint\":\"javascript:alert(1)\","
        "\"token_endpoint\":\"https://a/\",\"jwks_uri\":\"https://a/\"}",
        "{\"issuer\":\"https://op.example\",\"authorization_endpoint\":\"https://a/\",\"token_endpoint\":"
        "\"http://127.0.0.1/\",\"jwks_uri\":\"https://a/\"}",
        "{\"issuer\":\"https://op.example\",\"authorization_endpoint\":\"https://a/\",\"token_endpoint\":\"https://a/\","
        "\"jwks_uri\":7}",
        "{\"issuer\":\"https://op.example\",\"issuer\":\"https://op.example\",\"authorization_endpoint\":\"https://a/\","
        "\"token_endpoint\":\"https://a/\",\"jwks_uri\":\"https://a/\"}",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        tern_stub_fetch(t, DISCOVERY, .body = wrong[i]);
        tern_answer *a = tern_test_get(t, "/account/login/op");
        tern_check(a->status == 502 || a->status == 503);
        tern_check(strstr(a->body, "The Provider cannot be reached at the moment") != NULL);
    }
}

TERN_TEST(metadata_that_is_huge_slow_or_elsewhere_begins_no_login)
{
    char *huge = tern_test_sprintf(t, "{\"issuer\":\"%0*d\"}", 300000, 0);
    tern_stub_fetch(t, DISCOVERY, .json = huge);
    tern_check_status(tern_test_get(t, "/account/login/op"), 502);
    tern_stub_fetch(t, "https://other.example/*", .status = 301,
                    .headers = TERN_HEADERS("Location: https://evil.example/"));
    tern_check_status(tern_test_get(t, "/account/login/other"), 502);
}

/* -- the way back -- */

TERN_TEST(a_login_that_succeeds_signs_in_and_goes_where_it_began)
{
    publish(t);
    flow f = begin(t, "/account/login/op?next=/orders?page=2");
    tern_stub *tokens = stub_tokens(t, sign_token(t, "ES256", "k1", right_claims(t, &f)));
    tern_answer *a = come_back(t, &f);
    tern_check_status(a, 303);
    tern_check_header(a, "Location", "/orders?page=2");
    tern_check_body(tern_test_get(t, "/me"), "op-7|op 7 ann@example.org 1 Ann");
    const tern_stub_call *call = tern_stub_call_of(tokens, 0);
    tern_check(strstr(call->body.data, "grant_type=authorization_code&code=c-1&") != NULL);
    tern_check(strstr(call->body.data, "&code_verifier=") != NULL);
    tern_check(strstr(call->body.data, "s3cret") == NULL);
    bool has_basic = false; /* "me:s3cret%2B%2F%3D": both are encoded first */
    for (const char *const *header = call->headers; *header != NULL; header++)
        has_basic |= strcmp(*header, "Authorization: Basic bWU6czNjcmV0JTJCJTJGJTNE") == 0;
    tern_check(has_basic);
}

TERN_TEST(threat_091_a_login_goes_on_to_no_other_site)
{
    static const char *const targets[] = {"//evil.example", "https://evil.example/", "/%5Cevil.example",
                                          "https:evil.example", "javascript:alert(1)"};
    publish(t);
    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
        flow f = begin(t, tern_test_sprintf(t, "/account/login/op?next=%s", targets[i]));
        stub_tokens(t, sign_token(t, "ES256", "k1", right_claims(t, &f)));
        tern_answer *a = come_back(t, &f);
        tern_check_status(a, 303);
        tern_check_header(a, "Location", "/");
    }
}

TERN_TEST(two_tabs_log_in_at_once)
{
    publish(t);
    flow first = begin(t, "/account/login/op?next=/a"), second = begin(t, "/account/login/op?next=/b");
    stub_tokens(t, sign_token(t, "ES256", "k1", right_claims(t, &second)));
    tern_check_header(come_back(t, &second), "Location", "/b");
    stub_tokens(t, sign_token(t, "ES256", "k1", right_claims(t, &first)));
    tern_check_header(come_back(t, &first), "Location", "/a");
}

TERN_TEST(logins_that_never_end_do_not_fill_the_browser)
{
    publish(t);
    flow first = begin(t, "/account/login/op"), f = first;
    for (int i = 0; i < 10; i++)
        f = begin(t, "/account/login/op");
    check_refused(t, come_back(t, &first), 400, "was not begun in this browser");
    stub_tokens(t, sign_token(t, "ES256", "k1", right_claims(t, &f)));
    tern_check_status(come_back(t, &f), 303);
}

TERN_TEST(a_callback_without_a_login_of_this_browser_is_refused)
{
    static const char *const queries[] = {
        "",
        "?code=c-1",
        "?code=c-1&state=",
        "?code=c-1&state=short",
        "?code=c-1&state=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "?code=c-1&state=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA%0A",
        "?error=access_denied",
    };
    publish(t);
    tern_stub *tokens = stub_tokens(t, "x");
    for (size_t i = 0; i < sizeof queries / sizeof *queries; i++)
        check_refused(t, tern_test_get(t, tern_test_sprintf(t, "/account/login/op/callback%s", queries[i])),
                      400, "was not begun in this browser");
    tern_check(tern_stub_calls(tokens) == 0);
}

TERN_TEST(a_state_of_another_browser_is_refused)
{
    publish(t);
    flow f = begin(t, "/account/login/op");
    tern_test_set_cookie(t, tern_test_sprintf(t, "login-%.16s", f.state), NULL);
    check_refused(t, come_back(t, &f), 400, "was not begun in this browser");
}

TERN_TEST(a_state_whose_cookie_was_changed_is_refused)
{
    publish(t);
    flow f = begin(t, "/account/login/op");
    const char *name = tern_test_sprintf(t, "login-%.16s", f.state);
    char *changed = tern_test_sprintf(t, "%s", tern_test_cookie(t, name));
    changed[strlen(changed) / 2] ^= 1;
    tern_test_set_cookie(t, name, changed);
    check_refused(t, come_back(t, &f), 400, "was not begun in this browser");
}

TERN_TEST(a_state_works_once_even_with_its_cookie)
{
    publish(t);
    flow f = begin(t, "/account/login/op");
    const char *name = tern_test_sprintf(t, "login-%.16s", f.state);
    const char *cookie = tern_test_sprintf(t, "%s", tern_test_cookie(t, name));
    tern_stub *tokens = stub_tokens(t, sign_token(t, "ES256", "k1", right_claims(t, &f)));
    tern_check_status(come_back(t, &f), 303);
    tern_test_set_cookie(t, name, cookie);
    tern_answer *a = come_back(t, &f);
    tern_check_status(a, 400);
    tern_check(strstr(a->body, "completed already") != NULL);
    tern_check(tern_stub_calls(tokens) == 1);
}

TERN_TEST(a_login_at_one_provider_does_not_end_at_another)
{
    publish(t);
    flow f = begin(t, "/account/login/op");
    check_refused(
        t, tern_test_get(t, tern_test_sprintf(t, "/account/login/other/callback?code=c&state=%s", f.state)),
        400, "was not begun in this browser");
}

TERN_TEST(the_issuer_of_an_answer_is_the_provider_of_the_login)
{
    static const struct {
        const char *more;
        int status;
    } cases[] = {{"", 303},
                 {"&iss=https%3A%2F%2Fop.example", 303},
                 {"&iss=https%3A%2F%2Fop.example%2F", 400},
                 {"&iss=https%3A%2F%2Fevil.example", 400},
                 {"&iss=", 400}};
    publish(t);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        flow f = begin(t, "/account/login/op");
        stub_tokens(t, sign_token(t, "ES256", "k1", right_claims(t, &f)));
        tern_answer *a = tern_test_get(
            t, tern_test_sprintf(t, "/account/login/op/callback?code=c&state=%s%s", f.state, cases[i].more));
        tern_check_status(a, cases[i].status);
    }
}

TERN_TEST(a_provider_that_sends_its_issuer_must_send_it)
{
    tern_stub_fetch(t, KEYS, .json = key_set());
    tern_stub_fetch(t, DISCOVERY,
                    .json = METADATA(",\"authorization_response_iss_parameter_supported\":true"));
    flow f = begin(t, "/account/login/op");
    check_refused(t, come_back(t, &f), 400, "does not come from the provider of this login");
}

TERN_TEST(parameters_that_come_twice_or_are_huge_are_refused)
{
    publish(t);
    flow f = begin(t, "/account/login/op");
    check_refused(
        t,
        tern_test_get(t, tern_test_sprintf(t, "/account/login/op/callback?code=a&code=b&state=%s", f.state)),
        400, "malformed");
    f = begin(t, "/account/login/op");
    check_refused(t,
                  tern_test_get(t, tern_test_sprintf(t, "/account/login/op/callback?code=a&state=%s&state=%s",
                                                     f.state, f.state)),
                  400, "malformed");
    f = begin(t, "/account/login/op");
    check_refused(t,
                  tern_test_get(t, tern_test_sprintf(t, "/account/login/op/callback?code=%0*d&state=%s", 3000,
                                                     0, f.state)),
                  400, "malformed");
    f = begin(t, "/account/login/op");
    check_refused(t, tern_test_get(t, tern_test_sprintf(t, "/account/login/op/callback?state=%s", f.state)),
                  400, "malformed");
}

TERN_TEST(errors_of_the_provider_are_told_in_our_own_words)
{
    static const struct {
        const char *error, *told;
        int status;
    } cases[] = {{"access_denied", "the login was cancelled, or The Provider does not allow it", 403},
                 {"temporarily_unavailable", "The Provider is not available at the moment", 503},
                 {"invalid_scope", "The Provider does not accept this service at the moment", 502},
                 {"<script>", "The Provider does not accept this service at the moment", 502}};
    publish(t);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        flow f = begin(t, "/account/login/op");
        tern_answer *a = tern_test_get(
            t, tern_test_sprintf(t, "/account/login/op/callback?error=%s&error_description=call+555&state=%s",
                                 cases[i].error, f.state));
        check_refused(t, a, cases[i].status, cases[i].told);
        tern_check_without(a, "555");
        tern_check_without(a, "<script>");
    }
}

TERN_TEST(a_browser_gets_a_page_from_which_the_login_begins_again)
{
    tern_answer *a =
        tern_test_get(t, "/account/login/op/callback", .headers = TERN_HEADERS("Accept: text/html"));
    tern_check_status(a, 400);
    tern_check_header(a, "Content-Type", "text/html; charset=utf-8");
    tern_check_header(a, "Cache-Control", "no-store");
    tern_check(strstr(a->body, "<a href=\"/account/login/op\">Begin again</a>") != NULL);
}

/* -- tokens -- */

TERN_TEST(token_endpoints_that_misbehave_sign_nobody_in)
{
    static const struct {
        tern_stub_reply reply;
        int status;
    } cases[] = {
        {{.status = 400, .json = "{\"error\":\"invalid_grant\"}"}, 400},
        {{.status = 401, .json = "{\"error\":\"invalid_client\",\"error_description\":\"no\"}"}, 502},
        {{.status = 200, .json = "{\"error\":\"bad_verification_code\"}"}, 502},
        {{.status = 200, .json = "{}"}, 502},
        {{.status = 200, .json = "[]"}, 502},
        {{.status = 200, .json = "{\"access_token\":\"a\"}"}, 502}, /* no id token */
        {{.status = 200, .json = "{\"access_token\":\"a\\nb\",\"id_token\":\"a.b.c\"}"}, 502},
        {{.status = 200, .json = "{\"access_token\":7,\"id_token\":\"a.b.c\"}"}, 502},
        {{.status = 200, .json = "{\"access_token\":\"a\",\"token_type\":\"DPoP\",\"id_token\":\"a.b.c\"}"},
         502},
        {{.status = 200, .json = "{\"access_token\":\"a\",\"access_token\":\"b\",\"id_token\":\"a.b.c\"}"},
         502},
        {{.status = 200, .json = "{\"access_token\":\"a\",\"id_token\":\"not a token\"}"}, 502},
        {{.status = 200, .body = "access_token=a&token_type=bearer"}, 502},
        {{.status = 200, .body = "<!doctype html><title>Maintenance</title>"}, 502},
        {{.status = 200, .body = ""}, 502},
        {{.status = 204}, 502},
        {{.status = 500, .body = "oops"}, 502},
        {{.status = 502, .json = "{}"}, 502},
        {{.error = TERN_FETCH_UNREACHABLE}, 502},
        {{.error = TERN_FETCH_TIMEOUT}, 504},
        {{.error = TERN_FETCH_TOO_LARGE}, 502},
        {{.error = TERN_FETCH_BROKEN}, 502},
    };
    publish(t);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        flow f = begin(t, "/account/login/op");
        tern_stub *tokens = tern_stub_fetch_with(t, TOKEN, &cases[i].reply);
        tern_answer *a = come_back(t, &f);
        if (a->status != cases[i].status)
            tern_test_fail("case %zu: %d: %s", i, a->status, a->body);
        check_refused(t, a, cases[i].status, "detail");
        tern_check(tern_stub_calls(tokens) == 1); /* a code is sent once */
    }
}

TERN_TEST(a_token_endpoint_that_redirects_gets_no_second_call)
{
    publish(t);
    flow f = begin(t, "/account/login/op");
    tern_stub *elsewhere = tern_stub_fetch(t, "https://evil.example/*", .json = "{}");
    tern_stub_fetch(t, TOKEN, .status = 307, .headers = TERN_HEADERS("Location: https://evil.example/token"));
    check_refused(t, come_back(t, &f), 502, "cannot be reached");
    tern_check(tern_stub_calls(elsewhere) == 0);
}

TERN_TEST(id_tokens_of_every_algorithm_are_taken)
{
    static const char *const algorithms[][2] = {{"ES256", "k1"}, {"RS256", "k2"}, {"EdDSA", "k3"}};
    publish(t);
    for (size_t i = 0; i < 3; i++) {
        flow f = begin(t, "/account/login/op");
        stub_tokens(t, sign_token(t, algorithms[i][0], algorithms[i][1], right_claims(t, &f)));
        tern_check_status(come_back(t, &f), 303);
    }
}

TERN_TEST(threat_092_an_id_token_without_a_signature_is_refused)
{
    check_refused(t, login_with_token(t, right_claims, "none", "k1"), 502, "an answer that cannot be used");
}

TERN_TEST(threat_092_an_id_token_that_the_public_key_signed_as_a_secret_is_refused)
{
    check_refused(t, login_with_token(t, right_claims, "HS256", "k2"), 502, "an answer that cannot be used");
}

TERN_TEST(threat_092_an_id_token_signed_with_the_clients_secret_is_refused)
{
    check_refused(t, login_with_token(t, right_claims, "HS256-secret", "k2"), 502,
                  "an answer that cannot be used");
}

TERN_TEST(threat_092_an_id_token_of_another_key_is_refused)
{
    check_refused(t, login_with_token(t, right_claims, "ES256-foreign", "k1"), 502,
                  "an answer that cannot be used");
}

TERN_TEST(threat_092_an_id_token_whose_algorithm_is_not_its_keys_is_refused)
{
    check_refused(t, login_with_token(t, right_claims, "ES256", "k2"), 502, "an answer that cannot be used");
}

static const char *changed_claims(tern_test *t, const char *name, const char *value, const flow *f)
{
    return claims_of(t, f, tern_test_sprintf(t, ",\"%s\":%s", name, value));
}

static const char *claims_twice(tern_test *t, const flow *f)
{
    return changed_claims(t, "sub", "\"8\"", f);
}

TERN_TEST(an_id_token_with_a_claim_twice_is_refused)
{
    check_refused(t, login_with_token(t, claims_twice, "ES256", "k1"), 502, "an answer that cannot be used");
}

static const char *claims_of_another_login(tern_test *t, const flow *f)
{
    flow other = *f;
    other.nonce = "another";
    return claims_of(t, &other, "");
}

TERN_TEST(an_id_token_of_another_login_is_refused)
{
    check_refused(t, login_with_token(t, claims_of_another_login, "ES256", "k1"), 502,
                  "an answer that cannot be used");
}

static const char *claims_with_at_hash(tern_test *t, const flow *f)
{
    return claims_of(t, f, ",\"at_hash\":\"AAAAAAAAAAAAAAAAAAAAAA\"");
}

TERN_TEST(an_access_token_that_is_not_the_id_tokens_is_refused)
{
    check_refused(t, login_with_token(t, claims_with_at_hash, "ES256", "k1"), 502,
                  "an answer that cannot be used");
}

static tern_answer *login_with_key(tern_test *t, const char *key_id)
{
    flow f = begin(t, "/account/login/op");
    stub_tokens(t, sign_token(t, "ES256", key_id, right_claims(t, &f)));
    return come_back(t, &f);
}

TERN_TEST(keys_that_the_provider_has_changed_are_fetched_again)
{
    publish(t);
    tern_stub *old = tern_stub_fetch(t, KEYS, .json = old_key_set());
    tern_check_status(login_with_key(t, "k0"), 303);
    tern_check(tern_stub_calls(old) == 1);
    tern_stub *new = tern_stub_fetch(t, KEYS, .json = key_set());
    tern_check_status(login_with_key(t, "k1"), 303);
    tern_check(tern_stub_calls(new) == 1);
    tern_check_status(login_with_key(t, "k0"), 502); /* it is gone, and not asked for at once again */
    tern_check(tern_stub_calls(new) == 1);
}

TERN_TEST(key_sets_that_lie_sign_nobody_in)
{
    static const char *const sets[] = {
        "{}",
        "[]",
        "{\"keys\":{}}",
        "{\"keys\":[]}",
        "{\"keys\":[[],1,null,{}]}",
        "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AA\",\"y\":\"AA\"}]}"};
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
        publish(t);
        tern_stub_fetch(t, KEYS, .json = sets[i]);
        tern_check(login_with_key(t, "k1")->status >= 502);
    }
}

/* -- userinfo, OAuth 2 -- */

TERN_TEST(userinfo_of_another_user_is_refused)
{
    publish(t);
    tern_stub_fetch(t, USERINFO,
                    .json = "{\"sub\":\"8\",\"email\":\"eve@example.org\",\"email_verified\":true}");
    flow f = begin(t, "/account/login/op");
    stub_tokens(t, sign_token(t, "ES256", "k1", right_claims(t, &f)));
    check_refused(t, come_back(t, &f), 502, "an answer that cannot be used");
}

TERN_TEST(userinfo_is_not_asked_for_what_the_token_says)
{
    publish(t);
    tern_stub *userinfo = tern_stub_fetch(t, USERINFO, .json = "{\"sub\":\"8\"}");
    flow f = begin(t, "/account/login/op");
    stub_tokens(
        t, sign_token(
               t, "ES256", "k1",
               claims_of(t, &f, ",\"name\":\"Bea\",\"email\":\"bea@example.org\",\"email_verified\":false")));
    tern_check_status(come_back(t, &f), 303);
    tern_check_body(tern_test_get(t, "/me"), "op-7|op 7 bea@example.org 0 Bea");
    tern_check(tern_stub_calls(userinfo) == 0);
}

static flow begin_github(tern_test *t)
{
    flow f = begin(t, "/account/login/github");
    tern_check(strncmp(f.location, "https://github.com/login/oauth/authorize?", 41) == 0);
    tern_check(f.nonce == NULL);
    return f;
}

static tern_answer *back_from_github(tern_test *t, const flow *f)
{
    return tern_test_get(t, tern_test_sprintf(t, "/account/login/github/callback?code=c&state=%s", f->state));
}

TERN_TEST(github_users_have_the_address_that_github_has_verified)
{
    flow f = begin_github(t);
    tern_stub *tokens = tern_stub_fetch(
        t, "https://github.com/login/oauth/access_token",
        .json = "{\"access_token\":\"gho_1\",\"token_type\":\"bearer\",\"scope\":\"read:user\"}");
    tern_stub_fetch(t, "https://api.github.com/user",
                    .json =
                        "{\"id\":583231,\"login\":\"octo\",\"name\":null,\"email\":\"public@example.org\"}");
    tern_stub *emails =
        tern_stub_fetch(t, "https://api.github.com/user/emails",
                        .json = "[{\"email\":\"old@example.org\",\"primary\":false,\"verified\":true},"
                                "{\"email\":\"octo@example.org\",\"primary\":true,\"verified\":true}]");
    tern_check_status(back_from_github(t, &f), 303);
    tern_check_body(tern_test_get(t, "/me"), "github-583231|github 583231 octo@example.org 1 -");
    tern_check(strstr(tern_stub_call_of(tokens, 0)->body.data, "&client_secret=x") != NULL);
    tern_check(tern_stub_calls(emails) == 1);
}

TERN_TEST(a_github_address_that_is_not_verified_does_not_count)
{
    flow f = begin_github(t);
    tern_stub_fetch(t, "https://github.com/login/oauth/access_token", .json = "{\"access_token\":\"gho_1\"}");
    tern_stub_fetch(t, "https://api.github.com/user",
                    .json = "{\"id\":583231,\"email\":\"public@example.org\"}");
    tern_stub_fetch(t, "https://api.github.com/user/emails",
                    .json = "[{\"email\":\"octo@example.org\",\"primary\":true,\"verified\":false}]");
    tern_check_status(back_from_github(t, &f), 303);
    tern_check_body(tern_test_get(t, "/me"), "github-583231|github 583231 - 0 -");
}

TERN_TEST(a_github_error_comes_with_status_200)
{
    flow f = begin_github(t);
    tern_stub_fetch(
        t, "https://github.com/login/oauth/access_token",
        .json =
            "{\"error\":\"bad_verification_code\",\"error_description\":\"The code is incorrect or expired.\"}");
    check_refused(t, back_from_github(t, &f), 502, "GitHub does not accept this service");
}

int main(int argc, char **argv)
{
    return tern_test_main(make_app, argc, argv);
}

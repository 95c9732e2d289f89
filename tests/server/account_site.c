/** A site with accounts, for test_accounts.py; with --tap it runs its own tests, whose mail is kept in memory. */
#include <tern.h>
#include <tern/mail_test.h>
#include <tern/test.h>

#include <stdlib.h>
#include <string.h>

TERN_USER_MODEL(User,
    (const char *, company, .optional = true, .max_length = 40),
    (bool,         is_staff, .fallback = "false", .read_only = true))

TERN_HANDLER(home)
{
    User *user = tern_account(c, User);
    return tern_textf(c, "hello %s", user != NULL ? user->email : "nobody");
}

static tern_app *make_app(void)
{
    tern_app *app = tern_app_new(.title = "Site");
    tern_database_with(app, (.url = "sqlite:site.db"), TERN_TYPE(User));
    tern_accounts(app, TERN_TYPE(User), .site = "Site", .base_url = "http://127.0.0.1", .from = "site@example.org");
    tern_get(app, "/", home);
    tern_get(app, "/staff", home, .requires = "staff");
    return app;
}

#define ANN  "{\"email\":\"Ann@Example.org\",\"name\":\"ann\",\"password\":\"correct horse 42\",\"company\":\"A Ltd\"}"
#define LOG_IN "{\"login\":\"ann@example.org\",\"password\":\"correct horse 42\"}"

static tern_answer *post(tern_test *t, const char *path, const char *json)
{
    return tern_test_post(t, path, .json = json);
}

/** The token of the newest mail. */
static const char *token(tern_test *t)
{
    tern_sent_mails mails = tern_test_mails(t);
    tern_check(mails.count != 0);
    const char *at = strstr(mails.items[mails.count - 1].text, "token=");
    tern_check(at != NULL);
    return tern_test_sprintf(t, "%.*s", (int)strcspn(at + 6, "\n"), at + 6);
}

static tern_answer *post_token(tern_test *t, const char *path, const char *value, const char *more)
{
    return post(t, path, tern_test_sprintf(t, "{\"token\":\"%s\"%s}", value, more));
}

static void sign_up(tern_test *t)
{
    tern_check_status(post(t, "/account/sign-up", ANN), 202);
    tern_check_status(post_token(t, "/account/verify", token(t), ""), 200);
}

static void log_in(tern_test *t)
{
    tern_check_status(post(t, "/account/login", LOG_IN), 200);
}

/** Another browser: without any cookies. */
static void leave(tern_test *t)
{
    tern_test_set_cookie(t, "session", NULL);
    tern_test_set_cookie(t, "known-device", NULL);
}

TERN_TEST(who_signs_up_confirms_the_address_and_logs_in)
{
    tern_check_status(post(t, "/account/sign-up", ANN), 202);
    tern_check_status(post(t, "/account/login", LOG_IN), 403);
    tern_check_status(post_token(t, "/account/verify", token(t), ""), 200);
    tern_answer *a = post(t, "/account/login", LOG_IN);
    tern_check_status(a, 200);
    tern_check_json(a, "/email", "\"ann@example.org\"");
    a = tern_test_get(t, "/account/me");
    tern_check_json(a, "/company", "\"A Ltd\"");
    tern_check_json(a, "/password", NULL);
    tern_check_json(a, "/token_epoch", NULL);
    tern_check_body(tern_test_get(t, "/"), "hello ann@example.org");
    tern_check_status(tern_test_get(t, "/staff"), 403);
}

TERN_TEST(a_name_logs_in_as_an_address_does)
{
    sign_up(t);
    tern_check_status(post(t, "/account/login", "{\"login\":\"ann\",\"password\":\"correct horse 42\"}"), 200);
    tern_check_status(post(t, "/account/login", "{\"login\":\"ANN@EXAMPLE.ORG\",\"password\":\"correct horse 42\"}"), 200);
}

TERN_TEST(who_logs_out_is_nobody)
{
    sign_up(t);
    log_in(t);
    tern_check_status(tern_test_post(t, "/account/logout"), 204);
    tern_check_status(tern_test_get(t, "/account/me"), 401);
    tern_check_body(tern_test_get(t, "/"), "hello nobody");
}

TERN_TEST(a_link_counts_once_and_for_its_purpose_alone)
{
    tern_check_status(post(t, "/account/sign-up", ANN), 202);
    const char *value = token(t);
    tern_check_status(post_token(t, "/account/reset", value, ",\"password\":\"another horse 43\""), 400);
    tern_check_status(post_token(t, "/account/verify", "nonsense", ""), 400);
    tern_check_status(post_token(t, "/account/verify", value, ""), 200);
    tern_check_status(post_token(t, "/account/verify", value, ""), 400);
}

TERN_TEST(opening_a_link_changes_nothing_until_its_button_is_pressed)
{
    tern_check_status(post(t, "/account/sign-up", ANN), 202);
    const char *value = token(t);
    tern_answer *a = tern_test_get(t, tern_test_sprintf(t, "/account/verify?token=%s", value));
    tern_check_status(a, 200);
    tern_check(strstr(a->body, value) != NULL);
    tern_check_status(post(t, "/account/login", LOG_IN), 403);
}

TERN_TEST(a_forgotten_password_is_replaced_and_ends_all_sessions)
{
    sign_up(t);
    log_in(t);
    const char *session = tern_test_sprintf(t, "%s", tern_test_cookie(t, "session"));
    leave(t);
    tern_check_status(post(t, "/account/forgot", "{\"email\":\"ann@example.org\"}"), 200);
    tern_check_status(post_token(t, "/account/reset", token(t), ",\"password\":\"12345678\""), 422);
    tern_check_status(post_token(t, "/account/reset", token(t), ",\"password\":\"another horse 43\""), 200);
    tern_check_status(post(t, "/account/login", LOG_IN), 401);
    tern_test_set_cookie(t, "session", session);
    tern_check_status(tern_test_get(t, "/account/me"), 401);
}

TERN_TEST(a_changed_password_ends_the_other_sessions_and_the_links_sent_before)
{
    sign_up(t);
    log_in(t);
    const char *other = tern_test_sprintf(t, "%s", tern_test_cookie(t, "session"));
    leave(t);
    log_in(t);
    tern_check_status(post(t, "/account/forgot", "{\"email\":\"ann@example.org\"}"), 200);
    const char *value = token(t);
    tern_check_status(post(t, "/account/password", "{\"old_password\":\"wrong\",\"password\":\"another horse 43\"}"), 422);
    tern_check_status(post(t, "/account/password", "{\"old_password\":\"correct horse 42\",\"password\":\"another horse 43\"}"), 204);
    tern_check_status(tern_test_get(t, "/account/me"), 200);
    tern_check_status(post_token(t, "/account/reset", value, ",\"password\":\"a third horse 44\""), 400);
    tern_test_set_cookie(t, "session", other);
    tern_check_status(tern_test_get(t, "/account/me"), 401);
}

TERN_TEST(a_new_address_counts_once_it_is_confirmed_and_the_old_one_is_told)
{
    sign_up(t);
    log_in(t);
    tern_check_status(post(t, "/account/email", "{\"email\":\"Ann@new.example\",\"old_password\":\"correct horse 42\"}"), 200);
    tern_check_json(tern_test_get(t, "/account/me"), "/email", "\"ann@example.org\"");
    tern_check_status(post_token(t, "/account/email/confirm", token(t), ""), 200);
    tern_check_json(tern_test_get(t, "/account/me"), "/email", "\"ann@new.example\"");
    tern_sent_mails mails = tern_test_mails(t);
    tern_check_text(mails.items[mails.count - 1].to, "ann@example.org");
}

TERN_TEST(sessions_are_listed_and_ended)
{
    sign_up(t);
    log_in(t);
    leave(t);
    log_in(t);
    tern_answer *a = tern_test_get(t, "/account/sessions");
    tern_check_json(a, "/0/is_this", "true");
    tern_check_json(a, "/1/is_this", "false");
    tern_check_status(tern_test_post(t, "/account/sessions/end"), 204);
    tern_check_json(tern_test_get(t, "/account/sessions"), "/1", NULL);
}

TERN_TEST(an_account_is_deleted_by_its_password)
{
    sign_up(t);
    log_in(t);
    tern_check_status(post(t, "/account/delete", "{\"old_password\":\"wrong\"}"), 422);
    tern_check_status(post(t, "/account/delete", "{\"old_password\":\"correct horse 42\"}"), 204);
    tern_check_status(tern_test_get(t, "/account/me"), 401);
    tern_check_status(post(t, "/account/login", LOG_IN), 401);
}

TERN_TEST(a_browser_gets_pages_and_a_refusal_shows_the_form_again)
{
    tern_test_set_header(t, "Accept", "text/html");
    tern_answer *a = tern_test_get(t, "/account/login");
    tern_check_status(a, 200);
    tern_check(strstr(a->body, "<h1>Log in</h1>") != NULL);
    a = tern_test_post(t, "/account/login", .form = "login=%3Cb%3E&password=wrong");
    tern_check_status(a, 401);
    tern_check(strstr(a->body, "the name or the password is wrong") != NULL);
    tern_check(strstr(a->body, "value=\"&lt;b&gt;\"") != NULL);
    tern_check_without(a, "<b>");
    tern_test_set_header(t, "Accept-Language", "de");
    tern_check(strstr(tern_test_get(t, "/account/login")->body, "<h1>Anmelden</h1>") != NULL);
}

TERN_TEST(threat_085_the_session_has_another_id_after_a_login)
{
    sign_up(t);
    tern_test_set_header(t, "Accept", "text/html");
    tern_test_post(t, "/account/forgot", .form = "email=nobody%40example.org"); /* a message for the next page */
    const char *before = tern_test_cookie(t, "session");
    tern_check(before != NULL);
    before = tern_test_sprintf(t, "%s", before);
    tern_test_set_header(t, "Accept", NULL);
    log_in(t);
    const char *after = tern_test_sprintf(t, "%s", tern_test_cookie(t, "session"));
    tern_check(strcmp(before, after) != 0);
    tern_test_set_cookie(t, "session", before);
    tern_check_status(tern_test_get(t, "/account/me"), 401);
}

TERN_TEST(threat_091_a_login_goes_to_paths_of_this_service_alone)
{
    sign_up(t);
    tern_test_set_header(t, "Accept", "text/html");
    static const char *const evil[] = {"https%3A%2F%2Fevil.example", "%2F%2Fevil.example", "%2F%5Cevil.example"};
    for (size_t i = 0; i < sizeof evil / sizeof *evil; i++) {
        tern_answer *a = tern_test_post(t, "/account/login", .form = tern_test_sprintf(t, "login=ann&password=correct+horse+42&next=%s", evil[i]));
        tern_check_status(a, 303);
        tern_check_header(a, "Location", "/");
    }
    tern_check_header(tern_test_post(t, "/account/login", .form = "login=ann&password=correct+horse+42&next=%2Forders%3Fa%3Db"),
                      "Location", "/orders?a=b");
}

TERN_TEST(threat_094_nobody_learns_which_addresses_have_accounts)
{
    tern_answer *fresh = post(t, "/account/sign-up", ANN);
    tern_answer *taken = post(t, "/account/sign-up", "{\"email\":\"ann@example.org\",\"name\":\"eve\",\"password\":\"correct horse 77\"}");
    tern_check_status(taken, fresh->status);
    tern_check_text(taken->body, fresh->body);
    tern_sent_mails mails = tern_test_mails(t);
    tern_check(mails.count == 2);
    tern_check_text(mails.items[1].subject, "You have an account for Site");
    tern_answer *known = post(t, "/account/forgot", "{\"email\":\"ann@example.org\"}");
    tern_answer *unknown = post(t, "/account/forgot", "{\"email\":\"bob@example.org\"}");
    tern_check_text(known->body, unknown->body);
    known = post(t, "/account/login", "{\"login\":\"ann@example.org\",\"password\":\"wrong\"}");
    unknown = post(t, "/account/login", "{\"login\":\"bob@example.org\",\"password\":\"wrong\"}");
    tern_check_status(known, 401);
    tern_check_status(unknown, 401);
    tern_check_json(known, "/detail", "\"the name or the password is wrong\"");
    tern_check_json(unknown, "/detail", "\"the name or the password is wrong\"");
}

TERN_TEST(threat_095_who_tries_passwords_waits_and_the_owner_of_a_known_browser_does_not, .seconds = 60)
{
    sign_up(t);
    log_in(t);
    const char *known = tern_test_sprintf(t, "%s", tern_test_cookie(t, "known-device"));
    leave(t);
    for (int i = 0; i < 10; i++)
        tern_check_status(post(t, "/account/login", "{\"login\":\"ann@example.org\",\"password\":\"wrong\"}"), 401);
    tern_answer *a = post(t, "/account/login", LOG_IN);
    tern_check_status(a, 429);
    tern_check(tern_answer_header_of(a, "Retry-After") != NULL);
    tern_test_set_cookie(t, "known-device", known);
    tern_check_status(post(t, "/account/login", LOG_IN), 200);
}

TERN_TEST(threat_099_a_sign_up_sets_only_what_is_for_clients)
{
    tern_check_status(post(t, "/account/sign-up",
                           "{\"email\":\"eve@example.org\",\"password\":\"correct horse 42\",\"id\":77,\"is_staff\":true,"
                           "\"is_active\":false,\"email_verified\":\"2020-01-01T00:00:00Z\",\"token_epoch\":9}"), 202);
    tern_check_status(post(t, "/account/login", "{\"login\":\"eve@example.org\",\"password\":\"correct horse 42\"}"), 403);
    tern_check_status(post_token(t, "/account/verify", token(t), ""), 200);
    tern_answer *a = post(t, "/account/login", "{\"login\":\"eve@example.org\",\"password\":\"correct horse 42\"}");
    tern_check_status(a, 200);
    tern_check_json(a, "/is_staff", "false");
    tern_check_json(a, "/id", "1");
}

TERN_TEST(who_has_a_second_factor_is_nobody_until_it_is_proved)
{
    sign_up(t);
    log_in(t);
    tern_answer *a = tern_test_post(t, "/account/two-factor/app");
    tern_check_status(a, 200);
    tern_check_status(post(t, "/account/two-factor/app/confirm", "{\"code\":\"000000\"}"), 422);
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "--tap") == 0)
        return tern_test_main(make_app, argc, argv);
    return tern_run(make_app(), argc, argv);
}

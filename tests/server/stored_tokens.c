/** API keys and refresh tokens in a database: a program of tests. */
#include <tern.h>
#include <tern/test.h>

#include <stdlib.h>
#include <string.h>

TERN_MODEL(NewKey, (const char *, owner), (const char *, scopes, .optional = true), (int64_t, expires_s, .optional = true))
TERN_MODEL(Token, (const char *, token))
TERN_MODEL(OwnKey, (const char *, owner), (const char *, id))

TERN_HANDLER(me)
{
    const tern_identity *who = tern_identity_of(c);
    return tern_textf(c, "%s %s %s", who->id, who->way, ((const tern_api_key *)who->data)->name);
}

TERN_HANDLER(make_key, NewKey, in)
{
    return tern_text(c, tern_api_key_new(c, .owner = in->owner, .name = "laptop", .scopes = in->scopes,
                                         .expires_s = (uint64_t)in->expires_s));
}

TERN_HANDLER(revoke_key, OwnKey, in)
{
    return tern_text(c, tern_api_key_revoke(c, in->owner, in->id) ? "revoked" : "none");
}

TERN_HANDLER(list_keys)
{
    tern_api_key_list keys = tern_api_keys_of(c, tern_query(c, "owner"));
    return tern_json_list(c, tern_api_key, keys);
}

TERN_HANDLER(login)
{
    return tern_text(c, tern_refresh_token_new(c, .owner = "42", .scopes = "a b"));
}

TERN_HANDLER(refresh, Token, in)
{
    tern_refreshed now = tern_refresh(c, in->token);
    return now.token != NULL ? tern_textf(c, "%s", now.token)
                             : tern_with_status(tern_text(c, now.is_reused ? "reused" : now.why), 401);
}

TERN_HANDLER(logout, Token, in)
{
    tern_refresh_end(c, in->token);
    return tern_no_content(c);
}

TERN_HANDLER(logout_all)
{
    tern_refresh_end_all(c, "42");
    return tern_no_content(c);
}

/** Lets the grace pass without waiting for it. */
TERN_HANDLER(age)
{
    tern_sql_run(c, "update refresh_leaf set used = ? where used is not null", (tern_datetime){1000000});
    tern_sql_run(c, "update api_key set expires = ? where expires is not null", (tern_datetime){1000000});
    return tern_no_content(c);
}

static tern_app *make_app(void)
{
    tern_app *app = tern_app_new(.title = "Stored tokens");
    tern_database(app);
    tern_api_keys(app, .prefix = "shop", .cache_s = 1000);
    tern_refresh_tokens(app);
    tern_auth(app, TERN_API_KEYS(.header = "X-API-Key"), TERN_API_KEYS());
    tern_get(app, "/me", me, .requires = TERN_SIGNED_IN);
    tern_get(app, "/books", me, .requires = "books.read");
    tern_post(app, "/keys", make_key);
    tern_get(app, "/keys", list_keys, .returns = TERN_LIST(tern_api_key));
    tern_post(app, "/keys/revoke", revoke_key);
    tern_post(app, "/login", login);
    tern_post(app, "/refresh", refresh);
    tern_post(app, "/logout", logout);
    tern_post(app, "/logout-all", logout_all);
    tern_post(app, "/age", age);
    return app;
}

/* -- API keys -- */

static const char *header_of(tern_test *t, const char *key)
{
    return tern_test_sprintf(t, "X-API-Key: %s", key);
}

static tern_answer *ask(tern_test *t, const char *path, const char *key)
{
    return tern_test_get(t, path, .headers = TERN_HEADERS(header_of(t, key)));
}

TERN_TEST(a_key_signs_its_owner_in)
{
    tern_answer *a = tern_test_post(t, "/keys", .json = "{\"owner\":\"42\"}");
    tern_check_status(a, 200);
    const char *key = a->body;
    tern_check(strncmp(key, "shop_", 5) == 0 && strlen(key) == 5 + 16 + 1 + 43);
    tern_check_body(ask(t, "/me", key), "42 api key laptop");
    tern_check_body(ask(t, "/me", key), "42 api key laptop"); /* remembered */
    tern_check_body(
        tern_test_get(t, "/me",
                      .headers = TERN_HEADERS(tern_test_sprintf(t, "Authorization: Bearer %s", key))),
        "42 api key laptop");
    tern_check_status(ask(t, "/books", key), 200); /* without scopes it may do what its owner may */
}

TERN_TEST(scopes_limit_a_key)
{
    const char *key =
        tern_test_post(t, "/keys", .json = "{\"owner\":\"42\",\"scopes\":\"books.write\"}")->body;
    tern_check_status(ask(t, "/me", key), 200);
    tern_check_status(ask(t, "/books", key), 403);
}

TERN_TEST(wrong_keys_are_401)
{
    const char *key = tern_test_post(t, "/keys", .json = "{\"owner\":\"42\"}")->body;
    tern_check_status(ask(t, "/me", key), 200);
    for (size_t i = 0; key[i] != '\0'; i++) {
        char *changed = tern_test_sprintf(t, "%s", key);
        changed[i] = changed[i] == 'a' ? 'b' : 'a';
        tern_check_status(ask(t, "/me", changed), 401);
    }
    tern_check_status(ask(t, "/me", tern_test_sprintf(t, "%sa", key)), 401);
    tern_check_status(ask(t, "/me", "shop_"), 401);
    tern_check_status(tern_test_get(t, "/me"), 401);
}

TERN_TEST(a_revoked_key_is_worth_nothing_at_once)
{
    const char *key = tern_test_post(t, "/keys", .json = "{\"owner\":\"42\"}")->body;
    const char *id = tern_test_sprintf(t, "%.16s", key + 5);
    tern_check_status(ask(t, "/me", key), 200);
    tern_check_body(tern_test_post(t, "/keys/revoke",
                                   .json = tern_test_sprintf(t, "{\"owner\":\"7\",\"id\":\"%s\"}", id)),
                    "none");
    tern_check_status(ask(t, "/me", key), 200);
    tern_check_body(tern_test_post(t, "/keys/revoke",
                                   .json = tern_test_sprintf(t, "{\"owner\":\"42\",\"id\":\"%s\"}", id)),
                    "revoked");
    tern_check_status(ask(t, "/me", key), 401);
}

TERN_TEST(an_expired_key_is_worth_nothing)
{
    const char *key = tern_test_post(t, "/keys", .json = "{\"owner\":\"42\",\"expires_s\":1000}")->body;
    tern_test_post(t, "/age");
    tern_check_status(ask(t, "/me", key), 401);
}

TERN_TEST(lists_show_the_last_use_and_no_hash)
{
    const char *key = tern_test_post(t, "/keys", .json = "{\"owner\":\"42\"}")->body;
    tern_check_status(ask(t, "/me", key), 200);
    tern_answer *a = tern_test_get(t, "/keys?owner=42");
    tern_check_json(a, "/0/name", "\"laptop\"");
    tern_check_json(a, "/0/id", tern_test_sprintf(t, "\"%.16s\"", key + 5));
    tern_check(strstr(a->body, "\"used\":\"20") != NULL);
    tern_check(strstr(a->body, "hash") == NULL);
}

/* -- refresh tokens -- */

static tern_answer *use(tern_test *t, const char *token)
{
    return tern_test_post(t, "/refresh", .json = tern_test_sprintf(t, "{\"token\":\"%s\"}", token));
}

TERN_TEST(each_use_gives_the_next_token)
{
    const char *token = tern_test_post(t, "/login")->body;
    for (int i = 0; i < 3; i++) {
        tern_answer *a = use(t, token);
        tern_check_status(a, 200);
        tern_check(strcmp(a->body, token) != 0);
        token = a->body;
    }
}

TERN_TEST(a_token_may_be_used_again_within_the_grace)
{
    const char *token = tern_test_post(t, "/login")->body;
    const char *one = use(t, token)->body, *two = use(t, token)->body;
    tern_check(strcmp(one, two) != 0);
    tern_check_status(use(t, one), 200);
    tern_check_status(use(t, two), 200);
}

TERN_TEST(reuse_after_the_grace_ends_the_family)
{
    const char *token = tern_test_post(t, "/login")->body, *other = tern_test_post(t, "/login")->body;
    const char *next = use(t, token)->body;
    tern_test_post(t, "/age");
    tern_check_body(use(t, token), "reused");
    tern_check_status(use(t, next), 401);
    tern_check_status(use(t, other), 200); /* another login */
}

TERN_TEST(a_token_that_was_forgotten_since_its_use_ends_the_family_too)
{
    const char *token = tern_test_post(t, "/login")->body, *next = use(t, token)->body;
    tern_test_post(t, "/age");
    next = use(t, next)->body; /* and the first one is removed */
    tern_check_body(use(t, token), "reused");
    tern_check_status(use(t, next), 401);
}

TERN_TEST(tokens_that_never_were_are_refused)
{
    static const char *const wrong[] = {"", "x", "0123456789abcdef_",
                                        "0123456789abcdef_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        tern_check_body(use(t, wrong[i]),
                        "the refresh token is unknown, or its login has ended: sign in again");
}

TERN_TEST(signing_out_ends_one_family_or_all)
{
    const char *one = tern_test_post(t, "/login")->body, *two = tern_test_post(t, "/login")->body;
    tern_test_post(t, "/logout", .json = tern_test_sprintf(t, "{\"token\":\"%s\"}", one));
    tern_check_status(use(t, one), 401);
    two = use(t, two)->body;
    tern_test_post(t, "/logout-all");
    tern_check_status(use(t, two), 401);
}

int main(int argc, char **argv)
{
    if (argc > 1 && argv[1][0] == '-') /* --listen ...: serve, for many clients at once */
        return tern_run(make_app(), argc, argv);
    return tern_test_main(make_app, argc, argv);
}

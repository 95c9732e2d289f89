/** Who is asking: ways of signing in, `.requires`, and what both refuse. */
#include "app/openapi/openapi.h"
#include "unit/middleware/send.h"

#include <time.h>

/** "Badge NAME SCOPES": signs in with any name but "bad". */
static tern_way_result by_badge(tern_ctx *c, void *options, tern_identity *who)
{
    (void)options;
    const char *badge = tern_header(c, "X-Badge");
    if (badge == NULL)
        return TERN_WAY_NONE;
    if (strcmp(badge, "bad") == 0)
        return tern_way_wrong(c, "the badge \"%s\" is unknown", badge);
    const char *space = strchr(badge, ' ');
    who->id = space != NULL ? tern_sprintf(c, "%.*s", (int)(space - badge), badge) : badge;
    who->scopes = space != NULL ? space + 1 : NULL;
    who->factors = strcmp(who->id, "eve") == 0 ? 2 : 1;
    who->since = strcmp(who->id, "eve") == 0 ? (int64_t)time(NULL) : 1000;
    return TERN_WAY_FOUND;
}

static tern_way_result by_bearer(tern_ctx *c, void *options, tern_identity *who)
{
    const char *header = tern_header(c, "Authorization");
    (void)options;
    if (header == NULL)
        return TERN_WAY_NONE;
    if (strcmp(header, "Bearer right") != 0)
        return tern_way_wrong(c, "the token is not \"right\"");
    *who = (tern_identity){.id = "7", .name = "seven"};
    return TERN_WAY_FOUND;
}

static tern_way_result by_cookie(tern_ctx *c, void *options, tern_identity *who)
{
    (void)options;
    who->id = tern_cookie(c, "who");
    return who->id != NULL ? TERN_WAY_FOUND : TERN_WAY_NONE;
}

#define BADGE                                                                                                \
    ((tern_way){.name = "badge",                                                                             \
                .identify = by_badge,                                                                        \
                .challenge = "Badge",                                                                        \
                .security = {.type = TERN_SECURITY_API_KEY_HEADER, .key = "X-Badge"}})
#define BEARER ((tern_way){.name = "to ken", .identify = by_bearer, .challenge = "Bearer"})
#define COOKIE                                                                                               \
    ((tern_way){.name = "cookie",                                                                            \
                .identify = by_cookie,                                                                       \
                .security = {.type = TERN_SECURITY_API_KEY_COOKIE, .key = "who"}})

TERN_HANDLER(show)
{
    const tern_identity *is = tern_identity_of(c);
    return is != NULL ? tern_textf(c, "%s %s %s", is->id, tern_user(c), is->way) : tern_text(c, "nobody");
}

TERN_HANDLER(write_if)
{
    tern_require(c, tern_query(c, "permission"));
    return tern_text(c, "written");
}

static tern_app *app_with_ways(void)
{
    tern_app *app = tern_app_new(.title = "T");
    tern_auth(app, BEARER, BADGE, COOKIE);
    return app;
}

static void open_ways(const char *requires)
{
    tern_app *app = app_with_ways();
    tern_get(app, "/", show, .requires = requires);
    tern_post(app, "/", show, .requires = requires);
    tern_get(app, "/may", write_if);
    ask_open(app);
}

/* -- ways -- */

TEST(the_first_way_with_a_credential_decides)
{
    open_ways(NULL);
    CHECK_SAID(200, send_request("GET /", "", ""), "nobody");
    CHECK_SAID(200, send_request("GET /", "X-Badge: ann\r\n", ""), "ann ann badge");
    CHECK_SAID(200, send_request("GET /", "X-Badge: ann\r\nAuthorization: Bearer right\r\n", ""),
               "7 seven to ken");
    CHECK_SAID(200, send_request("GET /", "Cookie: who=joe\r\n", ""), "joe joe cookie");
}

TEST(a_wrong_credential_is_401_although_another_is_right)
{
    open_ways(NULL);
    CHECK_INT(send_request("GET /", "X-Badge: ann\r\nAuthorization: Bearer x\r\n", ""), 401);
    CHECK(has_header("WWW-Authenticate: Bearer error=\"invalid_token\", "
                     "error_description=\"the token is not 'right'\"\r\n"));
    CHECK_INT(send_request("GET /", "X-Badge: bad\r\n", ""), 401);
    CHECK(has_header("WWW-Authenticate: Badge\r\n"));
    CHECK_HAS(ask_said(), "\"detail\":\"the badge \\\"bad\\\" is unknown\"");
}

TEST(an_inner_way_does_not_replace_who_an_outer_one_found)
{
    tern_app *app = tern_app_new();
    tern_auth(app, BADGE);
    tern_group *inner = tern_group_new(app, "/in");
    tern_auth(inner, BEARER);
    tern_get(inner, "/", show);
    ask_open(app);
    CHECK_SAID(200, send_request("GET /in/", "X-Badge: ann\r\nAuthorization: Bearer right\r\n", ""),
               "ann ann badge");
    CHECK_SAID(200, send_request("GET /in/", "Authorization: Bearer right\r\n", ""), "7 seven to ken");
}

TEST(a_way_by_cookie_refuses_what_another_site_sends)
{
    open_ways(NULL);
    CHECK_INT(send_request("POST /", "Cookie: who=joe\r\nSec-Fetch-Site: cross-site\r\n", ""), 403);
    CHECK_INT(send_request("POST /", "Cookie: who=joe\r\nOrigin: https://evil.example\r\n", ""), 403);
    CHECK_INT(send_request("POST /", "Cookie: who=joe\r\nSec-Fetch-Site: same-origin\r\n", ""), 200);
    CHECK_INT(send_request("GET /", "Cookie: who=joe\r\nSec-Fetch-Site: cross-site\r\n", ""), 200);
    CHECK_INT(send_request("POST /", "X-Badge: ann\r\nSec-Fetch-Site: cross-site\r\n", ""), 200);
}

TEST(protection_of_cookies_is_switched_off_by_name_or_left_to_tern_csrf)
{
    tern_app *app = tern_app_new();
    tern_group *off = tern_group_new(app, "/off");
    tern_group *other =
        tern_group_new(app, "/other", .use = TERN_USE(tern_csrf(.trusted_origins = "https://good.example")));
    tern_auth(off, COOKIE, TERN_WITHOUT_CSRF);
    tern_auth(other, COOKIE);
    tern_post(off, "/", show);
    tern_post(other, "/", show);
    ask_open(app);
    CHECK_INT(send_request("POST /off/", "Cookie: who=joe\r\nSec-Fetch-Site: cross-site\r\n", ""), 200);
    CHECK_INT(send_request("POST /other/", "Cookie: who=joe\r\nOrigin: https://good.example\r\n", ""), 200);
    CHECK_INT(send_request("POST /other/", "Cookie: who=joe\r\nOrigin: https://evil.example\r\n", ""), 403);
}

/* -- requires -- */

TEST(nobody_is_401_with_the_challenges_of_all_ways)
{
    open_ways(TERN_SIGNED_IN);
    CHECK_INT(send_request("GET /", "", ""), 401);
    CHECK(has_header("WWW-Authenticate: Bearer, Badge\r\n"));
    CHECK_HAS(ask_said(), "\"detail\":\"sign in first: nobody is signed in\"");
    CHECK_INT(send_request("GET /", "X-Badge: ann\r\n", ""), 200);
}

TEST(a_missing_permission_is_403_which_names_it)
{
    open_ways("books.read, books.write");
    CHECK_INT(send_request("GET /", "X-Badge: ann books.read\r\n", ""), 403);
    CHECK_HAS(ask_said(), "\"detail\":\"the permission \\\"books.write\\\" is needed\"");
    CHECK(has_header(
        "WWW-Authenticate: Bearer error=\"insufficient_scope\", scope=\"books.write books.read\", Badge\r\n"));
    CHECK_INT(send_request("GET /", "X-Badge: ann books.write books.read\r\n", ""), 200);
    CHECK_INT(send_request("GET /", "X-Badge: ann books.writer books.read\r\n", ""), 403);
    CHECK_INT(send_request("GET /", "X-Badge: ann\r\n", ""), 200); /* not limited by scopes */
}

TEST(a_second_factor_and_a_fresh_login_are_asked_for)
{
    open_ways(TERN_TWO_FACTORS "," TERN_FRESH_LOGIN);
    CHECK_INT(send_request("GET /", "X-Badge: ann\r\n", ""), 401);
    CHECK(has_header("WWW-Authenticate: Bearer error=\"insufficient_user_authentication\", Badge\r\n"));
    CHECK_INT(send_request("GET /", "X-Badge: eve\r\n", ""), 200);
}

TEST(a_login_of_long_ago_is_not_fresh)
{
    open_ways(TERN_FRESH_LOGIN);
    CHECK_INT(send_request("GET /", "X-Badge: ann\r\n", ""), 401);
    CHECK(has_header("error=\"insufficient_user_authentication\", max_age=\"900\""));
}

TEST(a_handler_asks_by_itself)
{
    open_ways(NULL);
    CHECK_INT(send_request("GET /may?permission=a", "", ""), 401);
    CHECK_INT(send_request("GET /may?permission=a", "X-Badge: ann b\r\n", ""), 403);
    CHECK_INT(send_request("GET /may?permission=a", "X-Badge: ann b a\r\n", ""), 200);
    CHECK_INT(send_request("GET /may?permission=@anybody", "", ""), 200);
    CHECK_INT(send_request("GET /may?permission=@riddle", "X-Badge: ann\r\n", ""), 403);
    CHECK_INT(send_request("GET /may", "X-Badge: ann\r\n", ""), 403);
}

static bool is_even(tern_ctx *c, const tern_identity *is, const char *permission)
{
    (void)c;
    (void)is;
    return strlen(permission) % 2 == 0;
}

static tern_way_result by_query(tern_ctx *c, void *options, tern_identity *who)
{
    (void)options;
    *who = (tern_identity){.id = "1", .scopes = tern_query(c, "scopes"), .may = is_even};
    return TERN_WAY_FOUND;
}

TEST(scopes_and_the_function_must_both_allow)
{
    tern_app *app = tern_app_new();
    tern_auth(app, {.name = "query", .identify = by_query});
    tern_get(app, "/", show, .requires = "ab");
    tern_get(app, "/odd", show, .requires = "abc");
    ask_open(app);
    CHECK_INT(send_request("GET /", "", ""), 200);
    CHECK_INT(send_request("GET /odd", "", ""), 403);
    CHECK_INT(send_request("GET /?scopes=ab", "", ""), 200);
    CHECK_INT(send_request("GET /?scopes=", "", ""), 403);
    CHECK_INT(send_request("GET /odd?scopes=abc", "", ""), 403);
}

TEST(groups_and_the_application_require_too_and_anybody_frees)
{
    tern_app *app = tern_app_new(.requires = TERN_SIGNED_IN, .health = true);
    tern_auth(app, BADGE);
    tern_group *group = tern_group_new(app, "/g", .requires = "a");
    tern_group *freed = tern_group_new(group, "/free", .requires = TERN_ANYBODY);
    tern_get(app, "/", show);
    tern_get(group, "/", show, .requires = "b");
    tern_get(group, "/open", show, .requires = TERN_ANYBODY);
    tern_get(freed, "/c", show, .requires = "c");
    ask_open(app);
    CHECK_INT(send_request("GET /", "", ""), 401);
    CHECK_INT(send_request("GET /g/", "X-Badge: ann a\r\n", ""), 403);
    CHECK_INT(send_request("GET /g/", "X-Badge: ann b\r\n", ""), 403);
    CHECK_INT(send_request("GET /g/", "X-Badge: ann a b\r\n", ""), 200);
    CHECK_INT(send_request("GET /g/open", "", ""), 200);
    CHECK_INT(send_request("GET /g/free/c", "X-Badge: ann c\r\n", ""), 200);
    CHECK_INT(send_request("GET /healthz", "", ""), 200);
    CHECK_INT(send_request("GET /nowhere", "", ""), 404);
    CHECK_INT(send_request("OPTIONS /g/", "", ""), 204);
}

TEST(a_kept_reply_does_not_reach_who_lacks_the_permission)
{
    tern_app *app = tern_app_new();
    tern_auth(app, BADGE);
    tern_get(app, "/", show, .requires = "a", .use = TERN_USE(tern_cache(.max_age_s = 60)));
    ask_open(app);
    CHECK_INT(send_request("GET /", "X-Badge: ann a\r\n", ""), 200);
    CHECK_INT(send_request("GET /", "X-Badge: bob b\r\n", ""), 403);
    CHECK_INT(send_request("GET /", "", ""), 401);
}

TEST(basic_auth_and_keys_identify)
{
    tern_app *app = tern_app_new();
    tern_group *staff =
        tern_group_new(app, "/staff", .use = TERN_USE(tern_basic_auth(.users = "ann:secret")));
    tern_group *api = tern_group_new(
        app, "/api", .use = TERN_USE(tern_key_auth(.keys = "0123456789abcdef, fedcba9876543210")));
    tern_get(staff, "/", show, .requires = TERN_SIGNED_IN);
    tern_get(api, "/", show, .requires = "anything");
    ask_open(app);
    CHECK_SAID(200, send_request("GET /staff/", "Authorization: Basic YW5uOnNlY3JldA==\r\n", ""),
               "ann ann basic auth");
    CHECK_SAID(200, send_request("GET /api/", "Authorization: Bearer fedcba9876543210\r\n", ""),
               "key 2 key 2 key auth");
    CHECK_INT(send_request("GET /api/", "", ""), 401);
}

/* -- the login page -- */

TEST(a_browser_that_navigates_is_sent_to_the_login_page)
{
    tern_app *app = app_with_ways();
    tern_login_page(app, "/login");
    tern_get(app, "/a/{b}", show, .requires = TERN_SIGNED_IN);
    tern_post(app, "/a/{b}", show, .requires = TERN_SIGNED_IN);
    tern_get(app, "/two", show, .requires = TERN_TWO_FACTORS);
    tern_get(app, "/login", show, .requires = TERN_SIGNED_IN);
    ask_open(app);
    CHECK_INT(send_request("GET /a/%20?c=d&e", "Sec-Fetch-Mode: navigate\r\n", ""), 303);
    CHECK(has_header("Location: /login?next=%2Fa%2F%2520%3Fc%3Dd%26e\r\n"));
    CHECK(has_header("Cache-Control: no-store\r\n"));
    CHECK_INT(send_request("GET /a/b", "Accept: text/html\r\n", ""), 303);
    CHECK_INT(send_request("POST /a/b", "Accept: text/html\r\n", ""), 303);
    CHECK(has_header("Location: /login\r\n"));
    CHECK_INT(send_request("GET /two", "Accept: text/html\r\nX-Badge: ann\r\n", ""), 303);
    CHECK(has_header("Location: /login?next=%2Ftwo&need=two-factors\r\n"));
    CHECK_INT(send_request("GET /a/b", "Sec-Fetch-Mode: cors\r\nAccept: text/html\r\n", ""), 401);
    CHECK_INT(send_request("GET /a/b", "Accept: application/json\r\n", ""), 401);
    CHECK_INT(send_request("GET /login?x", "Accept: text/html\r\n", ""), 401);
    CHECK_INT(send_request("GET /a/b", "Accept: text/html\r\nX-Badge: ann\r\n", ""), 200);
}

/* -- mistakes -- */

static const char *mistake_of(const char *requires)
{
    tern_app *app = tern_app_new();
    tern_auth(app, BADGE);
    tern_get(app, "/books", show, .requires = requires);
    return mistakes_of(app);
}

TEST(malformed_permissions_are_mistakes_that_name_the_route)
{
    CHECK_HAS(mistake_of(""), "GET /books: .requires = \"\": \"\": it is empty");
    CHECK_HAS(mistake_of("a,,b"), ".requires = \"a,,b\": \"\": it is empty");
    CHECK_HAS(mistake_of("a b"), "\"a b\": a permission is visible ASCII without spaces");
    CHECK_HAS(mistake_of("b\xc3\xbc"
                         "cher"),
              "a permission is visible ASCII");
    CHECK_HAS(mistake_of("@users"),
              "\"@users\": the words with '@' are @user, @anybody, @two-factors and @fresh");
    CHECK_HAS(mistake_of("@anybody, a"), "it frees the route, so nothing else can be required with it");
    CHECK_TEXT(mistake_of(" a , b:c ,https://example.org/x"), "");
}

TEST(requiring_something_without_a_way_is_a_mistake_that_names_the_fix)
{
    tern_app *app = tern_app_new();
    tern_get(app, "/books", show, .requires = "books.read");
    tern_get(app, "/free", show, .requires = TERN_ANYBODY);
    const char *text = mistakes_of(app);
    CHECK_HAS(
        text,
        "GET /books requires \"books.read\", but nothing around it finds out who is asking: add a way of "
        "signing in, like tern_auth(app, ...)");
    CHECK(strstr(text, "/free") == NULL);
}

TEST(wrong_ways_and_login_pages_are_mistakes)
{
    tern_app *app = tern_app_new();
    tern_auth(app, {.name = "a"}, {.name = "b/c", .identify = by_badge});
    tern_login_page(app, "https://example.org/login");
    const char *text = mistakes_of(app);
    CHECK_HAS(text, "auth: way 1 has no .identify");
    CHECK_HAS(text, "auth: way 2 needs a .name of letters");
    CHECK_HAS(text, "tern_login_page: \"https://example.org/login\" is not a path");
}

/* -- the document -- */

TEST(the_document_has_schemes_and_requirements)
{
    tern_app *app = app_with_ways();
    tern_get(app, "/a", show, .requires = "books.read, @fresh");
    tern_get(app, "/b", show);
    tern_get(app, "/c", show, .requires = TERN_ANYBODY);
    ask_open(app);
    buf out = {0};
    CHECK(openapi_check(app, &out));
    CHECK(openapi_write(app, &out));
    buf_add(&out, "", 1);
    CHECK_HAS(
        out.data,
        "\"security\":[{\"to_ken\":[\"books.read\"]},{\"badge\":[\"books.read\"]},{\"cookie\":[\"books.read\"]}]");
    CHECK_HAS(out.data, "\"security\":[{\"to_ken\":[]},{\"badge\":[]},{\"cookie\":[]},{}]");
    CHECK_HAS(out.data, "\"badge\":{\"type\":\"apiKey\",\"in\":\"header\",\"name\":\"X-Badge\"}");
    CHECK_HAS(out.data, "\"403\":{\"description\":\"Forbidden\"");
    buf_free(&out);
}

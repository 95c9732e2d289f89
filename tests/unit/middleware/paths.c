/** Redirects, rewritten paths, other methods, versions, deprecation, and the files that clients look for. */
#include "unit/middleware/send.h"

#include "app/openapi/openapi.h"

TERN_HANDLER(where)
{
    return tern_textf(c, "%s %s %s", tern_method(c), tern_path(c), tern_query_string(c));
}

TERN_HANDLER(whole_body)
{
    tern_str body = tern_body(c);
    return tern_textf(c, "%s %.*s", tern_method(c), (int)body.len, body.data);
}

TERN_HANDLER(streamed_body)
{
    char piece[100];
    size_t len = tern_body_read(c, piece, sizeof piece);
    return tern_textf(c, "%s %.*s", tern_method(c), (int)len, piece);
}

TERN_HANDLER(version)
{
    const char *named = tern_version(c);
    return tern_textf(c, "%s %s", named != NULL ? named : "none", tern_path(c));
}

#define URL_FORM "Content-Type: application/x-www-form-urlencoded\r\n"

/* -- redirects -- */

static void open_redirects(void)
{
    tern_app *app = tern_app_new();
    tern_use(app, tern_redirects(.paths = TERN_PATHS(
                                     {"/old", "/new"}, {"/blog/{slug}", "/articles/{slug}?from=blog"},
                                     {"/docs/{page...}", "https://docs.example.org/{page}"},
                                     {"/{user}/files/{path...}", "/{path}"}, {"/older", "/new"})));
    tern_get(app, "/new", where);
    ask_open(app);
}

TEST(redirects_keep_the_query_and_the_clients_encoding)
{
    static const char *const cases[][2] = {
        {"GET /old", "Location: /new\r\n"},
        {"GET /older?a=%20b", "Location: /new?a=%20b\r\n"},
        {"GET /blog/a%2Fb", "Location: /articles/a%2Fb?from=blog\r\n"},
        {"GET /blog/x?y=1", "Location: /articles/x?from=blog&y=1\r\n"},
        {"GET /docs/a/b/c", "Location: https://docs.example.org/a/b/c\r\n"},
        {"POST /ann/files/x/y", "Location: /x/y\r\n"},
    };
    open_redirects();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        CHECK_INT(send_request(cases[i][0], "", ""), 308);
        CHECK_HAS(ask_reply, cases[i][1]);
    }
}

TEST(paths_that_no_rule_matches_are_not_redirected)
{
    static const char *const lines[] = {"GET /ol",       "GET /old/",  "GET /blog/",
                                        "GET /blog/a/b", "GET /docs/", "GET /oldest"};
    open_redirects();
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        CHECK_INT(send_request(lines[i], "", ""), 404);
    CHECK_INT(send_request("GET /new", "", ""), 200);
}

TEST(a_redirect_never_leads_to_a_host_that_the_client_named)
{
    open_redirects();
    CHECK_INT(send_request("GET /ann/files//evil.example", "", ""), 404);
    CHECK_INT(send_request("GET /ann/files/%5Cevil.example", "", ""), 308);
    CHECK(has_header("Location: /%5Cevil.example\r\n"));
    CHECK_INT(send_request("GET /ann/files/%2F%2Fevil.example%0d%0aA:b", "", ""), 308);
    CHECK(has_header("Location: /%2F%2Fevil.example%0d%0aA:b\r\n"));
    CHECK_INT(send_request("GET /ann/files/\\evil.example", "", ""), 400);
}

TEST(wrong_rules_are_refused_by_name)
{
    static const struct {
        const char *from, *to, *wanted;
    } cases[] = {
        {"old", "/new", "redirects: the rule from \"old\" to \"/new\" is wrong: it must be a path"},
        {"/o ld", "/new", "it must be a path"},
        {"/a{x}", "/new", "a {name} must be a whole segment"},
        {"/{x", "/new", "a {name} must be a whole segment"},
        {"/{}", "/new", "a {name} must be a whole segment"},
        {"/{x...}/b", "/new", "{name...} must be its end"},
        {"/{x}/{x}", "/new", "a name is there twice"},
        {"/{x}", "/{y}", "its .to has a {name} that its .from has not"},
        {"/{x}", "https://{x}.example.org/", "must not take the host from the request"},
        {"/{x}", "//{x}", "its .to must be a path or an http(s) address"},
        {"/a", "javascript:alert(1)", "its .to must be a path or an http(s) address"},
        {"/a", "/a", "it leads to itself"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        CHECK_HAS(mistake_in(tern_redirects(.paths = TERN_PATHS({cases[i].from, cases[i].to}))),
                  cases[i].wanted);
    CHECK_HAS(mistake_in(tern_redirects(.paths = TERN_PATHS({"/a", "/b"}, {"/a", "/c"}))),
              "two rules have this path");
    CHECK_HAS(mistake_in(tern_redirects()), "redirects: .paths is missing");
    CHECK_HAS(mistake_in(tern_redirects(.status = 200, .paths = TERN_PATHS({"/a", "/b"}))),
              "redirects: .status is 200");
    CHECK_HAS(mistake_in(tern_rewrites(.paths = TERN_PATHS({"/a", "https://b/"}))),
              "rewrites: the rule from \"/a\"");
}

/* -- rewrites -- */

TEST(a_rewritten_path_is_served_by_its_route)
{
    tern_app *app = tern_app_new();
    tern_use(app,
             tern_rewrites(.paths = TERN_PATHS({"/u/{name}", "/users/{name}"}, {"/s", "/search?q=all"})));
    tern_get(app, "/users/{name}", where);
    tern_get(app, "/search", where);
    ask_open(app);
    CHECK_SAID(200, send_request("GET /u/a%20b?x=1", "", ""), "GET /users/a b x=1");
    CHECK_SAID(200, send_request("GET /s?page=2", "", ""), "GET /search q=all&page=2");
    CHECK_SAID(200, send_request("GET /users/x", "", ""), "GET /users/x ");
}

TEST(a_rewritten_path_cannot_climb_out_of_its_folder)
{
    tern_app *app = tern_app_new();
    tern_use(app, tern_rewrites(.paths = TERN_PATHS({"/u/{rest...}", "/public/{rest}"})));
    tern_get(app, "/secret", where);
    tern_get(app, "/public/{rest...}", where);
    ask_open(app);
    CHECK(send_request("GET /u/../../secret", "", "") != 200);
    CHECK(send_request("GET /u/%2e%2e/secret", "", "") != 200);
}

TEST(rewrites_are_for_the_application_alone)
{
    tern_app *app = tern_app_new();
    tern_group *api =
        tern_group_new(app, "/api", .use = TERN_USE(tern_rewrites(.paths = TERN_PATHS({"/a", "/b"}))));
    tern_get(api, "/a", where);
    CHECK_HAS(mistakes_of(app),
              "rewrites must be of the application, because it comes before the route is looked up");
}

TEST(both_forms_of_a_path_reach_one_route_with_same_slashes)
{
    tern_app *app = tern_app_new(.slashes = TERN_SLASH_SAME);
    tern_get(app, "/a", where);
    tern_get(app, "/b/", where);
    tern_get(app, "/users/{id}", where);
    ask_open(app);
    CHECK_SAID(200, send_request("GET /a/", "", ""), "GET /a/ ");
    CHECK_SAID(200, send_request("GET /b?x", "", ""), "GET /b x");
    CHECK_SAID(200, send_request("GET /users/7/", "", ""), "GET /users/7/ ");
    CHECK_INT(send_request("GET //a/", "", ""), 404);
}

TEST(a_wrong_method_on_the_other_form_of_a_path_is_405_with_same_slashes)
{
    tern_app *app = tern_app_new(.slashes = TERN_SLASH_SAME);
    tern_get(app, "/a", where);
    tern_get(app, "/b/", where);
    tern_post(app, "/b", where);
    ask_open(app);
    CHECK_INT(send_request("POST /a/", "", ""), 405);
    CHECK(has_header("Allow: GET, HEAD, OPTIONS\r\n"));
    CHECK_INT(send_request("OPTIONS /a/", "", ""), 204);
    CHECK(has_header("Allow: GET, HEAD, OPTIONS\r\n"));
    CHECK_INT(send_request("PUT /b", "", ""), 405);
    CHECK(has_header("Allow: GET, HEAD, POST, OPTIONS\r\n"));
    CHECK_INT(send_request("PUT /c/", "", ""), 404);
}

TEST(a_preflight_for_the_other_form_of_a_path_passes_the_routes_cors)
{
    tern_app *app = tern_app_new(.slashes = TERN_SLASH_SAME);
    tern_put(app, "/a", where, .use = TERN_USE(tern_cors(.origins = "https://a.example")));
    ask_open(app);
    CHECK_INT(send_request("OPTIONS /a/",
                           "Origin: https://a.example\r\nAccess-Control-Request-Method: PUT\r\n", ""),
              204);
    CHECK(has_header("Access-Control-Allow-Methods: PUT, OPTIONS\r\n"));
}

/* -- method override -- */

static void open_override(void)
{
    tern_app *app = tern_app_new();
    tern_use(app, tern_method_override(.field = "_method"));
    tern_post(app, "/x", whole_body);
    tern_delete(app, "/x", whole_body);
    tern_put(app, "/x", whole_body);
    tern_delete(app, "/only", whole_body);
    tern_delete(app, "/stream", streamed_body, .stream_body = true);
    tern_delete(app, "/small", whole_body, .max_body = 10);
    tern_get(app, "/x", where);
    ask_open(app);
}

TEST(a_post_is_another_method_by_its_header)
{
    open_override();
    CHECK_SAID(200, send_request("POST /x", "X-HTTP-Method-Override: DELETE\r\n", "a"), "DELETE a");
    CHECK_SAID(200, send_request("POST /x", "X-HTTP-Method-Override: put\r\n", "a"), "PUT a");
    CHECK_SAID(200, send_request("POST /x", "X-HTTP-Method-Override: POST\r\n", "a"), "POST a");
    CHECK_SAID(200, send_request("POST /x", "", "a"), "POST a");
}

TEST(a_form_names_its_method_in_a_field)
{
    open_override();
    CHECK_SAID(200, send_request("POST /x", URL_FORM, "a=1&_method=DELETE"), "DELETE a=1&_method=DELETE");
    CHECK_SAID(200, send_request("POST /only", URL_FORM, "_method=delete"), "DELETE _method=delete");
    CHECK_SAID(200, send_request("POST /x", URL_FORM, "_method=GET"), "POST _method=GET");
    CHECK_SAID(200, send_request("POST /x", URL_FORM, "a_method=PUT"), "POST a_method=PUT");
    CHECK_SAID(200, send_request("POST /x", URL_FORM, ""), "POST ");
    CHECK_SAID(200, send_request("POST /x", "Content-Type: text/plain\r\n", "_method=PUT"),
               "POST _method=PUT");
}

TEST(a_body_that_was_read_for_its_method_reaches_handlers_that_stream_it)
{
    open_override();
    CHECK_SAID(200, send_request("POST /stream", URL_FORM, "_method=DELETE"), "DELETE _method=DELETE");
}

TEST(a_body_that_was_read_for_its_method_still_has_the_limit_of_its_route)
{
    open_override();
    CHECK_INT(send_request("POST /small", URL_FORM, "_method=DELETE"), 413);
}

TEST(only_a_post_can_be_another_method)
{
    open_override();
    CHECK_INT(send_request("GET /x", "X-HTTP-Method-Override: DELETE\r\n", ""), 200);
    CHECK_HAS(ask_said(), "GET /x");
    CHECK_INT(send_request("POST /x", "X-HTTP-Method-Override: GET\r\n", ""), 400);
    CHECK_INT(send_request("POST /x", "X-HTTP-Method-Override: TRACE\r\n", ""), 400);
    CHECK_INT(
        send_request("POST /x", "X-HTTP-Method-Override: PUT\r\nX-HTTP-Method-Override: DELETE\r\n", ""),
        400);
}

TEST(tern_set_target_fails_outside_of_before)
{
    tern_app *app = tern_app_new();
    CHECK_HAS(mistake_in(tern_method_override(.header = "", .field = NULL)),
              "method_override: .header is \"\"");
    CHECK_HAS(mistake_in(tern_method_override(.field = "a&b")), "method_override: .field is \"a&b\"");
    app_free(app);
}

/* -- versions -- */

static void open_versions(void)
{
    tern_app *app = tern_app_new();
    tern_use(app, tern_versions(.versions = "1, 2", .header = "API-Version",
                                .media_type = "application/vnd.example"));
    tern_get(app, "/api/v1/users", version);
    tern_get(app, "/api/v2/users", version);
    tern_get(app, "/health", version);
    ask_open(app);
}

TEST(the_version_comes_from_path_header_or_media_type)
{
    static const char *const cases[][3] = {
        {"GET /api/v2/users", "", "2 /api/v2/users"},
        {"GET /api/users", "API-Version: 1\r\n", "1 /api/v1/users"},
        {"GET /api/users?a=b", "API-Version: 2\r\n", "2 /api/v2/users"},
        {"GET /api/users", "Accept: application/vnd.example.v2+json\r\n", "2 /api/v2/users"},
        {"GET /api/users", "Accept: text/html, application/json; version=1\r\n", "1 /api/v1/users"},
        {"GET /api/users", "Accept: application/json;version=\"2\";q=0.5\r\n", "2 /api/v2/users"},
        {"GET /api/v1/users", "API-Version: 2\r\n", "1 /api/v1/users"},
        {"GET /health", "", "none /health"},
    };
    open_versions();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        CHECK_SAID(200, send_request(cases[i][0], cases[i][1], ""), cases[i][2]);
}

TEST(an_unknown_version_is_refused_with_the_list)
{
    open_versions();
    CHECK_INT(send_request("GET /api/users", "API-Version: 3\r\n", ""), 400);
    CHECK_HAS(ask_said(), "API-Version must name one of the versions 1, 2");
    CHECK_INT(send_request("GET /api/users", "API-Version: 1\r\nAPI-Version: 2\r\n", ""), 400);
    CHECK_INT(send_request("GET /api/users", "Accept: application/vnd.example.v9+json\r\n", ""), 406);
    CHECK_HAS(ask_said(), "Accept must name one of the versions 1, 2");
    CHECK_INT(send_request("GET /api/users", "", ""), 400);
    CHECK_HAS(ask_said(), "the request names no version");
}

TEST(replies_vary_by_what_chose_the_version)
{
    open_versions();
    CHECK_INT(send_request("GET /api/users", "API-Version: 1\r\n", ""), 200);
    CHECK_HAS(ask_reply, "Vary: API-Version");
    CHECK_HAS(ask_reply, "Accept\r\n");
    CHECK_INT(send_request("GET /api/v1/users", "", ""), 200);
    CHECK(!has_header("Vary:"));
}

TEST(requests_without_a_version_get_the_fallback)
{
    tern_app *app = tern_app_new();
    tern_use(app, tern_versions(.versions = "1, 2", .fallback = "2", .prefix = ""));
    tern_get(app, "/v2/users", version);
    ask_open(app);
    CHECK_SAID(200, send_request("GET /users", "", ""), "2 /v2/users");
}

TEST(wrong_versions_are_refused_by_name)
{
    CHECK_HAS(mistake_in(tern_versions(.header = "V")), "versions: .versions is missing");
    CHECK_HAS(mistake_in(tern_versions(.versions = "1/2", .header = "V")), "versions: .versions has \"1/2\"");
    CHECK_HAS(mistake_in(tern_versions(.versions = "1", .fallback = "2")), "versions: .fallback is \"2\"");
    CHECK_HAS(mistake_in(tern_versions(.versions = "1")), "versions: clients can only use the path");
    CHECK_HAS(mistake_in(tern_versions(.versions = "1", .header = "V", .prefix = "api/")),
              "versions: .prefix is \"api/\"");
    CHECK_HAS(mistake_in(tern_versions(.versions = "1", .media_type = "json")),
              "versions: .media_type is \"json\"");
}

static unsigned repeated;

static tern_reply repeat_once(tern_ctx *c, void *options)
{
    (void)options;
    tern_reply reply = tern_next(c);
    if (!tern_is_repeat(c))
        tern_set_header(c, "X-Repeats", tern_sprintf(c, "%d", tern_repeat(c)));
    return reply;
}

TERN_HANDLER(count_repeats)
{
    repeated += tern_is_repeat(c) && strcmp(tern_version(c), "2") == 0 &&
                strcmp(tern_path(c), "/api/v2/users") == 0 && strcmp(tern_target(c), "/api/users") == 0;
    return tern_text(c, tern_version(c));
}

TEST(a_copy_of_a_request_has_its_version_too)
{
    tern_app *app = tern_app_new();
    tern_use(app, tern_versions(.versions = "1, 2", .header = "API-Version"), TERN_MIDDLEWARE(repeat_once));
    tern_get(app, "/api/v2/users", count_repeats);
    ask_open(app);
    for (unsigned i = 0; i < 2; i++) {
        CHECK_SAID(200, send_request("GET /api/users", "API-Version: 2\r\n", ""), "2");
        CHECK(has_header("X-Repeats: 1\r\n"));
    }
    CHECK(repeated >= 1);
}

/* -- deprecation -- */

TEST(deprecated_routes_say_so_and_when_they_end)
{
    tern_app *app = tern_app_new();
    tern_get(app, "/v1", where,
             .use = TERN_USE(tern_deprecated(.since = "2024-06-30", .sunset = "2099-06-30T23:59:59Z",
                                             .link = "https://example.org/v1")));
    ask_open(app);
    CHECK_INT(send_request("GET /v1", "", ""), 200);
    CHECK(has_header("Deprecation: @1719705600\r\n"));
    CHECK(has_header("Sunset: Tue, 30 Jun 2099 23:59:59 GMT\r\n"));
    CHECK(has_header("Link: <https://example.org/v1>; rel=\"deprecation sunset\"\r\n"));
}

TEST(the_document_marks_routes_whose_middleware_deprecates_them)
{
    tern_app *app = tern_app_new();
    buf problems = {0}, document = {0};
    tern_get(app, "/v1", where,
             .use = TERN_USE(tern_deprecated(.since = "2024-06-30", .sunset = "2099-06-30", .ends = true)));
    tern_get(app, "/v2", version);
    CHECK(app_prepare(app, &problems) && openapi_write(app, &document));
    const char *first = strstr(document.data, "\"/v1\""), *second = strstr(document.data, "\"/v2\"");
    CHECK(first != NULL && second != NULL);
    const char *marked = strstr(document.data, "\"deprecated\":true");
    CHECK(marked > first && marked < second && strstr(second, "\"deprecated\"") == NULL);
    CHECK_HAS(first, "\"Sunset\"");
    CHECK_HAS(first, "\"410\"");
    buf_free(&document);
    buf_free(&problems);
    app_free(app);
}

TEST(routes_that_end_are_gone_after_their_sunset)
{
    tern_app *app = tern_app_new();
    tern_get(app, "/v1", where,
             .use = TERN_USE(tern_deprecated(.since = "2020-01-01", .sunset = "2021-01-01", .ends = true)));
    tern_get(app, "/v2", where,
             .use = TERN_USE(tern_deprecated(.since = "2020-01-01", .sunset = "2021-01-01")));
    ask_open(app);
    CHECK_INT(send_request("GET /v1", "", ""), 410);
    CHECK_HAS(ask_said(), "has ended on Fri, 01 Jan 2021 00:00:00 GMT");
    CHECK(has_header("Sunset: "));
    CHECK_INT(send_request("GET /v2", "", ""), 200);
}

TEST(wrong_dates_are_refused_by_name)
{
    static const char *const wrong[] = {
        "", "tomorrow", "2026-02-31", "2026-13-01", "2026-1-1", "2026-01-01T25:00:00Z", "2026-01-01 "};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        CHECK_HAS(mistake_in(tern_deprecated(.since = wrong[i])), "deprecated: .since is \"");
    CHECK_HAS(mistake_in(tern_deprecated()), "deprecated: .since is missing");
    CHECK_HAS(mistake_in(tern_deprecated(.since = "2026-01-02", .sunset = "2026-01-01")), "is before .since");
    CHECK_HAS(mistake_in(tern_deprecated(.since = "2026-01-02", .ends = true)),
              "deprecated: .ends needs a .sunset");
    CHECK_HAS(mistake_in(tern_deprecated(.since = "2026-01-02", .link = "a>b")),
              "deprecated: .link is \"a>b\"");
}

/* -- files that clients look for -- */

TEST(robots_and_security_txt_and_favicon_are_served)
{
    tern_app *app = tern_app_new();
    tern_favicon(app);
    tern_robots(app, .disallow = "/admin, /search", .sitemap = "https://example.org/sitemap.xml");
    tern_security_txt(app, .contact = "mailto:security@example.org, https://example.org/report",
                      .expires = "2099-12-31T00:00:00Z", .preferred_languages = "en, de");
    ask_open(app);
    CHECK_INT(send_request("GET /favicon.ico", "", ""), 204);
    CHECK(has_header("Cache-Control: public, max-age=86400\r\n"));
    CHECK_SAID(
        200, send_request("GET /robots.txt", "", ""),
        "User-agent: *\nDisallow: /admin\nDisallow: /search\nSitemap: https://example.org/sitemap.xml\n");
    CHECK_SAID(200, send_request("GET /.well-known/security.txt", "", ""),
               "Contact: mailto:security@example.org\nContact: https://example.org/report\n"
               "Expires: 2099-12-31T00:00:00Z\nPreferred-Languages: en, de\n");
    CHECK(has_header("Content-Type: text/plain; charset=utf-8\r\n"));
}

TEST(wrong_texts_for_these_files_are_refused_by_name)
{
    tern_app *app = tern_app_new();
    tern_favicon(app, .file = "/does/not/exist.ico");
    tern_robots(app, .disallow = "admin", .sitemap = "sitemap.xml");
    tern_security_txt(app, .contact = "security@example.org", .expires = "soon",
                      .policy = "http://example.org/p");
    const char *text = mistakes_of(app);
    CHECK_HAS(text, "favicon: cannot read .file \"/does/not/exist.ico\": No such file or directory\n");
    CHECK_HAS(text, "robots: .disallow has \"admin\": begin each path with '/'\n");
    CHECK_HAS(text, "robots: .sitemap is \"sitemap.xml\"");
    CHECK_HAS(text,
              "security_txt: .contact has \"security@example.org\": write mailto:security@example.org\n");
    CHECK_HAS(text, "security_txt: .expires is \"soon\"");
    CHECK_HAS(text, "security_txt: .policy is \"http://example.org/p\"");
}

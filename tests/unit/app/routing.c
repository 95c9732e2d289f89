/** Routing as applications see it: constraints, QUERY, hosts. */
#include "ask.h"

#include "schema/pattern/pattern.h"

TERN_MODEL(Search, (const char *, words, .max_length = 20), (int, most, .fallback = "10", .max = 50))

TERN_HANDLER(echo)
{
    const route *r = c->match.route;
    buf text = {0};
    for (unsigned i = 0; i < r->param_count; i++)
        buf_add_printf(&text, "%s%s=%s", i != 0 ? " " : "", r->params[i], tern_param(c, r->params[i]));
    const char *copy = tern_sprintf(c, "%s %s", r->pattern, text.len != 0 ? text.data : "-");
    buf_free(&text);
    return tern_text(c, copy);
}

TERN_HANDLER(search, Search, in)
{
    return tern_textf(c, "%s %d", in->words, in->most);
}

TERN_HANDLER(tagged)
{
    tern_set_etag(c, "v1");
    return tern_conditional(c, tern_text(c, "found"));
}

TERN_HANDLER(link_of)
{
    return tern_text(c, tern_url(c, "book", tern_query(c, "isbn")));
}

static bool is_isbn(tern_str value)
{
    return value.len == 13 && strspn(value.data, "0123456789") >= 13;
}

/** Sends a request without a body. */
static int get(const char *line, const char *headers)
{
    char request[1024];
    int len = snprintf(request, sizeof request, "%s HTTP/1.1\r\nConnection: close\r\n%s\r\n", line, headers);
    wire_script script = {.request = request, .len = (size_t)len};
    CHECK(wire_talk(&script, ask_reply, sizeof ask_reply) > 12);
    return atoi(ask_reply + 9);
}

static bool has_header(const char *line)
{
    return strstr(ask_reply, line) != NULL;
}

static void open_kinds(void)
{
    tern_app *app = tern_app_new();
    tern_route_kind(app, "isbn", is_isbn, .pattern = "[0-9]{13}");
    tern_get(app, "/books/{isbn:isbn}", echo, .name = "book");
    tern_get(app, "/days/{day:date}.{ext:[a-z]+}", echo, .name = "day");
    tern_get(app, "/links", link_of);
    tern_get(app, "/branches/{name:[a-z/]+}", echo, .name = "branch", .allow_encoded_slashes = true);
    ask_open(app);
}

TEST(a_value_that_is_not_of_its_kind_is_not_found)
{
    open_kinds();
    CHECK_SAID(200, get("GET /books/9783161484100", "Host: h\r\n"), "/books/{isbn:isbn} isbn=9783161484100");
    CHECK_INT(get("GET /books/978316148410x", "Host: h\r\n"), 404);
    CHECK_SAID(200, get("GET /days/2026-02-28.html", "Host: h\r\n"),
               "/days/{day:date}.{ext:[a-z]+} day=2026-02-28 ext=html");
    CHECK_SAID(200, get("GET /days/2026-02-28.%68tml", "Host: h\r\n"),
               "/days/{day:date}.{ext:[a-z]+} day=2026-02-28 ext=html");
    CHECK_INT(get("GET /days/2026-02-29.html", "Host: h\r\n"), 404);
    CHECK_INT(get("GET /days/2026-02-28.HTML", "Host: h\r\n"), 404);
    pattern_forget();
}

TEST(an_encoded_slash_is_a_slash_to_an_expression)
{
    open_kinds();
    CHECK_SAID(200, get("GET /branches/fix%2Flogin", "Host: h\r\n"),
               "/branches/{name:[a-z/]+} name=fix/login");
    CHECK_INT(get("GET /branches/fix%2F1", "Host: h\r\n"), 400); /* as where no route takes one */
    CHECK_INT(get("GET /books/978316148410%2F", "Host: h\r\n"), 400);
    pattern_forget();
}

TEST(a_url_is_built_only_for_a_value_of_the_kind)
{
    open_kinds();
    CHECK_SAID(200, get("GET /links?isbn=9783161484100", "Host: h\r\n"), "/books/9783161484100");
    CHECK_INT(get("GET /links?isbn=1", "Host: h\r\n"), 500);
}

static void open_query(void)
{
    tern_app *app = tern_app_new(.slashes = TERN_SLASH_REDIRECT);
    tern_get(app, "/books", echo);
    tern_query_route(app, "/books", search);
    tern_query_route(app, "/tagged", tagged);
    tern_query_route(app, "/sql/{table}", echo, .accept_query = "application/sql");
    tern_query_route(app, "/slash/", tagged);
    ask_open(app);
}

TEST(query_binds_a_model_from_its_body)
{
    open_query();
    CHECK_SAID(200, ask("QUERY /books", JSON, "{\"words\":\"c\",\"most\":5}"), "c 5");
    CHECK_SAID(200, ask("QUERY /books", FORM, "words=a+b"), "a b 10");
    CHECK_SAID(422, ask("QUERY /books", JSON, "{\"words\":\"c\",\"most\":51}"),
               FAULTS("1 value is wrong", "{\"location\":[\"body\",\"most\"],\"code\":\"too_large\","
                                          "\"message\":\"must be at most 50\",\"max\":50}"));
}

TEST(options_405_and_415_say_which_bodies_query_takes)
{
    open_query();
    CHECK_INT(get("OPTIONS /books", "Host: h\r\n"), 204);
    CHECK(has_header("Allow: GET, HEAD, OPTIONS, QUERY\r\n"));
    CHECK(has_header(
        "Accept-Query: application/json, application/x-www-form-urlencoded, multipart/form-data\r\n"));
    CHECK_INT(get("PUT /sql/a%20b", "Host: h\r\n"), 405);
    CHECK(has_header("Accept-Query: application/sql\r\n"));
    CHECK_INT(ask("QUERY /books", "text/plain", "x"), 415);
    CHECK(has_header("Accept-Query: application/json, "));
    CHECK_INT(ask("QUERY /books", "", "x"), 415);
    CHECK(has_header("Accept-Query: application/json, "));
    CHECK_INT(get("PUT /tagged", "Host: h\r\n"), 405);
    CHECK(!has_header("Accept-Query"));
    CHECK_INT(get("OPTIONS *", "Host: h\r\n"), 204);
    CHECK(!has_header("Accept-Query"));
}

TEST(query_is_a_read_to_conditions)
{
    open_query();
    CHECK_INT(get("QUERY /tagged", "Host: h\r\nIf-None-Match: \"v1\"\r\n"), 304);
    CHECK_SAID(200, get("QUERY /tagged", "Host: h\r\nIf-None-Match: \"v0\"\r\n"), "found");
}

TEST(query_is_redirected_to_the_other_slash_with_its_method)
{
    open_query();
    CHECK_INT(get("QUERY /slash", "Host: h\r\n"), 308);
    CHECK(has_header("Location: /slash/\r\n"));
}

TEST(accept_query_is_refused_where_it_cannot_be_sent)
{
    tern_app *app = tern_app_new();
    buf problems = {0};
    tern_route(tern_app_root(app), "GET", "/a", echo,
               &(tern_route_options){.file = "a.c", .line = 1, .accept_query = "application/sql"});
    tern_route(tern_app_root(app), "QUERY", "/b", echo,
               &(tern_route_options){.file = "a.c", .line = 2, .accept_query = "a\r\nb"});
    CHECK(!app_compile(app, &problems));
    CHECK_TEXT(problems.data,
               "a.c:1: GET /a: .accept_query is for tern_query_route\n"
               "a.c:2: QUERY /b: .accept_query must be media types in ASCII, like \"application/sql\"\n");
    buf_free(&problems);
    app_free(app);
}

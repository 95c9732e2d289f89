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

TERN_MODEL(Tenant, (const char *, tenant, .max_length = 5), (int, shard, .in = TERN_FROM_HOST, .max = 9),
           (int64_t, id))
TERN_HANDLER(of_tenant, Tenant, in)
{
    return tern_textf(c, "%s %d %lld", in->tenant, in->shard, (long long)in->id);
}

static tern_group *of_host(tern_app *app, const char *host)
{
    return tern_group_new(app, "", .host = host);
}

static void open_hosts(void)
{
    tern_app *app = tern_app_new(.slashes = TERN_SLASH_REDIRECT);
    static const char *const hosts[] = {
        "*.example.org",        "{user}.example.org", "{id:int}.example.org",      "me.example.org",
        "{a}.{b}.example.org",  "*.b.example.org",    "{app}-staging.example.org", "api.{region:alpha}",
        "{year:[0-9]{4}}.{tld}"};
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++)
        tern_get(of_host(app, hosts[i]), "/{page}", echo, .name = hosts[i]);
    tern_get(of_host(app, "{tenant}.s{shard}.example.net"), "/rows/{id}", of_tenant);
    tern_post(of_host(app, "{user}.example.org"), "/{page}/", echo, .name = "post");
    tern_get(app, "/any", echo, .name = "any");
    ask_open(app);
}

/** The answer to GET /p at a host: "host: values". */
static const char *at_host(const char *host)
{
    static char text[512];
    char header[256];
    snprintf(header, sizeof header, "Host: %s\r\n", host);
    int status = get("GET /p", header);
    snprintf(text, sizeof text, "%d %s", status, status == 200 ? strstr(ask_said(), "page=") : "");
    return text;
}

TEST(a_parameter_of_a_host_is_one_label)
{
    open_hosts();
    CHECK_TEXT(at_host("ann.example.org"), "200 page=p user=ann");
    CHECK_TEXT(at_host("ann.example.org:8080"), "200 page=p user=ann");
    CHECK_TEXT(at_host("Ann.EXAMPLE.org."), "200 page=p user=ann");
    CHECK_TEXT(at_host("xn--bcher-kva.example.org"), "200 page=p user=xn--bcher-kva");
    CHECK_TEXT(at_host("ann.bob.example.org"), "200 page=p a=ann b=bob");
    CHECK_TEXT(at_host("a.b.c.example.org"), "200 page=p");
    CHECK_TEXT(at_host("example.org"), "404 ");
    CHECK_TEXT(at_host(".example.org"), "404 ");
    CHECK_TEXT(at_host("ann.example.com"), "404 ");
    CHECK_TEXT(at_host("api.eu"), "200 page=p region=eu");
    CHECK_TEXT(at_host("api.e1"), "404 ");
    CHECK_TEXT(at_host("2026.org"), "200 page=p year=2026 tld=org");
    CHECK_TEXT(at_host("[::1]:80"), "404 ");
    pattern_forget();
}

TEST(an_exact_host_comes_before_parameters_and_these_before_a_wildcard)
{
    open_hosts();
    CHECK_TEXT(at_host("me.example.org"), "200 page=p");
    CHECK_TEXT(at_host("7.example.org"), "200 page=p id=7");
    CHECK_TEXT(at_host("shop-staging.example.org"), "200 page=p app=shop");
    CHECK_TEXT(at_host("-staging.example.org"), "200 page=p user=-staging");
    CHECK_TEXT(at_host("x.b.example.org"), "200 page=p");
    pattern_forget();
}

TEST(a_route_of_a_less_specific_host_answers_where_the_best_lacks_the_path_or_method)
{
    open_hosts();
    CHECK_SAID(200, get("GET /any", "Host: else.com\r\n"), "/any -");
    CHECK_SAID(200, get("POST /p/", "Host: 7.example.org\r\nContent-Length: 0\r\n"),
               "/{page}/ page=p user=7");
    CHECK_INT(get("PUT /p", "Host: ann.example.org\r\n"), 405);
    CHECK(has_header("Allow: GET, HEAD, OPTIONS\r\n"));
    pattern_forget();
}

TEST(parameters_of_a_host_fill_a_model_and_their_faults_name_the_host)
{
    open_hosts();
    CHECK_SAID(200, get("GET /rows/5", "Host: Acme.s3.example.net\r\n"), "acme 3 5");
    CHECK_INT(get("GET /rows/5", "Host: acme.sx.example.net\r\n"), 422);
    CHECK(has_header("\"location\":[\"host\",\"shard\"]"));
    CHECK_INT(get("GET /rows/5", "Host: toolong.s3.example.net\r\n"), 422);
    CHECK(has_header("\"location\":[\"host\",\"tenant\"]"));
    pattern_forget();
}

TEST(hosts_that_cannot_be_or_are_ambiguous_are_refused_by_name)
{
    static const char *const cases[][3] = {
        {"{a.example.org", NULL, "'{' at byte 0 is never closed"},
        {"*.{a}.org", NULL, "\"*\" at byte 0: parameters are written {name}, {name:int} or {rest...}"},
        {"{a...}.org", NULL, "{a...} is for paths"},
        {"{a}..org", NULL, "empty label at byte 4"},
        {"{a}.org:80", NULL, "':' cannot be in a host with parameters"},
        {"{a:no}.org", NULL, "\"no\" at byte 3 is not a kind"},
        {"{page}.org", NULL, "the name \"page\" is used twice"},
        {"{a:(}.org", NULL, "{a:...}: missing closing parenthesis, at byte 1"},
        {"{a:[a-z]+}.org", "{b:[a-c]+}.org",
         "host \"{b:[a-c]+}.org\" may be the same as \"{a:[a-z]+}.org\", and neither is more specific"},
        {"{a}.org", "{b}.ORG", "conflicts with "},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tern_app *app = tern_app_new();
        buf problems = {0};
        tern_get(of_host(app, cases[i][0]), "/{page}", echo);
        if (cases[i][1] != NULL)
            tern_get(of_host(app, cases[i][1]), "/{page}", echo);
        CHECK(!app_compile(app, &problems));
        if (strstr(problems.data, cases[i][2]) == NULL)
            check_fail(__FILE__, __LINE__, "%s: %s", cases[i][0], problems.data);
        buf_free(&problems);
        app_free(app);
    }
    pattern_forget();
}

#define OUT_OF_STOCK "https://shop.example/problems/out-of-stock"
TERN_MODEL(OutOfStock, (int, left), (const char *, of))

TERN_HANDLER(sold_out)
{
    tern_fail_with(c, &(tern_problem){.type = OUT_OF_STOCK,
                                      .detail = "two are left",
                                      TERN_MEMBERS(OutOfStock, &(OutOfStock){.left = 2, .of = "pens"})});
}

TERN_HANDLER(sold_out_reply)
{
    return tern_problem_reply(c, &(tern_problem){.type = OUT_OF_STOCK, .status = 410, .title = "Gone"});
}

TEST(a_kind_of_problem_has_its_status_title_and_members)
{
    tern_app *app = tern_app_new();
    tern_problem_type(app, OUT_OF_STOCK, 409, .title = "Out of stock", .model = TERN_TYPE(OutOfStock));
    tern_get(app, "/fail", sold_out);
    tern_get(app, "/reply", sold_out_reply);
    ask_open(app);
    CHECK_SAID(409, get("GET /fail", "Host: h\r\n"),
               "{\"type\":\"" OUT_OF_STOCK
               "\",\"title\":\"Out of stock\",\"status\":409,\"detail\":\"two are left\","
               "\"left\":2,\"of\":\"pens\"}");
    CHECK_SAID(410, get("GET /reply", "Host: h\r\n"),
               "{\"type\":\"" OUT_OF_STOCK "\",\"title\":\"Gone\",\"status\":410}");
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

#include "app/ctx.h"
#include "check.h"

#include "app/bind/bind.h"
#include "app/openapi/openapi.h"
#include "base/mem.h"
#include "schema/json/indent.h"

#include <tern/openapi.h>

#include <stdlib.h>

TERN_MODEL(Item, (int64_t, id, .key = true), (const char *, name, .max_length = 9))
TERN_MODEL(Filter,
    (int, page, .fallback = "1", .min = 1, .help = "Which page"),
    (const char *, user_agent, .in = TERN_FROM_HEADER, .optional = true),
    (const char *, authorization, .in = TERN_FROM_HEADER, .optional = true),
    (const char *, theme, .in = TERN_FROM_COOKIE, .optional = true, .deprecated = true))
TERN_MODEL(Change, (int64_t, id), (const char *, name, .optional = true))
TERN_MODEL(Photo, (const char *, title), (tern_upload, file))
TERN_MODEL(Deep, (Item_list, items))
TERN_MODEL(ByCode, (const char *, code, .max_length = 9))

static tern_reply nothing(tern_ctx *c)
{
    (void)c;
    return (tern_reply){0};
}

#define HANDLER(handler, model)                                                                              \
    static const tern_handler handler[1] = {                                                                 \
        {.name = #handler, .run = nothing, .file = "test.c", .line = 1, .input = (model)}}
HANDLER(plain, NULL);
HANDLER(list_items, TERN_TYPE(Filter));
HANDLER(add_item, TERN_TYPE(Item));
HANDLER(get_item, TERN_TYPE(tern_by_id));
HANDLER(change_item, TERN_TYPE(Change));
HANDLER(add_photo, TERN_TYPE(Photo));
HANDLER(add_deep, TERN_TYPE(Deep));
HANDLER(get_code, TERN_TYPE(ByCode));

static const char *document_of(tern_app *app)
{
    buf problems = {0};
    if (!app_prepare(app, &problems))
        check_fail(__FILE__, __LINE__, "is not prepared: %s", problems.data);
    buf_free(&problems);
    buf_free(&app->openapi);
    CHECK(openapi_write(app, &app->openapi));
    return app->openapi.data;
}

static void forget(tern_app *app)
{
    app_free(app);
    schema_forget();
    bind_forget();
}

static void check_has(const char *document, const char *part)
{
    if (strstr(document, part) == NULL)
        check_fail(__FILE__, __LINE__, "no %s\nin %s", part, document);
}

static void check_lacks(const char *document, const char *part)
{
    if (strstr(document, part) != NULL)
        check_fail(__FILE__, __LINE__, "there is %s\nin %s", part, document);
}

/** The problems of an application with mistakes. */
static void check_problems(tern_app *app, const char *want)
{
    buf problems = {0};
    CHECK(!app_prepare(app, &problems));
    CHECK_TEXT(problems.data, want);
    buf_free(&problems);
    forget(app);
}

#define DEFAULT_PROBLEM                                                                                      \
    "\"default\":{\"description\":\"Any other error\",\"content\":{\"application/problem+json\":{"           \
    "\"schema\":{\"$ref\":\"#/components/schemas/Problem\"}}}}"

TEST(openapi_begins_with_the_applications_own_information)
{
    tern_app *app = tern_app_new(.title = "A \"shop\"", .version = "2.1", .description = "Sells.");
    const char *want =
        "{\"openapi\":\"3.1.0\",\"info\":{\"title\":\"A \\\"shop\\\"\",\"version\":\"2.1\","
        "\"description\":\"Sells.\"},\"servers\":[{\"url\":\"/\"}],\"paths\":{},\"components\":{"
        "\"schemas\":{}},\"tags\":[]";
    CHECK_BYTES(document_of(app), strlen(want), want, strlen(want));
    forget(app);
}

TEST(openapi_describes_a_route_without_input)
{
    tern_app *app = tern_app_new();
    tern_get(app, "/plain_one", plain, .description = "Long.", .tags = "b, a", .deprecated = true);
    check_has(document_of(app),
              "\"paths\":{\"/plain_one\":{\"get\":{\"tags\":[\"b\",\"a\"],\"summary\":\"Plain\","
              "\"description\":\"Long.\",\"operationId\":\"plain\",\"deprecated\":true,\"responses\":{"
              "\"200\":{\"description\":\"OK\"}," DEFAULT_PROBLEM "}}}}");
    forget(app);
}

TEST(openapi_has_a_parameter_for_each_field_outside_of_the_body)
{
    tern_app *app = tern_app_new();
    tern_get(app, "/items", list_items, .returns = TERN_LIST(Item), .summary = "All");
    const char *document = document_of(app);
    check_has(
        document,
        "\"summary\":\"All\",\"operationId\":\"list_items\",\"parameters\":["
        "{\"name\":\"page\",\"in\":\"query\",\"description\":\"Which page\",\"schema\":{\"type\":\"integer\","
        "\"format\":\"int32\",\"minimum\":1,\"maximum\":2147483647,\"default\":1}},"
        "{\"name\":\"user-agent\",\"in\":\"header\",\"schema\":{\"type\":\"string\"}},"
        "{\"name\":\"theme\",\"in\":\"cookie\",\"deprecated\":true,\"schema\":{\"type\":\"string\"}}],"
        "\"responses\":{\"200\":{\"description\":\"OK\",\"content\":{\"application/json\":{\"schema\":"
        "{\"type\":\"array\",\"items\":{\"$ref\":\"#/components/schemas/Item\"}}}}},\"400\":");
    check_lacks(document, "requestBody");
    forget(app);
}

TEST(openapi_of_a_page_has_items_and_their_total)
{
    tern_app *app = tern_app_new();
    tern_get(app, "/items", list_items, .returns = TERN_LIST(Item), .paged = true);
    check_has(
        document_of(app),
        "\"schema\":{\"type\":\"object\",\"properties\":{\"items\":{\"type\":\"array\",\"items\":{\"$ref\":"
        "\"#/components/schemas/"
        "Item\"}},\"total\":{\"type\":\"integer\",\"format\":\"int64\",\"minimum\":0},\"next\":{\"description\":"
        "\"The cursor of the next page; absent from the last one\",\"type\":\"string\"}},"
        "\"required\":[\"items\",\"total\"]}");
    forget(app);
}

TEST(openapi_of_a_creation_has_its_body_and_a_location)
{
    tern_app *app = tern_app_new();
    tern_post(app, "/items", add_item, .returns = TERN_TYPE(Item), .status = 201);
    const char *document = document_of(app);
    check_has(document,
              "\"requestBody\":{\"required\":true,\"content\":{\"application/json\":{\"schema\":{\"$ref\":"
              "\"#/components/schemas/ItemInput\"}}}}");
    check_has(document, "\"201\":{\"description\":\"Created\",\"headers\":{\"Location\":");
    check_has(document, "\"415\":{\"description\":\"Unsupported Media Type\"");
    check_has(document,
              "\"422\":{\"description\":\"Unprocessable Content\",\"content\":{\"application/problem+json\":{"
              "\"schema\":{\"$ref\":\"#/components/schemas/ValidationProblem\"}}}}");
    check_has(document, "\"ItemInput\":{\"type\":\"object\",\"properties\":{\"name\":");
    forget(app);
}

TEST(openapi_takes_the_fields_of_the_path_out_of_the_body)
{
    tern_app *app = tern_app_new();
    tern_patch(app, "/items/{id}", change_item, .status = 204);
    const char *document = document_of(app);
    check_has(document,
              "\"parameters\":[{\"name\":\"id\",\"in\":\"path\",\"required\":true,\"schema\":{\"type\":"
              "\"integer\",\"format\":\"int64\",\"minimum\":-9223372036854775808,\"maximum\":"
              "9223372036854775807}}],"
              "\"requestBody\":{\"content\":");
    check_has(document,
              "\"Change\":{\"type\":\"object\",\"properties\":{\"name\":{\"type\":[\"string\",\"null\"]}},"
              "\"additionalProperties\":false}");
    check_has(document, "\"responses\":{\"204\":{\"description\":\"No Content\"},\"400\":");
    check_has(document, "\"404\":{\"description\":\"Not Found\"");
    forget(app);
}

TEST(openapi_describes_parameters_that_only_the_pattern_knows)
{
    tern_app *app = tern_app_new();
    tern_get(app, "/a/{n:int}/{u:uuid}/{t}/{rest...}", plain);
    const char *document = document_of(app);
    check_has(document, "\"/a/{n}/{u}/{t}/{rest}\":{");
    check_has(document,
              "{\"name\":\"n\",\"in\":\"path\",\"required\":true,\"schema\":{\"type\":\"integer\",\"format\":"
              "\"int64\"}},{\"name\":\"u\",\"in\":\"path\",\"required\":true,\"schema\":{\"type\":\"string\","
              "\"format\":\"uuid\"}},{\"name\":\"t\",\"in\":\"path\",\"required\":true,\"schema\":{\"type\":"
              "\"string\"}},{\"name\":\"rest\",\"in\":\"path\",\"required\":true,\"description\":"
              "\"The rest of the path; may contain slashes\",\"schema\":{\"type\":\"string\"}}]");
    forget(app);
}

TEST(openapi_names_a_path_s_parameters_as_its_first_route_does)
{
    tern_app *app = tern_app_new();
    tern_get(app, "/items/{item}", plain);
    tern_delete(app, "/items/{id}", get_item);
    const char *document = document_of(app);
    check_has(document, "\"/items/{item}\":{\"get\":{");
    check_has(document, "\"delete\":{\"summary\":\"Get item\",\"operationId\":\"get_item\",\"parameters\":["
                        "{\"name\":\"item\",\"in\":\"path\"");
    check_lacks(document, "/items/{id}");
    forget(app);
}

TEST(openapi_shows_the_first_of_the_routes_that_it_cannot_tell_apart)
{
    tern_app *app = tern_app_new();
    tern_get(app, "/items/{id:int}", plain, .summary = "By number");
    tern_get(app, "/items/{id}", plain, .summary = "By name");
    tern_group *other = tern_group_new(app, "", .host = "other.example.org");
    tern_get(other, "/items/{id:int}", plain, .summary = "Elsewhere");
    const char *document = document_of(app);
    check_has(document, "\"summary\":\"By number\"");
    check_lacks(document, "By name");
    check_lacks(document, "Elsewhere");
    forget(app);
}

TEST(openapi_gives_every_operation_its_own_id)
{
    tern_app *app = tern_app_new();
    tern_get(app, "/a", plain);
    tern_get(app, "/b", plain);
    tern_post(app, "/b", plain);
    const char *document = document_of(app);
    check_has(document, "\"operationId\":\"plain\"");
    check_has(document, "\"operationId\":\"plain_2\"");
    check_has(document, "\"operationId\":\"plain_3\"");
    forget(app);
}

TEST(openapi_names_forms_where_the_route_wants_them)
{
    tern_app *app = tern_app_new();
    tern_post(app, "/json", add_item);
    tern_post(app, "/form", add_item, .forms = true);
    const char *document = document_of(app), *form = strstr(document, "\"/form\"");
    check_has(form,
              "\"application/x-www-form-urlencoded\":{\"schema\":{\"$ref\":\"#/components/schemas/Item\"}},"
              "\"multipart/form-data\":{");
    CHECK(strstr(document, "x-www-form-urlencoded") > form);
    forget(app);
}

TEST(openapi_names_no_forms_for_bodies_that_no_form_can_express)
{
    tern_app *app = tern_app_new();
    tern_post(app, "/deep", add_deep, .forms = true);
    check_lacks(document_of(app), "form-");
    forget(app);
}

TEST(openapi_declares_uploads_as_multipart_only)
{
    tern_app *app = tern_app_new();
    tern_post(app, "/photos", add_photo);
    const char *document = document_of(app);
    check_has(document,
              "\"content\":{\"multipart/form-data\":{\"schema\":{\"$ref\":\"#/components/schemas/Photo\"}}}");
    check_has(document, "\"file\":{\"type\":\"string\",\"format\":\"binary\",\"contentMediaType\":"
                        "\"application/octet-stream\"}");
    forget(app);
}

TEST(openapi_leaves_hidden_health_and_automatic_routes_out)
{
    tern_app *app = tern_app_new(.health = true);
    tern_get(app, "/shown", plain);
    tern_get(app, "/secret", plain, .hidden = true);
    tern_on(app, "PURGE", "/shown", plain);
    const char *document = document_of(app);
    check_lacks(document, "/secret");
    check_lacks(document, "/healthz");
    check_lacks(document, "/openapi.json");
    check_lacks(document, "\"head\"");
    check_lacks(document, "\"options\"");
    check_lacks(document, "query");
    forget(app);
}

TEST(openapi_lists_tags_once_in_order_of_first_use)
{
    tern_app *app = tern_app_new();
    tern_get(app, "/a", plain, .tags = "zoo, zoo,ant");
    tern_get(app, "/b", plain, .tags = "ant, bee");
    check_has(document_of(app),
              "\"tags\":[{\"name\":\"zoo\"},{\"name\":\"ant\"},{\"name\":\"bee\"}],\"security\":[]}");
    forget(app);
}

TEST(openapi_has_every_kind_of_security_scheme)
{
    tern_app *app = tern_app_new();
    tern_security(app, "bearer", .type = TERN_SECURITY_BEARER, .format = "JWT", .description = "Ask us.");
    tern_security(app, "basic", .type = TERN_SECURITY_BASIC);
    tern_security(app, "header", .type = TERN_SECURITY_API_KEY_HEADER, .key = "X-Key");
    tern_security(app, "query", .type = TERN_SECURITY_API_KEY_QUERY, .key = "key");
    tern_security(app, "cookie", .type = TERN_SECURITY_API_KEY_COOKIE, .key = "session");
    tern_security(app, "openid", .type = TERN_SECURITY_OPENID, .url = "https://id.example.org/config");
    check_has(
        document_of(app),
        "\"securitySchemes\":{"
        "\"bearer\":{\"type\":\"http\",\"scheme\":\"bearer\",\"bearerFormat\":\"JWT\",\"description\":\"Ask "
        "us.\"},"
        "\"basic\":{\"type\":\"http\",\"scheme\":\"basic\"},"
        "\"header\":{\"type\":\"apiKey\",\"in\":\"header\",\"name\":\"X-Key\"},"
        "\"query\":{\"type\":\"apiKey\",\"in\":\"query\",\"name\":\"key\"},"
        "\"cookie\":{\"type\":\"apiKey\",\"in\":\"cookie\",\"name\":\"session\"},"
        "\"openid\":{\"type\":\"openIdConnect\",\"openIdConnectUrl\":\"https://id.example.org/config\"}}");
    forget(app);
}

TEST(openapi_declares_the_security_of_each_route_and_of_the_whole)
{
    tern_app *app = tern_app_new(.security = "token");
    tern_security(app, "token", .type = TERN_SECURITY_BEARER);
    tern_security(app, "key", .type = TERN_SECURITY_API_KEY_HEADER, .key = "X-Key");
    tern_get(app, "/either", plain, .security = "token, key");
    tern_get(app, "/open", plain, .security = "");
    tern_get(app, "/usual", plain);
    const char *document = document_of(app), *open = strstr(document, "\"/open\""),
               *usual = strstr(document, "\"/usual\"");
    check_has(document, "\"security\":[{\"token\":[]},{\"key\":[]}]}}");
    check_has(open, "\"security\":[]}}");
    CHECK(strstr(open, "\"401\"") > usual);
    check_has(usual, ",\"security\":[{\"token\":[]}]}");
    forget(app);
}

TEST(openapi_reports_undeclared_security)
{
    tern_app *app = tern_app_new(.security = "all");
    tern_security(app, "token", .type = TERN_SECURITY_BEARER);
    tern_security(app, "key", .type = TERN_SECURITY_API_KEY_QUERY);
    tern_security(app, "a b", .type = TERN_SECURITY_BASIC);
    tern_security(app, "token", .type = TERN_SECURITY_BASIC);
    tern_security(app, "id", .type = TERN_SECURITY_OPENID);
    tern_route(tern_app_root(app), "GET", "/x", plain,
               &(tern_route_options){.file = "shop.c", .line = 7, .security = "token, other"});
    check_problems(app,
                   "application: .security names \"all\", which no tern_security declares\n"
                   "application: tern_security(\"key\") needs .key\n"
                   "application: tern_security(\"a b\") needs a name of letters, digits, '.', '_' and '-'\n"
                   "application: tern_security(\"token\") needs a unique name; this one is taken\n"
                   "application: tern_security(\"id\") needs .url\n"
                   "shop.c:7: GET /x: .security names \"other\", which no tern_security declares\n");
}

TEST(openapi_route_can_be_moved_and_switched_off)
{
    tern_app *moved = tern_app_new(.openapi_path = "/api/schema", .docs_path = "");
    document_of(moved);
    CHECK_INT(router_count(moved->router), 1);
    CHECK_TEXT(router_at(moved->router, 0)->pattern, "/api/schema");
    document_of(moved); /* prepared again, it has the route once */
    CHECK_INT(router_count(moved->router), 1);
    forget(moved);
    tern_app *off = tern_app_new(.openapi_path = "");
    CHECK(document_of(off) != NULL);
    CHECK_INT(router_count(off->router), 0);
    forget(off);
}

TEST(openapi_numbers_the_routes_of_a_handler_around_names_that_are_taken)
{
    static const tern_handler taken[1] = {{.name = "plain_3", .run = nothing, .file = "test.c", .line = 1}};
    tern_app *app = tern_app_new();
    tern_get(app, "/a", plain);
    tern_get(app, "/b", taken);
    tern_get(app, "/c", plain);
    tern_get(app, "/d", plain);
    tern_get(app, "/e", taken);
    const char *document = document_of(app);
    check_has(document, "\"/c\":{\"get\":{\"summary\":\"Plain\",\"operationId\":\"plain_2\"");
    check_has(document, "\"/d\":{\"get\":{\"summary\":\"Plain\",\"operationId\":\"plain_4\"");
    check_has(document, "\"operationId\":\"plain_3_2\"");
    forget(app);
}

TEST(openapi_is_not_written_before_the_first_request)
{
    tern_app *app = tern_app_new();
    buf problems = {0};
    tern_get(app, "/a", plain);
    CHECK(app_prepare(app, &problems));
    CHECK_INT(app->openapi.len, 0);
    buf_free(&problems);
    forget(app);
}

static tern_reply pass(tern_ctx *c, void *options)
{
    (void)options;
    return tern_next(c);
}

TEST(openapi_of_a_wrapped_route_has_the_answers_and_headers_of_its_middleware)
{
    tern_app *app = tern_app_new();
    tern_use(app, TERN_MIDDLEWARE(pass, .answers = "429, 304", .headers = "RateLimit, RateLimit-Policy"));
    tern_get(app, "/a", plain,
             .use = TERN_USE(TERN_MIDDLEWARE(pass, .answers = "403", .headers = "ratelimit, X-Id")));
    tern_get(app, "/b", plain);
    const char *document = document_of(app);
#define OUTER                                                                                                \
    "\"RateLimit\":{\"schema\":{\"type\":\"string\"}},\"RateLimit-Policy\":{\"schema\":{\"type\":\"string\"}}"
#define HEADERS "\"headers\":{" OUTER ",\"X-Id\":{\"schema\":{\"type\":\"string\"}}}"
    check_has(document, "\"200\":{\"description\":\"OK\"," HEADERS
                        "},\"304\":{\"description\":\"Not Modified\"," HEADERS
                        "},\"403\":{\"description\":\"Forbidden\"," HEADERS ",\"content\":");
    check_has(document, "\"429\":{\"description\":\"Too Many Requests\"," HEADERS ",\"content\":");
    check_has(document, "\"default\":{\"description\":\"Any other error\"," HEADERS ",\"content\":");
    const char *second = strstr(document, "\"/b\"");
    CHECK(second != NULL);
    check_has(second, "\"429\":{\"description\":\"Too Many Requests\",\"headers\":{" OUTER "},\"content\":");
    check_lacks(second, "\"403\"");
    forget(app);
}

TEST(openapi_of_a_changing_route_has_the_header_that_its_middleware_takes)
{
    tern_app *app = tern_app_new();
    tern_use(app, TERN_MIDDLEWARE(pass, .takes = "Idempotency-Key", .needs = true));
    tern_post(app, "/a", plain);
    tern_get(app, "/b", plain);
    const char *document = document_of(app);
    check_has(document, "\"parameters\":[{\"name\":\"Idempotency-Key\",\"in\":\"header\",\"required\":true,"
                        "\"schema\":{\"type\":\"string\"}}]");
    check_lacks(strstr(document, "\"/b\""), "Idempotency-Key");
    forget(app);
}

TEST(openapi_lists_each_status_and_header_once_where_the_route_has_it_already)
{
    tern_app *app = tern_app_new();
    tern_get(app, "/items/{id}", get_item, .returns = TERN_TYPE(Item), .etag = true,
             .use = TERN_USE(TERN_MIDDLEWARE(pass, .answers = "304, 404, 200", .headers = "etag")));
    const char *document = document_of(app), *first = strstr(document, "\"404\":");
    CHECK(first != NULL && strstr(first + 1, "\"404\":") == NULL);
    first = strstr(document, "\"304\":");
    CHECK(first != NULL && strstr(first + 1, "\"304\":") == NULL);
    check_has(document, "\"200\":{\"description\":\"OK\",\"headers\":{\"ETag\":{\"description\":");
    forget(app);
}

TEST(openapi_refuses_answers_that_are_not_statuses_and_names_the_middleware_once)
{
    tern_app *app = tern_app_new();
    tern_use(app, TERN_MIDDLEWARE(pass, .answers = "403 429"));
    tern_get(app, "/a", plain, .use = TERN_USE(TERN_MIDDLEWARE(pass, .answers = "99")));
    tern_get(app, "/b", plain);
    check_problems(
        app, "middleware pass: .answers = \"403 429\" must be statuses of 200 to 599, like \"403, 429\"\n"
             "middleware pass: .answers = \"99\" must be statuses of 200 to 599, like \"403, 429\"\n");
}

TEST(openapi_has_query_and_other_methods_in_3_2)
{
    tern_app *app = tern_app_new(.openapi = "3.2");
    tern_query_route(app, "/items", add_item, .returns = TERN_LIST(Item), .etag = true);
    tern_on(app, "PURGE", "/items", plain);
    tern_on(app, "MOVE", "/items", plain);
    tern_query_route(app, "/sql", plain, .accept_query = "application/sql, text/x-sql");
    const char *document = document_of(app);
    check_has(document, "{\"openapi\":\"3.2.0\"");
    check_has(document, "\"/items\":{\"query\":{\"summary\":\"Add item\"");
    check_has(document, "\"requestBody\":{\"required\":true,\"content\":{\"application/json\"");
    check_has(document, "\"304\":");
    check_has(document, "},\"additionalOperations\":{\"PURGE\":{\"summary\":\"Plain\"");
    check_has(document, "\"MOVE\":{\"summary\":\"Plain\"");
    check_has(document,
              "\"/sql\":{\"query\":{\"summary\":\"Plain\",\"operationId\":\"plain_3\",\"requestBody\":{"
              "\"required\":true,\"content\":{\"application/sql\":{},\"text/x-sql\":{}}},");
    forget(app);
}

TEST(openapi_has_query_as_an_extension_in_3_1)
{
    tern_app *app = tern_app_new(.openapi = "3.1");
    tern_query_route(app, "/items", add_item, .returns = TERN_LIST(Item));
    tern_on(app, "PURGE", "/items", plain);
    const char *document = document_of(app);
    check_has(document, "{\"openapi\":\"3.1.0\"");
    check_has(document, "\"/items\":{\"x-query\":{\"summary\":\"Add item\"");
    check_lacks(document, "additionalOperations");
    forget(app);
}

TEST(openapi_has_the_flows_of_oauth_and_the_scopes_that_a_route_needs)
{
    tern_app *app = tern_app_new(.openapi = "3.2");
    tern_security(app, "login", .type = TERN_SECURITY_OAUTH2,
                  .flows = "authorizationCode, deviceAuthorization",
                  .authorization_url = "https://a.example/go", .token_url = "https://a.example/token",
                  .device_url = "https://a.example/device", .refresh_url = "https://a.example/again",
                  .scopes = TERN_SCOPES({"read", "Read all"}, {"write", NULL}));
    tern_security(app, "digest", .type = TERN_SECURITY_DIGEST);
    tern_security(app, "cert", .type = TERN_SECURITY_MUTUAL_TLS);
    tern_get(app, "/a", plain, .security = "login read write, digest");
    const char *document = document_of(app);
    check_has(document, "\"security\":[{\"login\":[\"read\",\"write\"]},{\"digest\":[]}]");
    check_has(
        document,
        "\"login\":{\"type\":\"oauth2\",\"flows\":{\"authorizationCode\":{\"authorizationUrl\":\"https://a.example/go\","
        "\"tokenUrl\":\"https://a.example/token\",\"refreshUrl\":\"https://a.example/again\",\"scopes\":{"
        "\"read\":\"Read all\",\"write\":\"\"}},\"deviceAuthorization\":{\"deviceAuthorizationUrl\":");
    check_has(document,
              "\"digest\":{\"type\":\"http\",\"scheme\":\"digest\"},\"cert\":{\"type\":\"mutualTLS\"}");
    forget(app);
}

TEST(openapi_refuses_scopes_and_flows_that_are_unknown_or_lack_an_address)
{
    tern_app *app = tern_app_new();
    tern_security(app, "a", .type = TERN_SECURITY_OAUTH2);
    tern_security(app, "b", .type = TERN_SECURITY_OAUTH2, .flows = "code");
    tern_security(app, "c", .type = TERN_SECURITY_OAUTH2, .flows = "implicit");
    tern_security(app, "d", .type = TERN_SECURITY_OAUTH2, .flows = "password", .token_url = "/t",
                  .scopes = TERN_SCOPES({"read", "Read"}));
    tern_security(app, "e", .type = TERN_SECURITY_BEARER);
    tern_route(tern_app_root(app), "GET", "/a", plain,
               &(tern_route_options){.file = "a.c", .line = 1, .security = "d read more, e all"});
    check_problems(
        app,
        "application: tern_security(\"a\") needs .flows, for example \"authorizationCode\"\n"
        "application: tern_security(\"b\") needs .flows of authorizationCode, clientCredentials, "
        "deviceAuthorization, implicit and password\n"
        "application: tern_security(\"c\") needs .authorization_url\n"
        "a.c:1: GET /a: .security names the scope \"more\", which tern_security(\"d\") does not have in its .scopes\n"
        "a.c:1: GET /a: .security names the scope \"all\", which tern_security(\"e\") does not take: only OAuth 2 "
        "and OpenID Connect have scopes\n");
}

#define OUT_OF_STOCK "https://shop.example/problems/out-of-stock"
TERN_MODEL(OutOfStock, (int, left, .help = "How many are left"))
TERN_MODEL(Paid, (int64_t, order))

TEST(openapi_has_the_kinds_of_problems_that_a_route_names)
{
    tern_app *app = tern_app_new();
    tern_problem_type(app, OUT_OF_STOCK, 409, .title = "Out of stock", .model = TERN_TYPE(OutOfStock));
    tern_get(app, "/a", plain, .problems = OUT_OF_STOCK);
    check_has(
        document_of(app),
        "\"409\":{\"description\":\"Conflict\",\"content\":{\"application/problem+json\":{\"schema\":{\"anyOf\":[{"
        "\"type\":\"object\",\"title\":\"Out of stock\",\"properties\":{\"type\":{\"type\":\"string\",\"const\":"
        "\"" OUT_OF_STOCK "\"},\"title\":{\"type\":\"string\"},\"status\":{\"type\":\"integer\"},"
        "\"detail\":{\"type\":\"string\"},\"left\":{\"type\":\"integer\"");
    forget(app);
}

TEST(openapi_has_the_headers_of_replies_by_their_status)
{
    tern_app *app = tern_app_new();
    tern_get(app, "/a", plain, .problems = OUT_OF_STOCK,
             .reply_headers = TERN_REPLY_HEADERS(
                 {.name = "X-Total", .description = "Rows in all", .type = TERN_TYPE(tern_int64)},
                 {.name = "Retry-After", .status = 409}));
    tern_problem_type(app, OUT_OF_STOCK, 409);
    const char *document = document_of(app);
    check_has(
        document,
        "\"200\":{\"description\":\"OK\",\"headers\":{\"X-Total\":{\"description\":\"Rows in all\",\"schema\":{"
        "\"type\":\"integer\"");
    check_has(
        document,
        "\"409\":{\"description\":\"Conflict\",\"headers\":{\"Retry-After\":{\"schema\":{\"type\":\"string\"}}},");
    forget(app);
}

TEST(openapi_has_several_examples_of_bodies_replies_and_parameters)
{
    tern_app *app = tern_app_new();
    tern_post(app, "/items", add_item, .returns = TERN_TYPE(Item),
              .examples =
                  TERN_EXAMPLES({.name = "pen", .value = "{\"name\":\"Pen\"}", .summary = "A short one"},
                                {.name = "ink", .value = "{\"name\":\"Ink\"}"},
                                {.name = "made", .value = "{\"id\":1,\"name\":\"Pen\"}", .status = 200}));
    tern_get(app, "/items/{id}", get_item,
             .examples = TERN_EXAMPLES({.name = "first", .value = "1", .parameter = "id"}));
    const char *document = document_of(app);
    check_has(
        document,
        "\"examples\":{\"pen\":{\"summary\":\"A short one\",\"value\":{\"name\":\"Pen\"}},\"ink\":{\"value\":{"
        "\"name\":\"Ink\"}}}}}},\"responses\"");
    check_has(
        document,
        "#/components/schemas/Item\"},\"examples\":{\"made\":{\"value\":{\"id\":1,\"name\":\"Pen\"}}}}}");
    check_has(
        document,
        "\"name\":\"id\",\"in\":\"path\",\"required\":true,\"examples\":{\"first\":{\"value\":1}},\"schema\"");
    forget(app);
}

TEST(openapi_refuses_examples_and_problems_that_are_wrong_and_names_them)
{
    tern_app *app = tern_app_new();
    tern_route(tern_app_root(app), "POST", "/a", add_item,
               &(tern_route_options){.file = "a.c",
                                     .line = 1,
                                     .problems = "/unknown",
                                     .examples =
                                         TERN_EXAMPLES({.name = "long", .value = "{\"name\":\"0123456789\"}"},
                                                       {.name = "bad", .value = "{", .status = 200},
                                                       {.name = "bad", .value = "1", .status = 200},
                                                       {.name = "other", .value = "1", .parameter = "x"})});
    check_problems(
        app,
        "a.c:1: POST /a: .problems: \"/unknown\" is not declared by tern_problem_type\n"
        "a.c:1: POST /a: .examples: \"long\" is wrong at name: must have at most 9 characters\n"
        "a.c:1: POST /a: .examples: \"bad\" is not JSON, line 1, column 8: expected ',' or '}', but the text ends\n"
        "a.c:1: POST /a: .examples: \"bad\" is there twice\n"
        "a.c:1: POST /a: .examples: \"other\" is of a parameter that the route has not\n");
}

TEST(a_kind_of_problem_that_cannot_be_is_refused)
{
    tern_app *app = tern_app_new();
    tern_problem_type(app, "a b", 409);
    tern_problem_type(app, "/p", 200);
    tern_problem_type(app, "/q", 409);
    tern_problem_type(app, "/q", 410);
    check_problems(app, "tern_problem_type(\"a b\") must not have spaces, commas, quotes or backslashes\n"
                        "tern_problem_type(\"/p\") needs a status of 400 to 599\n"
                        "tern_problem_type(\"/q\") is declared twice\n");
}

TEST(openapi_has_links_from_a_success_to_the_next_requests)
{
    tern_app *app = tern_app_new();
    tern_get(app, "/b/{id}", plain, .name = "read_b");
    tern_post(app, "/a", plain,
              .links =
                  TERN_LINKS({.route = "read_b", .parameters = "id=$response.body#/id, q=$request.query.q"},
                             {.route = "read_b", .name = "again", .description = "Once more"}));
    check_has(
        document_of(app),
        "\"links\":{\"read_b\":{\"operationId\":\"plain\",\"parameters\":{\"id\":\"$response.body#/id\","
        "\"q\":\"$request.query.q\"}},\"again\":{\"operationId\":\"plain\",\"description\":\"Once more\"}}");
    forget(app);
}

TEST(links_to_unknown_routes_and_malformed_parameters_are_refused)
{
    tern_app *app = tern_app_new();
    const tern_route_options to_b = {
        .file = "f", .line = 1, .name = "a", .links = TERN_LINKS({.route = "b"})};
    const tern_route_options to_a = {
        .file = "f", .line = 2, .name = "c", .links = TERN_LINKS({.route = "a", .parameters = "id"})};
    tern_route(tern_app_root(app), "GET", "/a", plain, &to_b);
    tern_route(tern_app_root(app), "GET", "/c", plain, &to_a);
    check_problems(app, "f:1: GET /a: .links names \"b\", which is not a route of the document\n"
                        "f:2: GET /c: .links has the parameter \"id\": write \"id=$response.body#/id\"\n");
}

TEST(openapi_has_webhooks_callbacks_tags_and_servers)
{
    tern_app *app = tern_app_new(.openapi = "3.2");
    tern_webhook(app, "orderPaid", .body = TERN_TYPE(Paid), .summary = "An order was paid", .tags = "orders",
                 .status = 204);
    tern_tag(app, "orders", "What is bought", .parent = "shop", .docs_url = "https://d.example/");
    tern_server(app, "https://api.example.org", "Production");
    tern_external_docs(app, "https://docs.example.org", NULL);
    tern_post(app, "/a", plain, .tags = "first, orders",
              .callbacks =
                  TERN_CALLBACKS({.name = "paid", .url = "{$request.body#/url}", .body = TERN_TYPE(Paid)}));
    const char *document = document_of(app);
    check_has(document,
              "\"servers\":[{\"url\":\"https://api.example.org\",\"description\":\"Production\"}],\"paths\"");
    check_has(
        document,
        "\"webhooks\":{\"orderPaid\":{\"post\":{\"tags\":[\"orders\"],\"summary\":\"An order was paid\",\"operationId\":\"webhook_orderPaid\",\"requestBody\":{"
        "\"required\":true,\"content\":{\"application/json\":{\"schema\":{\"$ref\":\"#/components/schemas/Paid\"}}}},"
        "\"responses\":{\"204\":{\"description\":\"No Content\"}}}}}");
    check_has(
        document,
        "\"callbacks\":{\"paid\":{\"{$request.body#/url}\":{\"post\":{\"operationId\":\"plain_callback_paid\",");
    check_has(
        document,
        "\"tags\":[{\"name\":\"orders\",\"description\":\"What is bought\",\"parent\":\"shop\",\"externalDocs\":{"
        "\"url\":\"https://d.example/\"}},{\"name\":\"first\"}]");
    check_has(document, "\"externalDocs\":{\"url\":\"https://docs.example.org\"}}");
    forget(app);
}

TERN_MODEL(Tenant, (const char *, tenant, .example = "acme", .help = "Whose"), (int64_t, id))
HANDLER(of_tenant, TERN_TYPE(Tenant));

TEST(openapi_has_the_host_of_a_route_as_the_server_of_its_operation)
{
    tern_app *app = tern_app_new();
    tern_get(tern_group_new(app, "", .host = "{tenant}.s{shard:int}.example.com"), "/rows/{id}", of_tenant);
    tern_get(tern_group_new(app, "", .host = "*.example.com"), "/wild", plain);
    tern_get(tern_group_new(app, "", .host = "api.example.com"), "/exact", plain);
    const char *document = document_of(app);
    check_has(
        document,
        "\"parameters\":[{\"name\":\"id\",\"in\":\"path\",\"required\":true,\"schema\":{\"type\":\"integer\",");
    check_lacks(document, "\"name\":\"tenant\"");
    check_has(
        document,
        "\"servers\":[{\"url\":\"//{tenant}.s{shard}.example.com\",\"variables\":{\"tenant\":{\"default\":"
        "\"acme\",\"description\":\"Whose\"},\"shard\":{\"default\":\"shard\"}}}]");
    check_has(document, "\"servers\":[{\"url\":\"//{subdomain}.example.com\",\"variables\":{\"subdomain\":{");
    check_has(document, "\"servers\":[{\"url\":\"//api.example.com\"}]");
    forget(app);
}

TEST(openapi_refuses_a_version_that_it_does_not_write)
{
    check_problems(tern_app_new(.openapi = "3.0"),
                   "application: .openapi = \"3.0\" must be \"3.1\" or \"3.2\"\n");
}

static bool is_isbn(tern_str value)
{
    return value.len == 13;
}

TEST(openapi_has_the_kind_or_expression_of_a_parameter)
{
    tern_app *app = tern_app_new();
    tern_route_kind(app, "isbn", is_isbn, .pattern = "[0-9]{13}", .format = "isbn",
                    .description = "Of a book", .example = "9783161484100");
    tern_get(app, "/books/{book:isbn}", plain);
    tern_get(app, "/days/{day:date}.{ext:[a-z]+}", plain);
    tern_get(app, "/names/{name:(?i)a}", plain);
    tern_get(app, "/codes/{code:[A-Z]{3}}", get_code);
    const char *document = document_of(app);
    check_has(document,
              "\"/books/{book}\":{\"get\":{\"summary\":\"Plain\",\"operationId\":\"plain\",\"parameters\":["
              "{\"name\":\"book\",\"in\":\"path\",\"required\":true,\"description\":\"Of a book\","
              "\"example\":\"9783161484100\",\"schema\":{\"type\":\"string\",\"format\":\"isbn\","
              "\"pattern\":\"^(?:[0-9]{13})$\"}}]");
    check_has(document, "\"/days/{day}.{ext}\":");
    check_has(
        document,
        "\"schema\":{\"type\":\"string\",\"format\":\"date\",\"pattern\":\"^(?:[0-9]{4}-[0-9]{2}-[0-9]{2})$\"}");
    check_has(document,
              "\"name\":\"name\",\"in\":\"path\",\"required\":true,\"schema\":{\"type\":\"string\"}}");
    check_has(document, "\"name\":\"code\",\"in\":\"path\",\"required\":true,\"schema\":{\"allOf\":["
                        "{\"type\":\"string\",\"maxLength\":9},{\"pattern\":\"^(?:[A-Z]{3})$\"}]}}");
    forget(app);
}

TEST(openapi_refuses_a_kind_that_is_taken_or_checks_nothing)
{
    tern_app *app = tern_app_new();
    tern_route_kind(app, "slug", is_isbn);
    tern_route_kind(app, "int", is_isbn);
    tern_route_kind(app, "a b", is_isbn);
    tern_route_kind(app, "none", NULL);
    check_problems(
        app,
        "tern_route_kind(\"slug\") needs a unique name; this one is taken\n"
        "tern_route_kind(\"int\") needs a unique name; this one is taken\n"
        "tern_route_kind(\"a b\") needs a name of letters, digits, '-' and '_', that begins with a letter\n"
        "tern_route_kind(\"none\") needs a function that checks values, or .pattern\n");
}

TEST(openapi_survives_every_failing_allocation)
{
    for (unsigned long n = 1;; n++) {
        tern_app *app = tern_app_new();
        tern_security(app, "token", .type = TERN_SECURITY_BEARER);
        tern_post(app, "/items/{id}", change_item, .returns = TERN_TYPE(Item), .security = "token",
                  .tags = "a");
        buf problems = {0};
        mem_fail_at(n, 0);
        bool ok = app_prepare(app, &problems) && openapi_write(app, &app->openapi);
        bool is_done = mem_tried() < n;
        mem_fail_at(0, 0);
        CHECK_INT(ok, is_done);
        buf_free(&problems);
        forget(app);
        if (is_done)
            break;
    }
}

TEST(json_indent_breaks_lines_outside_of_strings_only)
{
    static const char json[] = "{\"a\":[1,{\"b{,\\\"\":{}}],\"c\":[],\"d\":\"x\\\\\"}";
    buf out = {0};
    CHECK(json_indent((tern_str){json, sizeof json - 1}, &out));
    CHECK_TEXT(out.data, "{\n  \"a\": [\n    1,\n    {\n      \"b{,\\\"\": {}\n    }\n  ],\n  \"c\": [],\n"
                         "  \"d\": \"x\\\\\"\n}");
    buf_free(&out);
}

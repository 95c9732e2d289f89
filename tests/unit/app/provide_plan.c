/** Providers at start: which ones are refused, and how the OpenAPI document describes them. */
#include "check.h"

#include "app/bind/bind.h"
#include "app/ctx.h"
#include "app/openapi/openapi.h"
#include "base/mem.h"

#include <tern.h>
#include <tern/openapi.h>

#include <stdlib.h>
#include <string.h>

TERN_ENUM(Color, red, green)

TERN_MODEL(User, (int64_t, id, .key = true))

TERN_MODEL(Token, (const char *, token, .in = TERN_FROM_HEADER, .json = "X-Token", .max_length = 40))

TERN_MODEL(Tenant, (const char *, tenant, .in = TERN_FROM_HEADER, .json = "x_tenant"))

TERN_MODEL(TeamPath, (int64_t, team))

TERN_MODEL(TeamOfPath, (int64_t, team, .in = TERN_FROM_PATH))

TERN_MODEL(TeamText, (const char *, team))

TERN_MODEL(Page, (int, page, .fallback = "1", .min = 1))

TERN_MODEL(PageToo, (int, page, .fallback = "1", .min = 1))

TERN_MODEL(NarrowPage, (int, page, .max = 9))

TERN_MODEL(PageText, (const char *, page))

TERN_MODEL(PageList, (tern_int32_list, page))

TERN_MODEL(TokenNumber, (int, token, .in = TERN_FROM_HEADER, .json = "x-token"))

TERN_MODEL(ColorHeader, (Color, color, .in = TERN_FROM_HEADER))

TERN_MODEL(InBody, (const char *, text, .in = TERN_FROM_BODY))

TERN_MODEL(Letter, (tern_upload, scan))

TERN_MODEL(Wrong, (int, size, .min = 3, .max = 1))

TERN_PROVIDES_WITH(User, current_user, (.refuses = "401, 403", .security = "token"), Token, in)
{
    return tern_alloc(c, sizeof(User));
}

TERN_PROVIDES_WITH(User, key_user, (.security = "key, token"))
{
    return tern_alloc(c, sizeof(User));
}

TERN_PROVIDES_WITH(User, maybe_user, (.optional = true, .security = "token"))
{
    return NULL;
}

TERN_PROVIDES(Tenant, tenant, Tenant, in)
{
    return in;
}

TERN_PROVIDES(Page, page, Page, in)
{
    return in;
}

TERN_PROVIDES(PageToo, page_too, PageToo, in)
{
    return in;
}

TERN_PROVIDES(NarrowPage, narrow_page, NarrowPage, in)
{
    return in;
}

TERN_PROVIDES(PageText, page_text, PageText, in)
{
    return in;
}

TERN_PROVIDES(PageList, page_list, PageList, in)
{
    return in;
}

TERN_PROVIDES(TokenNumber, token_number, TokenNumber, in)
{
    return in;
}

TERN_PROVIDES(ColorHeader, color, ColorHeader, in)
{
    return in;
}

TERN_PROVIDES(TeamPath, team, TeamPath, in)
{
    return in;
}

TERN_PROVIDES(TeamOfPath, team_of_path, TeamOfPath, in)
{
    return in;
}

TERN_PROVIDES(TeamText, team_text, TeamText, in)
{
    return in;
}

TERN_PROVIDES(InBody, in_body, InBody, in)
{
    return in;
}

TERN_PROVIDES(Letter, letter, Letter, in)
{
    return in;
}

TERN_PROVIDES(Wrong, wrong, Wrong, in)
{
    return in;
}

TERN_PROVIDES_WITH(User, bad_refusal, (.refuses = "401, 4O3, 200"))
{
    return tern_alloc(c, sizeof(User));
}

TERN_PROVIDES_WITH(User, bad_security, (.security = "tokn"))
{
    return tern_alloc(c, sizeof(User));
}

/* Cycles, which are only possible with a declaration before the definition. */
TERN_PROVIDER(User, third);
TERN_PROVIDES(User, first, third, user)
{
    return user;
}
TERN_PROVIDES(User, second, first, user)
{
    return user;
}
TERN_PROVIDES(User, third, Token, in, second, user)
{
    return user;
}
TERN_PROVIDES(User, itself, itself, user)
{
    return user;
}

/* Providers 1 to 40; each takes the previous one. */
#define LINK(name, before)                                                                                   \
    TERN_REQUIRES(name, before, unused_value)                                                                \
    {                                                                                                        \
    }
TERN_REQUIRES(l0)
{
}
LINK(l1, l0)
LINK(l2, l1)
LINK(l3, l2)
LINK(l4, l3)
LINK(l5, l4)
LINK(l6, l5)
LINK(l7, l6)
LINK(l8, l7)
LINK(l9, l8)
LINK(l10, l9)
LINK(l11, l10)
LINK(l12, l11)
LINK(l13, l12)
LINK(l14, l13)
LINK(l15, l14)
LINK(l16, l15)
LINK(l17, l16)
LINK(l18, l17)
LINK(l19, l18)
LINK(l20, l19)
LINK(l21, l20)
LINK(l22, l21)
LINK(l23, l22)
LINK(l24, l23)
LINK(l25, l24)
LINK(l26, l25)
LINK(l27, l26)
LINK(l28, l27)
LINK(l29, l28)
LINK(l30, l29)
LINK(l31, l30)
LINK(l32, l31)

TERN_HANDLER(plain)
{
    return tern_no_content(c);
}

TERN_HANDLER(me, current_user, user)
{
    return tern_json(c, User, user);
}

TERN_HANDLER(list, Page, in, current_user, user)
{
    return tern_no_content(c);
}

TERN_HANDLER(get_team, TeamPath, in)
{
    return tern_no_content(c);
}

/* -- mistakes -- */

static void forget(tern_app *app)
{
    app_free(app);
    schema_forget();
    bind_forget();
}

static tern_app *app_with(const char *method, const char *pattern, const tern_handler *handler,
                          const tern_provider *const *needs)
{
    tern_app *app = tern_app_new(.title = "t");
    tern_security(app, "token", .type = TERN_SECURITY_BEARER);
    tern_security(app, "key", .type = TERN_SECURITY_API_KEY_HEADER, .key = "X-Key");
    tern_route(tern_app_root(app), method, pattern, handler,
               &(tern_route_options){.file = "shop.c", .line = 7, .needs = needs});
    return app;
}

static void check_problems(tern_app *app, const char *want)
{
    buf problems = {0};
    CHECK(!app_prepare(app, &problems));
    CHECK_TEXT(problems.data, want);
    buf_free(&problems);
    forget(app);
}

/** A provider's problems begin with the position of its declaration, which changes with this file. */
static void check_problem_of_provider(tern_app *app, const char *want)
{
    buf problems = {0};
    CHECK(!app_prepare(app, &problems));
    const char *at = problems.data != NULL ? strstr(problems.data, "provide_plan.c:") : NULL;
    CHECK(at != NULL);
    CHECK_TEXT(strchr(strchr(at, ':') + 1, ':'), want);
    buf_free(&problems);
    forget(app);
}

TEST(a_cycle_of_providers_is_refused_and_named)
{
    check_problem_of_provider(
        app_with("GET", "/x", plain, TERN_NEEDS(second)),
        ": provider second: it needs itself: second takes first takes third takes second\n");
}

TEST(a_provider_that_takes_itself_is_refused)
{
    check_problem_of_provider(app_with("GET", "/x", plain, TERN_NEEDS(itself)),
                              ": provider itself: it needs itself: itself takes itself\n");
}

TEST(a_cycle_is_reported_once_for_all_routes_that_lead_to_it)
{
    tern_app *app = app_with("GET", "/x", plain, TERN_NEEDS(second));
    tern_get(app, "/y", plain, .name = "y", .needs = TERN_NEEDS(second));
    check_problem_of_provider(
        app, ": provider second: it needs itself: second takes first takes third takes second\n");
}

TEST(more_providers_than_a_route_may_have_are_refused)
{
    check_problems(app_with("GET", "/x", plain, TERN_NEEDS(l32)),
                   "shop.c:7: GET /x: more than 32 providers are needed\n");
}

TEST(as_many_providers_as_a_route_may_have_are_accepted)
{
    buf problems = {0};
    tern_app *app = app_with("GET", "/x", plain, TERN_NEEDS(l31));
    CHECK(app_prepare(app, &problems));
    forget(app);
}

TEST(a_provider_that_reads_the_body_is_refused)
{
    check_problems(
        app_with("POST", "/x", plain, TERN_NEEDS(in_body)),
        "shop.c:7: POST /x: provider in_body: model InBody, field text: a provider cannot read the body: make "
        "it the handler's input\n");
}

TEST(a_provider_that_takes_an_upload_is_refused)
{
    check_problems(
        app_with("POST", "/x", plain, TERN_NEEDS(letter)),
        "shop.c:7: POST /x: provider letter: model Letter, field scan: a provider cannot read the body: make "
        "it the handler's input\n");
}

TEST(a_field_of_a_provider_from_a_path_without_it_is_refused)
{
    check_problems(app_with("GET", "/x", plain, TERN_NEEDS(team_of_path)),
                   "shop.c:7: GET /x: provider team_of_path: model TeamOfPath, field team: the route has no "
                   "{team}\n");
}

TEST(a_model_of_a_provider_with_mistakes_is_refused)
{
    buf problems = {0};
    tern_app *app = app_with("GET", "/x", plain, TERN_NEEDS(wrong));
    CHECK(!app_prepare(app, &problems));
    CHECK(strstr(problems.data, "Wrong") != NULL);
    buf_free(&problems);
    forget(app);
}

TEST(a_refusal_that_is_not_a_status_is_refused)
{
    buf problems = {0};
    tern_app *app = app_with("GET", "/x", plain, TERN_NEEDS(bad_refusal));
    CHECK(!app_prepare(app, &problems));
    CHECK(strstr(problems.data,
                 ": provider bad_refusal: .refuses has \"4O3\", which is not a status of 400 to 599\n"));
    CHECK(strstr(problems.data,
                 ": provider bad_refusal: .refuses has \"200\", which is not a status of 400 to 599\n"));
    buf_free(&problems);
    forget(app);
}

TEST(undeclared_security_of_a_provider_is_refused_once)
{
    tern_app *app = app_with("GET", "/x", plain, TERN_NEEDS(bad_security));
    tern_get(app, "/y", plain, .name = "y", .needs = TERN_NEEDS(bad_security));
    check_problem_of_provider(
        app, ": provider bad_security: .security names \"tokn\", which no tern_security declares\n");
}

TEST(one_parameter_of_two_kinds_is_refused)
{
    check_problems(
        app_with("GET", "/x", list, TERN_NEEDS(page_text)),
        "shop.c:7: GET /x: query \"page\" is int32_t in Page and const char * in PageText: give both one "
        "type\n");
    check_problems(
        app_with("GET", "/x", plain, TERN_NEEDS(page, page_list)),
        "shop.c:7: GET /x: query \"page\" is int32_t in Page and a list of int32_t in PageList: give both "
        "one type\n");
    check_problems(
        app_with("GET", "/x", me, TERN_NEEDS(token_number)),
        "shop.c:7: GET /x: header \"x-token\" is int32_t in TokenNumber and const char * in Token: give "
        "both one type\n");
    check_problems(
        app_with("GET", "/{team}", get_team, TERN_NEEDS(team_text)),
        "shop.c:7: GET /{team}: path \"team\" is int64_t in TeamPath and const char * in TeamText: give "
        "both one type\n");
}

/* -- the document -- */

static char *document_of(tern_app *app)
{
    buf problems = {0};
    if (!app_prepare(app, &problems))
        check_fail(__FILE__, __LINE__, "is not prepared: %s", problems.data);
    buf_free(&problems);
    CHECK(openapi_write(app, &app->openapi));
    return app->openapi.data;
}

static void check_has(const char *document, const char *part)
{
    if (strstr(document, part) == NULL)
        check_fail(__FILE__, __LINE__, "not in the document: %s\n%s", part, document);
}

static void check_has_not(const char *document, const char *part)
{
    if (strstr(document, part) != NULL)
        check_fail(__FILE__, __LINE__, "in the document: %s\n%s", part, document);
}

#define X_TOKEN                                                                                              \
    "{\"name\":\"X-Token\",\"in\":\"header\",\"required\":true,\"schema\":{\"type\":\"string\",\"maxLength\":40}}"
#define PROBLEM_REPLY(status, text, schema)                                                                  \
    "\"" status "\":{\"description\":\"" text "\",\"content\":{\"application/problem+json\":{\"schema\":"    \
    "{\"$ref\":\"#/components/schemas/" schema "\"}}}}"

TEST(openapi_has_the_parameters_and_refusals_of_providers)
{
    tern_app *app = app_with("GET", "/me", me, NULL);
    const char *document = document_of(app);
    check_has(document, "\"parameters\":[" X_TOKEN "]");
    check_has(document,
              PROBLEM_REPLY("400", "Bad Request", "Problem") "," PROBLEM_REPLY(
                  "401", "Unauthorized",
                  "Problem") "," PROBLEM_REPLY("403", "Forbidden",
                                               "Problem") "," PROBLEM_REPLY("422", "Unprocessable Content",
                                                                            "ValidationProblem"));
    check_has(document, "\"security\":[{\"token\":[]}]}");
    check_has(document, "\"ValidationProblem\":{");
    forget(app);
}

TEST(openapi_has_the_handlers_parameters_first_and_each_once)
{
    tern_app *app = app_with("GET", "/list", list, TERN_NEEDS(page_too, tenant));
    const char *document = document_of(app);
    check_has(
        document,
        "\"parameters\":[{\"name\":\"page\",\"in\":\"query\",\"schema\":{\"type\":"
        "\"integer\",\"format\":\"int32\",\"minimum\":1,\"maximum\":2147483647,\"default\":1}},"
        "{\"name\":\"x_tenant\",\"in\":\"header\",\"required\":true,\"schema\":{\"type\":\"string\"}}," X_TOKEN
        "]");
    forget(app);
}

TEST(openapi_shows_a_parameter_with_two_schemas_as_both)
{
    tern_app *app = app_with("GET", "/list", plain, TERN_NEEDS(page, narrow_page));
    const char *document = document_of(app);
    check_has(
        document,
        "\"parameters\":[{\"name\":\"page\",\"in\":\"query\",\"required\":true,\"schema\":{\"allOf\":["
        "{\"type\":\"integer\",\"format\":\"int32\",\"minimum\":1,\"maximum\":2147483647,\"default\":1},"
        "{\"type\":\"integer\",\"format\":\"int32\",\"maximum\":9,\"minimum\":-2147483648}]}}]");
    forget(app);
}

TEST(openapi_describes_a_path_parameter_by_a_providers_field)
{
    tern_app *app = app_with("GET", "/{team}", plain, TERN_NEEDS(team));
    check_has(document_of(app),
              "\"parameters\":[{\"name\":\"team\",\"in\":\"path\",\"required\":true,\"schema\":"
              "{\"type\":\"integer\",\"format\":\"int64\"");
    forget(app);
}

TEST(a_providers_field_that_the_path_lacks_is_a_query_parameter_of_a_post_too)
{
    tern_app *app = app_with("POST", "/x", plain, TERN_NEEDS(team));
    check_has(document_of(app), "{\"name\":\"team\",\"in\":\"query\",\"required\":true");
    check_has_not(document_of(app), "requestBody");
    forget(app);
}

TEST(openapi_has_the_enums_of_providers)
{
    tern_app *app = app_with("GET", "/x", plain, TERN_NEEDS(color));
    check_has(document_of(app), "\"Color\":{\"type\":\"string\",\"enum\":[\"red\",\"green\"]}");
    forget(app);
}

TEST(openapi_requires_the_security_of_all_providers_together)
{
    tern_app *app = app_with("GET", "/x", me, TERN_NEEDS(key_user));
    check_has(document_of(app), "\"security\":[{\"key\":[],\"token\":[]},{\"token\":[]}]}");
    forget(app);
}

TEST(openapi_requires_no_security_where_the_provider_is_optional)
{
    tern_app *app = app_with("GET", "/x", plain, TERN_NEEDS(maybe_user));
    const char *document = document_of(app);
    check_has(document, "\"security\":[{\"token\":[]},{}]}");
    check_has_not(document, "\"401\"");
    forget(app);
}

TEST(openapi_prefers_a_routes_own_security_over_its_providers)
{
    tern_app *app = app_with("GET", "/x", me, NULL);
    tern_get(app, "/y", me, .name = "y", .security = "key");
    check_has(document_of(app), "\"security\":[{\"key\":[]}]}");
    forget(app);
}

TEST(an_application_with_providers_survives_every_failing_allocation)
{
    for (unsigned long n = 1;; n++) {
        buf problems = {0};
        tern_app *app = app_with("GET", "/plain", plain, NULL);
        mem_fail_at(n, 0);
        tern_get(app, "/list/{team}", list, .needs = TERN_NEEDS(tenant, key_user, team, narrow_page));
        bool is_right = app_prepare(app, &problems) && openapi_write(app, &app->openapi);
        bool is_done = mem_tried() < n;
        mem_fail_at(0, 0);
        CHECK_INT(is_right, is_done);
        buf_free(&problems);
        forget(app);
        if (is_done)
            break;
    }
}

TEST(a_header_with_an_underscore_that_a_provider_reads_is_accepted)
{
    tern_app *app = app_with("GET", "/x", plain, TERN_NEEDS(tenant));
    document_of(app);
    CHECK_INT(app->underscored.count, 1);
    CHECK_TEXT(app->underscored.list[0].data, "x_tenant");
    forget(app);
}

TEST(a_route_without_providers_keeps_its_handlers_function)
{
    tern_app *app = app_with("GET", "/x", get_team, NULL);
    document_of(app);
    CHECK(router_at(app->router, 0)->handler.run == get_team->run);
    CHECK(router_at(app->router, 0)->provide == NULL);
    forget(app);
}

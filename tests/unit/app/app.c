#include "app/ctx.h"
#include "check.h"
#include "schema/plan/plan.h"

#include <stdio.h>
#include <stdlib.h>

static tern_reply no_middleware(tern_ctx *c, void *options)
{
    (void)c;
    (void)options;
    return (tern_reply){0};
}

#define NAMED(text) ((tern_middleware){.name = text, .run = no_middleware})

TERN_HANDLER(first)
{
    return (tern_reply){0};
}

TERN_HANDLER(second)
{
    return (tern_reply){0};
}

static void compile(tern_app *app)
{
    buf problems = {0};
    if (!app_compile(app, &problems))
        check_fail(__FILE__, __LINE__, "does not compile: %s", problems.data);
}

static const char *chain_text(const tern_middleware *chain)
{
    static char text[256];
    *text = '\0';
    for (; chain->run != NULL; chain++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s ", chain->name);
    return text;
}

TEST(app_wraps_routes_in_the_middleware_of_application_groups_and_route)
{
    tern_app *app = tern_app_new(.title = "Test");
    tern_use(app, NAMED("app1"));
    tern_get(app, "/top", first);
    tern_group *api = tern_group_new(app, "/api", .use = TERN_USE(NAMED("api1")));
    tern_group *users = tern_group_new(api, "/users/{user:int}");
    tern_get(users, "", first, .use = TERN_USE(NAMED("route1"), NAMED("route2")));
    tern_post(users, "/posts", second);
    tern_use(users, NAMED("users1"), NAMED("users2"));
    tern_use(app, NAMED("app2"));
    compile(app);

    CHECK_INT(router_count(app->router), 3);
    const route *at = router_at(app->router, 0);
    CHECK_TEXT(at->pattern, "/top");
    CHECK_TEXT(chain_text(at->chain), "app1 app2 ");
    CHECK_INT(at->chain_len, 2);
    CHECK_TEXT(at->name, "first");
    at = router_at(app->router, 1);
    CHECK_TEXT(at->pattern, "/api/users/{user:int}");
    CHECK_TEXT(chain_text(at->chain), "app1 app2 api1 users1 users2 route1 route2 ");
    CHECK_INT(at->chain_len, 7);
    CHECK_INT(at->param_count, 1);
    CHECK_TEXT(at->params[0], "user");
    at = router_at(app->router, 2);
    CHECK_TEXT(at->pattern, "/api/users/{user:int}/posts");
    CHECK_TEXT(chain_text(at->chain), "app1 app2 api1 users1 users2 ");
    CHECK(at->method == HTTP_POST);
    CHECK(at->handler.run == second->run);
    CHECK_TEXT(chain_text(app->unmatched_chain), "app1 app2 ");
    app_free(app);
}

TEST(app_takes_the_host_of_the_innermost_group_that_has_one)
{
    tern_app *app = tern_app_new(.title = "Test");
    tern_group *outer = tern_group_new(app, "", .host = "*.example.org");
    tern_group *inner = tern_group_new(tern_group_new(outer, "/v1"), "", .host = "api.example.org");
    tern_get(app, "/a", first);
    tern_get(tern_group_new(outer, "/v2"), "/a", first);
    tern_get(inner, "/a", first);
    compile(app);
    CHECK_TEXT(router_at(app->router, 0)->host, NULL);
    CHECK_TEXT(router_at(app->router, 1)->host, "*.example.org");
    CHECK_TEXT(router_at(app->router, 1)->pattern, "/v2/a");
    CHECK_TEXT(router_at(app->router, 2)->host, "api.example.org");
    CHECK_TEXT(router_at(app->router, 2)->pattern, "/v1/a");
    app_free(app);
}

TEST(app_copies_registered_texts)
{
    char title[] = "Title", prefix[] = "/g", pattern[] = "/p/{x}", name[] = "name", method[] = "PURGE";
    tern_middleware list[] = {NAMED("one"), {0}};
    tern_app *app = tern_app_new(.title = title);
    tern_group *group = tern_group_new(app, prefix, .use = list);
    tern_on(group, method, pattern, first, .name = name, .use = list, .max_body = 7);
    memset(title, 'X', sizeof title - 1);
    memset(prefix, 'X', sizeof prefix - 1);
    memset(pattern, 'X', sizeof pattern - 1);
    memset(name, 'X', sizeof name - 1);
    memset(method, 'X', sizeof method - 1);
    list[0] = NAMED("overwritten");
    compile(app);
    const route *at = router_at(app->router, 0);
    CHECK_TEXT(app->options.title, "Title");
    CHECK_TEXT(at->pattern, "/g/p/{x}");
    CHECK_TEXT(at->name, "name");
    CHECK_TEXT(at->method_name, "PURGE");
    CHECK_TEXT(chain_text(at->chain), "one one ");
    CHECK_INT(at->options.max_body, 7);
    app_free(app);
}

TEST(app_reports_all_mistakes_with_their_places)
{
    tern_app *app = tern_app_new(.title = "Test");
    tern_group *bad = tern_group_new(app, "api/");
    int line = __LINE__;
    tern_get(bad, "/a", first);
    tern_get(app, "/b", first);
    tern_get(app, "/b", second);
    tern_get(tern_group_new(app, "/x/{id}"), "/{id}", second);
    tern_on(app, NULL, NULL, (const tern_handler *)NULL);
    buf problems = {0};
    CHECK(!app_compile(app, &problems));
    char want[2048];
    snprintf(want, sizeof want,
             "%1$s:%2$d: GET api//a: a pattern begins with '/'\n"
             "%1$s:%5$d: GET /x/{id}/{id}: the name \"id\" is used twice\n"
             "%1$s:%6$d: (no method) (no pattern): the method is not a token\n"
             "%1$s:%6$d: (no method) (no pattern): it is NULL\n"
             "%1$s:%6$d: (no method) (no pattern): it has no handler\n"
             "%1$s:%4$d: GET /b: conflicts with %1$s:%3$d: GET /b answers the same requests\n",
             __FILE__, line + 1, line + 2, line + 3, line + 4, line + 5);
    CHECK_TEXT(problems.data, want);
    buf_free(&problems);
    app_free(app);
}

static tern_reply told(tern_ctx *c, const tern_problem *problem)
{
    (void)c;
    return (tern_reply){.status = problem->status};
}

TERN_MODEL(Mistaken, (int, f, .min = 5, .max = 3))

TEST(app_reports_mistakes_of_functions_for_problems)
{
    tern_app *app = tern_app_new(.title = "Test");
    tern_group *api = tern_group_new(app, "/api");
    int line = __LINE__;
    tern_on_problem(app, told);
    tern_on_problem(app, told);
    tern_on_problem(api, told);
    tern_on_status(api, 404, told);
    tern_on_status(api, 404, told);
    tern_on_status(api, 0, told);
    tern_on_status(api, 399, told);
    tern_on_status(api, 600, told);
    tern_on_status(api, 500, (tern_problem_function *)NULL);
    tern_on_status(api, 501, told, .returns = TERN_TYPE(Mistaken));
    buf problems = {0};
    CHECK(!app_compile(app, &problems));
    char want[2048];
    snprintf(
        want, sizeof want,
        "%1$s:%3$d: tern_on_problem already has a function, at %1$s:%2$d: a group has one for each status\n"
        "%1$s:%5$d: tern_on_status already has a function, at %1$s:%4$d: a group has one for each status\n"
        "%1$s:%6$d: tern_on_status is for errors, and 0 is not one: use 400 to 599\n"
        "%1$s:%7$d: tern_on_status is for errors, and 399 is not one: use 400 to 599\n"
        "%1$s:%8$d: tern_on_status is for errors, and 600 is not one: use 400 to 599\n"
        "%1$s:%9$d: tern_on_status needs a function\n"
        "model Mistaken, field f: .min = 5 is above .max = 3\n",
        __FILE__, line + 1, line + 2, line + 4, line + 5, line + 6, line + 7, line + 8, line + 9);
    CHECK_TEXT(problems.data, want);
    buf_free(&problems);
    schema_forget();
    app_free(app);
}

TEST(app_can_be_compiled_again_after_more_was_registered)
{
    tern_app *app = tern_app_new(.title = "Test");
    tern_get(app, "/a", first);
    compile(app);
    tern_get(app, "/b", second);
    compile(app);
    CHECK_INT(router_count(app->router), 2);
    app_free(app);
}

TEST(app_without_routes_compiles_and_finds_nothing)
{
    tern_app *app = tern_app_new(.title = "Test");
    compile(app);
    route_match match;
    CHECK_INT(router_match(app->router, HTTP_GET, TERN_STR("GET"), TERN_STR("h"), TERN_STR("/"), &match),
              ROUTE_NOT_FOUND);
    buf out = {0};
    router_print(app->router, &out);
    CHECK_TEXT(out.data, "No routes.\n");
    buf_free(&out);
    CHECK(app->unmatched_chain->run == NULL);
    app_free(app);
    app_free(NULL);
}

static bool start_ok(void *arg)
{
    (void)arg;
    return true;
}

static void stop_ok(void *arg)
{
    (void)arg;
}

static bool is_ready(tern_ctx *c)
{
    (void)c;
    return true;
}

TEST(app_keeps_hooks_and_checks_in_order)
{
    int a, b;
    tern_app *app = tern_app_new(.title = "Test");
    tern_on_start(app, start_ok, &a);
    tern_on_stop(app, stop_ok, &b);
    tern_ready_check(app, "database", is_ready);
    tern_ready_check(app, "queue", is_ready);
    CHECK(app->hooks->start == start_ok && app->hooks->stop == NULL && app->hooks->arg == &a);
    CHECK(app->hooks->next->stop == stop_ok && app->hooks->next->start == NULL);
    CHECK(app->hooks->next->arg == &b && app->hooks->next->next == NULL);
    CHECK_TEXT(app->checks->name, "database");
    CHECK_TEXT(app->checks->next->name, "queue");
    CHECK(app->checks->next->next == NULL);
    app_free(app);
}

#ifdef TERN_FAULTS
#include "base/mem.h"

TEST(app_reports_every_allocation_that_fails_during_registration)
{
    static char long_text[5000]; /* more than one chunk of the arena */
    memset(long_text, 'a', sizeof long_text - 1);
    long_text[0] = '/';
    for (unsigned long n = 1;; n++) {
        tern_app *app = tern_app_new(.title = "Test"); /* would exit */
        mem_fail_at(n, 0);
        tern_group *group = tern_group_new(app, long_text, .use = TERN_USE(NAMED("one")), .host = "h.org");
        tern_use(group, NAMED("two"));
        tern_get(group, long_text, first, .use = TERN_USE(NAMED("three")), .summary = long_text);
        tern_on_start(app, start_ok, NULL);
        tern_ready_check(app, long_text, is_ready);
        buf problems = {0};
        bool is_whole = app_compile(app, &problems);
        bool has_failed = mem_tried() >= n;
        mem_fail_at(0, 0);
        CHECK(is_whole == !has_failed);
        buf_free(&problems);
        app_free(app);
        if (!has_failed)
            break;
    }
}
#endif

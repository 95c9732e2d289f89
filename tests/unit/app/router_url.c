#include "app/router/router.h"
#include "check.h"

static tern_reply no_run(tern_ctx *c)
{
    (void)c;
    return (tern_reply){0};
}

static void add(router *r, const char *method, const char *text, const char *given, const char *handler)
{
    router_add(r, &(route){.method_name = method,
                           .pattern = text,
                           .name = given,
                           .handler = {.name = handler, .run = no_run, .file = "a.c", .line = 1},
                           .options = {.name = given}});
}

static router *make_router(void)
{
    router *r = router_new(TERN_SLASH_STRICT, NULL);
    add(r, "GET", "/", NULL, "home");
    add(r, "GET", "/todos/{id:int}", NULL, "todo");
    add(r, "PUT", "/todos/{id:int}", NULL, "todo");
    add(r, "GET", "/orders/{id:uuid}/lines/{line}", "line", "show");
    add(r, "GET", "/files/{rest...}", "file", "show");
    add(r, "GET", "/caf\xc3\xa9 & co/{x}/", "cafe", "todo2");
    add(r, "GET", "/one", NULL, "twice");
    add(r, "GET", "/two", NULL, "twice");
    add(r, "GET", "/three", "home2", "file");
    router_add(r, &(route){.method_name = "GET",
                           .pattern = "/branches/{name}",
                           .handler = {.name = "branch", .run = no_run, .file = "a.c", .line = 1},
                           .options = {.allow_encoded_slashes = true}});
    buf problems = {0};
    if (!router_compile(r, &problems))
        check_fail(__FILE__, __LINE__, "does not compile: %s", problems.data);
    return r;
}

TEST(router_builds_urls_that_lead_back_to_the_route)
{
    static const char uuid[] = "123e4567-e89b-12d3-a456-426614174000";
    static const struct {
        const char *name, *params[3], *want; /* NULL: refused */
    } cases[] = {
        {"home", {NULL}, "/"},
        {"todo", {"42"}, "/todos/42"},
        {"todo", {"-1"}, "/todos/-1"},
        {"todo", {"4x"}, NULL},
        {"todo", {"99999999999999999999"}, NULL},
        {"todo", {NULL}, NULL},
        {"todo", {"1", "2"}, NULL},
        {"line", {uuid, "a b/c"}, NULL},
        {"line", {uuid, "a b?c#d%e"}, "/orders/123e4567-e89b-12d3-a456-426614174000/lines/a%20b%3Fc%23d%25e"},
        {"line", {"123", "x"}, NULL},
        {"line", {uuid, ""}, NULL},
        {"line", {uuid, "."}, NULL},
        {"line", {uuid, ".."}, NULL},
        {"line", {uuid, "..."}, "/orders/123e4567-e89b-12d3-a456-426614174000/lines/..."},
        {"line", {uuid, "a\nb"}, NULL},
        {"line", {uuid, "a\\b"}, NULL},
        {"line", {uuid, "\xff"}, NULL},
        {"file", {"a/b c/d"}, "/files/a/b%20c/d"},
        {"file", {"a/../b"}, NULL},
        {"file", {"a/."}, NULL},
        {"file", {""}, NULL},
        {"cafe", {"\xc3\xbc"}, "/caf%C3%A9%20%26%20co/%C3%BC/"},
        {"twice", {NULL}, NULL},
        {"show", {NULL}, NULL},
        {"home2", {NULL}, "/three"},
        {"branch", {"fix/1"}, "/branches/fix%2F1"},
        {"branch", {"fix/../1"}, NULL},
        {"branch", {"fix\\1"}, NULL},
        {"none", {NULL}, NULL},
        {"", {NULL}, NULL},
    };
    router *r = make_router();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        buf url = {0};
        buf_add_text(&url, "https://h");
        bool built = router_build_url(r, cases[i].name, cases[i].params, &url);
        if (built != (cases[i].want != NULL))
            check_fail(__FILE__, __LINE__, "%s with \"%s\"", cases[i].name,
                       cases[i].params[0] != NULL ? cases[i].params[0] : "(none)");
        CHECK_BYTES(url.data, 9, "https://h", 9);
        CHECK_TEXT(url.data + 9, built ? cases[i].want : "");
        buf_free(&url);
    }
    router_free(r);
}

TEST(router_prefers_a_name_that_was_given_over_a_handlers)
{
    router *r = make_router(); /* "file" is given to one route and the handler of another */
    buf url = {0};
    const char *const params[] = {"x", NULL};
    CHECK(router_build_url(r, "file", params, &url));
    CHECK_TEXT(url.data, "/files/x");
    buf_free(&url);
    router_free(r);
}

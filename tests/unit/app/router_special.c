#include "app/router/internal.h"
#include "base/mem.h"
#include "check.h"
#include "schema/pattern/pattern.h"

#include <stdio.h>
#include <stdlib.h>

static tern_reply no_run(tern_ctx *c)
{
    (void)c;
    return (tern_reply){0};
}

static bool is_even(tern_str value)
{
    return (value.data[value.len - 1] - '0') % 2 == 0;
}

static const route_kind even = {.name = "even", .check = is_even, .pattern = "[0-9]+"};
static const route_kind opaque = {.next = &even, .name = "opaque", .check = is_even};
static const route_kind code = {.next = &opaque, .name = "code", .pattern = "[A-Z]{3}"};

static void add(router *r, int line, const char *method, const char *host, const char *text)
{
    static char names[64][16];
    snprintf(names[line], sizeof names[line], "r%d", line);
    router_add(r, &(route){.method_name = method,
                           .pattern = text,
                           .host = host,
                           .name = names[line],
                           .handler = {.name = "handler", .run = no_run, .file = "app.c", .line = line},
                           .options = {.file = "app.c", .line = line, .name = names[line]}});
}

static router *make(const char *const *patterns, size_t count)
{
    router *r = router_new(TERN_SLASH_STRICT, &code);
    for (size_t i = 0; i < count; i++)
        add(r, (int)i + 1, "GET", NULL, patterns[i]);
    buf problems = {0};
    if (!router_compile(r, &problems))
        check_fail(__FILE__, __LINE__, "does not compile: %s", problems.data);
    return r;
}

#define MAKE(...)                                                                                            \
    make((const char *const[]){__VA_ARGS__}, sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

static void forget(router *r)
{
    router_free(r);
    pattern_forget();
}

static tern_str str(const char *text)
{
    return (tern_str){text, strlen(text)};
}

/** Checks which pattern answers a path, and with which values: "one|two". NULL: no pattern does. */
static void check_match(const router *r, const char *path, const char *want, const char *values)
{
    route_match match;
    route_found found = router_match(r, HTTP_GET, TERN_STR("GET"), TERN_STR(""), str(path), &match);
    if ((found == ROUTE_FOUND) != (want != NULL))
        check_fail(__FILE__, __LINE__, "%s: found %d", path, (int)found);
    if (want == NULL)
        return;
    char seen[512] = "";
    for (unsigned i = 0; i < match.route->param_count; i++)
        snprintf(seen + strlen(seen), sizeof seen - strlen(seen), "%s%.*s", i != 0 ? "|" : "",
                 (int)match.params[i].len, match.params[i].data);
    if (strcmp(match.route->pattern, want) != 0 || strcmp(seen, values) != 0)
        check_fail(__FILE__, __LINE__, "%s: %s with %s, not %s with %s", path, match.route->pattern, seen,
                   want, values);
}

TEST(router_divides_a_segment_between_texts_and_parameters)
{
    static const struct {
        const char *pattern, *path, *values; /* NULL: no match */
    } cases[] = {
        {"/files/{name}.json", "/files/a.json", "a"},
        {"/files/{name}.json", "/files/a.b.json", "a.b"},
        {"/files/{name}.json", "/files/a.json.json", "a.json"},
        {"/files/{name}.json", "/files/.json", NULL},
        {"/files/{name}.json", "/files/ajson", NULL},
        {"/files/{name}.json", "/files/a.jsonx", NULL},
        {"/files/{name}.json", "/files/a.JSON", NULL},
        {"/files/{name}.json", "/files/a/b.json", NULL},
        {"/v{version:int}", "/v12", "12"},
        {"/v{version:int}", "/v", NULL},
        {"/v{version:int}", "/vx", NULL},
        {"/@{user}", "/@me", "me"},
        {"/{year}-{month}", "/2026-12", "2026|12"},
        {"/{year}-{month}", "/2026-12-31", "2026-12|31"},
        {"/{year}-{month}", "/2026-", NULL},
        {"/{year}-{month}", "/-12", NULL},
        {"/{year}-{month}", "/2026", NULL},
        {"/{y:int}-{m:int}-{d:int}", "/2026-12-31", "2026|12|31"},
        {"/{y:int}-{m:int}", "/-5--3", "-5|-3"},
        {"/{y:int}-{m:int}", "/5-x", NULL},
        {"/{id:int}-{title}", "/7-to-9", "7|to-9"},
        {"/{title}-{id:int}", "/to-9-7", "to-9|7"},
        {"/{title:slug}-{id:int}", "/to-9-7", "to-9|7"},
        {"/{id:uuid}-{n:int}", "/123e4567-e89b-12d3-a456-426614174000-7",
         "123e4567-e89b-12d3-a456-426614174000|7"},
        {"/{n}-{id:uuid}", "/a-b-123e4567-e89b-12d3-a456-426614174000",
         "a-b|123e4567-e89b-12d3-a456-426614174000"},
        {"/{from:date}-{to:date}", "/2026-01-01-2026-02-28", "2026-01-01|2026-02-28"},
        {"/{from:date}-{to:date}", "/2026-01-01-2026-02-29", NULL},
        {"/{name}.{ext}", "/archive.tar.gz", "archive.tar|gz"},
        {"/{base}...{head}", "/v1...v2", "v1|v2"},
        {"/{base}...{head}", "/v1....v2", "v1.|v2"},
        {"/{user}@{host}:{port:int}", "/a@b:80", "a|b|80"},
        {"/x{a}y{b}z", "/xaybz", "a|b"},
        {"/x{a}y{b}z", "/xyyyz", "y|y"},
        {"/x{a}y{b}z", "/xyz", NULL},
        {"/{a}.b/{c}", "/x.b/y", "x|y"},
        {"/{a}.b/", "/x.b/", "x"},
        {"/{a}.b", "/x.b/", NULL},
        {"/{id:[0-9]+}-{title:[a-z0-9-]+}", "/7-to-9", "7|to-9"},
        {"/{title:[a-z0-9-]+}-{id:[0-9]+}", "/to-9-7", "to-9|7"},
        {"/{a:x|xy}{b}", "/xyz", "xy|z"},
        {"/{year:[0-9]{4}}-{month:int}.{ext}", "/2026-12.tar.gz", "2026|12|tar.gz"},
        {"/{year:[0-9]{4}}-{month:int}.{ext}", "/2026-x.gz", NULL},
        {"/a.{x:[a-z]+}", "/abb", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (strstr(cases[i].pattern, "}{") != NULL)
            continue;
        router *r = MAKE(cases[i].pattern);
        check_match(r, cases[i].path, cases[i].values != NULL ? cases[i].pattern : NULL, cases[i].values);
        forget(r);
    }
}

TEST(router_checks_the_kind_of_a_parameter)
{
    static const struct {
        const char *kind, *values[6], *others[6];
    } cases[] = {
        {"date",
         {"2026-12-31", "2024-02-29", "2000-02-29"},
         {"2026-02-29", "1900-02-29", "2026-13-01", "2026-00-10", "2026-1-1", "2026/01/01"}},
        {"date", {"0001-01-01"}, {"2026-01-00", "2026-04-31", "x026-01-01", "2026-01-011"}},
        {"alpha", {"a", "Zz"}, {"a1", "a-b", "\xc3\xa9"}},
        {"hex", {"0", "beef", "BEEF09"}, {"g", "0x1"}},
        {"alnum", {"a1", "7"}, {"a-b", "a_b"}},
        {"slug", {"a-b_c-7", "-"}, {"a.b", "a b", "\xc3\xa9"}},
        {"even", {"12"}, {"13"}},
        {"code", {"ABC"}, {"AB", "abc", "ABCD", "ABC\n"}},
        {"[0-9]{3}", {"123"}, {"12", "1234", "123\n", "x123"}},
        {"^a+$", {"aa"}, {"ab", "baa"}},
        {"de|en", {"de", "en"}, {"den", "d", "deen"}},
        {"(?i)abc", {"ABC"}, {"ABD"}},
        {"[{}]+", {"{}"}, {"a"}},
        {"[^/]+", {"a"}, {NULL}},
        {"\\p{Lu}.", {"\xc3\x89x"}, {"\xc3\xa9x"}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[64], path[64];
        snprintf(text, sizeof text, "/{x:%s}", cases[i].kind);
        router *r = MAKE(text);
        for (size_t k = 0; k < 6 && cases[i].values[k] != NULL; k++) {
            snprintf(path, sizeof path, "/%s", cases[i].values[k]);
            check_match(r, path, text, cases[i].values[k]);
        }
        for (size_t k = 0; k < 6 && cases[i].others[k] != NULL; k++) {
            snprintf(path, sizeof path, "/%s", cases[i].others[k]);
            check_match(r, path, NULL, NULL);
        }
        forget(r);
    }
}

TEST(router_prefers_more_text_then_int_uuid_kinds_expressions_plain_and_rest)
{
    router *r = MAKE("/f/{rest...}", "/f/{x}", "/f/{x:[a-z0-9]+}", "/f/{x:slug}", "/f/{x:alpha}",
                     "/f/{x:code}", "/f/{x:int}", "/f/{name}.{ext}", "/f/{name}.gz", "/f/{name}.tar.gz",
                     "/f/{n:int}.gz", "/f/me.gz", "/f/{x:hex}/a");
    static const char *const cases[][3] = {
        {"/f/me.gz", "/f/me.gz", ""},          {"/f/7.gz", "/f/{n:int}.gz", "7"},
        {"/f/a.gz", "/f/{name}.gz", "a"},      {"/f/a.tar.gz", "/f/{name}.tar.gz", "a"},
        {"/f/a.b", "/f/{name}.{ext}", "a|b"},  {"/f/7", "/f/{x:int}", "7"},
        {"/f/ABC", "/f/{x:code}", "ABC"},      {"/f/abc", "/f/{x:alpha}", "abc"},
        {"/f/a7", "/f/{x:slug}", "a7"},        {"/f/a b", "/f/{x}", "a b"},
        {"/f/abc/a", "/f/{x:hex}/a", "abc"},   {"/f/7/a", "/f/{x:hex}/a", "7"},
        {"/f/abc/b", "/f/{rest...}", "abc/b"}, {"/f/a.gz/b", "/f/{rest...}", "a.gz/b"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_match(r, cases[i][0], cases[i][1], cases[i][2]);
    forget(r);
}

TEST(router_tells_routes_apart_whose_expressions_have_no_text_in_common)
{
    router *r = MAKE("/{id:[0-9]+}", "/{name:[a-z]+}", "/{lang:DE|EN}", "/x/{a:[0-9]{4}}", "/x/{b:[0-9]{6}}",
                     "/y/{a:a.*}/1", "/y/{b:.*a}/2", "/z/{a:even}", "/z/{b:code}", "/w/{a}.txt",
                     "/w/{b}.json", "/u/{a:[^\\d]+}", "/u/{b:\\d+}", "/s/{a:\xc3\xa9+}", "/s/{b:[a-z]+}");
    check_match(r, "/12", "/{id:[0-9]+}", "12");
    check_match(r, "/ab", "/{name:[a-z]+}", "ab");
    check_match(r, "/DE", "/{lang:DE|EN}", "DE");
    check_match(r, "/x/123456", "/x/{b:[0-9]{6}}", "123456");
    check_match(r, "/y/aba/2", "/y/{b:.*a}/2", "aba");
    check_match(r, "/z/ABC", "/z/{b:code}", "ABC");
    check_match(r, "/w/a.json", "/w/{b}.json", "a");
    check_match(r, "/u/x", "/u/{a:[^\\d]+}", "x");
    check_match(r, "/s/\xc3\xa9", "/s/{a:\xc3\xa9+}", "\xc3\xa9");
    forget(r);
}

TEST(router_refuses_routes_of_which_neither_is_more_specific_and_names_both)
{
    static const struct {
        const char *first, *second;
        bool is_ambiguous;
    } cases[] = {
        {"/{a:[a-z]+}", "/{b:[a-c]+}", true},
        {"/{a:[a-z]+}", "/{b:[0-9]+}", false},
        {"/{a:[a-z]+}/x", "/{b:[a-c]+}/y", false},
        {"/{a:[a-z]+}/x", "/{b:[a-c]+}/{c}", true},
        {"/{a:[a-z]+}/x", "/{b:[a-c]+}/{c:int}", false},
        {"/{a:[a-z]+}", "/{b:[a-c]+}/{c...}", false},
        {"/{a:[a-z]+}/x", "/{b:[a-c]+}/{c...}", true},
        {"/{a:opaque}", "/{b:even}", true},
        {"/{a:opaque}", "/{b:slug}", false},
        {"/{a:even}", "/{b:code}", false},
        {"/{a:a(?=b).*}", "/{b:a.*}", true},
        {"/{a:(?i)abc}", "/{b:[0-9]}", true},
        {"/{a:[[:alpha:]]}", "/{b:[0-9]}", true},
        {"/{a:(?:ab){2,3}}", "/{b:(abababab)}", false},
        {"/{a:(?:ab){2,3}}", "/{b:(ab)+}", true},
        {"/{a:[0-9]{2000}}", "/{b:[a-z]}", true},
        {"/{a}x", "/x{b}", true},
        {"/{a}.x", "/{b}.y", false},
        {"/{a:int}-{b}", "/{a}-{b:int}", false},
        {"/{a}-{b}", "/{a}.{b}", true},
        {"/{a}.{b}", "/{a}.{b}.{c}", false},
        {"/p/{a:[a-z]+}", "/q/{b:[a-c]+}", false},
        {"/{a:\xc3\xa9}", "/{b:\xc3\xa8}", false},
        {"/{a:\xc3\xa9}", "/{b:[^a]}", true},
        {"/{a:\\w+}", "/{b:\\W+}", false},
        {"/{a:x?}", "/{b:y?}", true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        router *r = router_new(TERN_SLASH_STRICT, &code);
        buf problems = {0};
        char want[256];
        add(r, 1, "GET", NULL, cases[i].first);
        add(r, 2, "GET", NULL, cases[i].second);
        snprintf(
            want, sizeof want,
            "app.c:2: GET %s: may match the same requests as app.c:1: GET %s, and neither is more specific\n",
            cases[i].second, cases[i].first);
        if (router_compile(r, &problems) == cases[i].is_ambiguous)
            check_fail(__FILE__, __LINE__, "%s and %s: %s", cases[i].first, cases[i].second,
                       cases[i].is_ambiguous ? "taken" : problems.data);
        if (cases[i].is_ambiguous)
            CHECK_TEXT(problems.data, want);
        buf_free(&problems);
        forget(r);
    }
}

TEST(router_takes_ambiguous_patterns_of_other_methods_and_hosts)
{
    router *r = router_new(TERN_SLASH_STRICT, NULL);
    buf problems = {0};
    add(r, 1, "GET", NULL, "/{a:[a-z]+}");
    add(r, 2, "POST", NULL, "/{b:[a-c]+}");
    add(r, 3, "GET", "h.org", "/{c:[a-b]+}");
    CHECK(router_compile(r, &problems));
    forget(r);
}

TEST(router_names_the_parameter_whose_expression_is_wrong)
{
    static const char *const cases[][2] = {
        {"/{a:(b}", "app.c:1: GET /{a:(b}: {a:...}: missing closing parenthesis, at byte 2\n"},
        {"/{a:x)|(y}", "app.c:1: GET /{a:x)|(y}: {a:...}: unmatched closing parenthesis, at byte 1\n"},
        {"/{a}-{b:*}",
         "app.c:1: GET /{a}-{b:*}: {b:...}: quantifier does not follow a repeatable item, at byte 0\n"},
        {"/{a:(?<n>x)}", "app.c:1: GET /{a:(?<n>x)}: {a:...}: groups in an expression have no names\n"},
        {"/{a}-{b:(x)\\1}",
         "app.c:1: GET /{a}-{b:(x)\\1}: {b:...}: reference to non-existent subpattern, at byte 4\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        router *r = router_new(TERN_SLASH_STRICT, NULL);
        buf problems = {0};
        add(r, 1, "GET", NULL, cases[i][0]);
        CHECK(!router_compile(r, &problems));
        CHECK_TEXT(problems.data, cases[i][1]);
        buf_free(&problems);
        forget(r);
    }
}

TEST(router_conflicts_where_only_the_names_of_parameters_differ)
{
    router *r = router_new(TERN_SLASH_STRICT, NULL);
    buf problems = {0};
    add(r, 1, "GET", NULL, "/{a:[0-9]+}.json");
    add(r, 2, "GET", NULL, "/{b:[0-9]+}.json");
    CHECK(!router_compile(r, &problems));
    CHECK_TEXT(problems.data, "app.c:2: GET /{b:[0-9]+}.json: conflicts with app.c:1: GET /{a:[0-9]+}.json "
                              "answers the same requests\n");
    buf_free(&problems);
    forget(r);
}

TEST(router_goes_on_with_a_less_specific_route_when_a_constraint_fails_later)
{
    router *r = MAKE("/{a}.json/x", "/{b}/y", "/{c:slug}/z", "/{d:[a-z]+}/w", "/{r...}");
    check_match(r, "/q.json/x", "/{a}.json/x", "q");
    check_match(r, "/q.json/y", "/{b}/y", "q.json");
    check_match(r, "/q/z", "/{c:slug}/z", "q");
    check_match(r, "/q/w", "/{d:[a-z]+}/w", "q");
    check_match(r, "/q/v", "/{r...}", "q/v");
    forget(r);
}

TEST(router_lists_the_methods_of_all_patterns_whose_constraints_hold)
{
    router *r = router_new(TERN_SLASH_STRICT, NULL);
    buf problems = {0};
    route_match match;
    add(r, 1, "POST", NULL, "/{a:[0-9]+}");
    add(r, 2, "PUT", NULL, "/{b}");
    add(r, 3, "DELETE", NULL, "/{c:[a-z]+}");
    CHECK(router_compile(r, &problems));
    CHECK_INT(router_match(r, HTTP_GET, TERN_STR("GET"), TERN_STR(""), TERN_STR("/12"), &match),
              ROUTE_WRONG_METHOD);
    CHECK_TEXT(match.allow, "POST, PUT, OPTIONS");
    forget(r);
}

TEST(router_builds_only_urls_whose_values_are_read_back)
{
    static const struct {
        const char *pattern, *values[3], *want; /* NULL: refused */
    } cases[] = {
        {"/f/{name}.json", {"a b"}, "/f/a%20b.json"},
        {"/f/{name}.json", {""}, NULL},
        {"/f/{name}.json", {"."}, "/f/..json"},
        {"/{a}.{b}", {"x.y", "z"}, "/x.y.z"},
        {"/{a}.{b}", {"x", "y.z"}, NULL},
        {"/{a}.{b}", {".", "."}, "/..."},
        {"/.{a}", {"."}, NULL},
        {"/{id:[0-9]+}", {"12"}, "/12"},
        {"/{id:[0-9]+}", {"1x"}, NULL},
        {"/{day:date}", {"2026-02-28"}, "/2026-02-28"},
        {"/{day:date}", {"2026-02-29"}, NULL},
        {"/{id:even}", {"3"}, NULL},
        {"/{id:int}-{title}", {"7", "a/b"}, NULL},
        {"/{id:int}-{title}", {"7", "a-b"}, "/7-a-b"},
        {"/{id:int}-{title}", {"7"}, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        router *r = MAKE(cases[i].pattern);
        buf url = {0};
        bool is_built = router_build_url(r, "r1", cases[i].values, &url);
        if (is_built != (cases[i].want != NULL))
            check_fail(__FILE__, __LINE__, "%s of %s: %s", cases[i].pattern, cases[i].values[0],
                       is_built ? url.data : "refused");
        if (is_built)
            CHECK_TEXT(url.data, cases[i].want);
        buf_free(&url);
        forget(r);
    }
}

TEST(threat_062_no_path_makes_constraints_slow)
{
    enum { LONG = 8000 };
    static char path[LONG + 2] = "/";
    router *r = MAKE("/{a}-{b}-{c}-{d}", "/{x:(?:a|aa)+b}", "/{p:[a-]+}.{q:[a-]+}.{r:[a-]+}");
    route_match match;
    unsigned steps;
    memset(path + 1, '-', LONG);
    router_match_counted(r, HTTP_GET, TERN_STR("GET"), TERN_STR(""), str(path), &match, &steps);
    CHECK(steps <= r->node_count);
    memset(path + 1, 'a', LONG);
    CHECK_INT(router_match_counted(r, HTTP_GET, TERN_STR("GET"), TERN_STR(""), str(path), &match, &steps),
              ROUTE_NOT_FOUND);
    CHECK(steps <= r->node_count);
    forget(r);
}

TEST(router_with_constraints_reports_every_allocation_that_fails)
{
    for (unsigned long n = 1;; n++) {
        buf problems = {0};
        mem_fail_at(n, 0);
        router *r = router_new(TERN_SLASH_REDIRECT, &code);
        bool is_right = r != NULL;
        if (is_right) {
            add(r, 1, "GET", NULL, "/{a:[0-9]+}-{b}");
            add(r, 2, "GET", NULL, "/{a:[a-z]+}-{b:int}");
            add(r, 3, "GET", NULL, "/{a:slug}/");
            is_right = router_compile(r, &problems);
        }
        bool is_done = mem_tried() < n;
        mem_fail_at(0, 0);
        CHECK(is_right || r == NULL || problems.failed || problems.len != 0); /* JIT code is not needed */
        CHECK(is_right || !is_done);
        buf_free(&problems);
        forget(r);
        if (is_done)
            return;
    }
}

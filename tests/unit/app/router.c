#include "app/router/internal.h"
#include "check.h"

#include <stdio.h>
#include <stdlib.h>

static tern_reply no_run(tern_ctx *c)
{
    (void)c;
    return (tern_reply){0};
}

/** A route as tests write it: the "line" is its number, so that messages and matches can name it. */
static void add_at(router *r, int line, const char *method, const char *host, const char *text,
                   const char *name)
{
    route added = {
        .method_name = method,
        .pattern = text,
        .host = host,
        .name = name,
        .handler = {.name = "handler", .run = no_run, .file = "handlers.c", .line = line},
        .options = {.file = "app.c", .line = line, .name = name},
    };
    router_add(r, &added);
}

static router *make(tern_slashes slashes, const char *const (*routes)[2], size_t count)
{
    router *r = router_new(slashes, NULL);
    for (size_t i = 0; i < count; i++)
        add_at(r, (int)i + 1, routes[i][0], NULL, routes[i][1], NULL);
    buf problems = {0};
    if (!router_compile(r, &problems))
        check_fail(__FILE__, __LINE__, "does not compile: %s", problems.data);
    return r;
}

static tern_str str(const char *text)
{
    return (tern_str){text, text != NULL ? strlen(text) : 0};
}

static route_found ask(const router *r, const char *method, const char *host, const char *path,
                       route_match *match)
{
    return router_match(r, http_method_of(method, strlen(method)), str(method), str(host), str(path), match);
}

typedef struct match_case {
    const char *method, *path;
    route_found found;
    const char *want;   /* the pattern, or Allow */
    const char *params; /* "one|two" */
} match_case;

static void check_cases(const router *r, const match_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const match_case *want = &cases[i];
        route_match match;
        route_found found = ask(r, want->method, NULL, want->path, &match);
        if (found != want->found)
            check_fail(__FILE__, __LINE__, "%s %s: found %d, not %d", want->method, want->path, (int)found,
                       (int)want->found);
        CHECK_TEXT(found == ROUTE_FOUND ? match.route->pattern : match.allow, want->want);
        if (found != ROUTE_FOUND || want->params == NULL)
            continue;
        char seen[512] = "";
        for (unsigned k = 0; k < match.route->param_count; k++)
            snprintf(seen + strlen(seen), sizeof seen - strlen(seen), "%s%.*s", k != 0 ? "|" : "",
                     (int)match.params[k].len, match.params[k].data);
        CHECK_TEXT(seen, want->params);
    }
}

#define CHECK_CASES(r, cases) check_cases(r, cases, sizeof(cases) / sizeof *(cases))
#define MAKE(slashes, routes) make(slashes, routes, sizeof(routes) / sizeof *(routes))
#define UUID                  "123e4567-e89b-12d3-a456-426614174000"

TEST(router_prefers_text_then_int_then_uuid_then_plain_then_rest)
{
    static const char *const routes[][2] = {
        {"GET", "/u/{rest...}"}, {"GET", "/u/{x}"},       {"GET", "/u/{x:uuid}"}, {"GET", "/u/{x:int}"},
        {"GET", "/u/42"},        {"GET", "/u/{x}/posts"}, {"GET", "/u/me"},       {"GET", "/u/{x:int}/pay"},
    };
    static const match_case cases[] = {
        {"GET", "/u/42", ROUTE_FOUND, "/u/42", ""},
        {"GET", "/u/43", ROUTE_FOUND, "/u/{x:int}", "43"},
        {"GET", "/u/-43", ROUTE_FOUND, "/u/{x:int}", "-43"},
        {"GET", "/u/" UUID, ROUTE_FOUND, "/u/{x:uuid}", UUID},
        {"GET", "/u/me", ROUTE_FOUND, "/u/me", ""},
        {"GET", "/u/you", ROUTE_FOUND, "/u/{x}", "you"},
        {"GET", "/u/me/posts", ROUTE_FOUND, "/u/{x}/posts", "me"},
        {"GET", "/u/7/posts", ROUTE_FOUND, "/u/{x}/posts", "7"},
        {"GET", "/u/7/pay", ROUTE_FOUND, "/u/{x:int}/pay", "7"},
        {"GET", "/u/me/pay", ROUTE_FOUND, "/u/{rest...}", "me/pay"},
        {"GET", "/u//", ROUTE_FOUND, "/u/{rest...}", "/"},
        {"GET", "/u/", ROUTE_NOT_FOUND, NULL, NULL},
        {"GET", "/u", ROUTE_NOT_FOUND, NULL, NULL},
    };
    router *r = MAKE(TERN_SLASH_STRICT, routes);
    CHECK_CASES(r, cases);
    router_free(r);
}

TEST(router_uses_a_less_specific_route_when_the_best_lacks_the_method)
{
    static const char *const routes[][2] = {{"GET", "/users/me"},
                                            {"POST", "/users/{id}"},
                                            {"DELETE", "/users/{rest...}"},
                                            {"PURGE", "/users/{id}"}};
    static const match_case cases[] = {
        {"POST", "/users/me", ROUTE_FOUND, "/users/{id}", "me"},
        {"DELETE", "/users/me", ROUTE_FOUND, "/users/{rest...}", "me"},
        {"PURGE", "/users/me", ROUTE_FOUND, "/users/{id}", "me"},
        {"HEAD", "/users/me", ROUTE_FOUND, "/users/me", ""},
        {"PUT", "/users/me", ROUTE_WRONG_METHOD, "GET, HEAD, POST, DELETE, OPTIONS, PURGE", NULL},
        {"PUT", "/users/you", ROUTE_WRONG_METHOD, "POST, DELETE, OPTIONS, PURGE", NULL},
        {"MOVE", "/users/a/b", ROUTE_WRONG_METHOD, "DELETE, OPTIONS", NULL},
        {"purge", "/users/a", ROUTE_WRONG_METHOD, "POST, DELETE, OPTIONS, PURGE", NULL},
        {"OPTIONS", "/users/you", ROUTE_OPTIONS, "POST, DELETE, OPTIONS, PURGE", NULL},
    };
    router *r = MAKE(TERN_SLASH_STRICT, routes);
    CHECK_CASES(r, cases);
    router_free(r);
}

TEST(router_answers_head_by_get_unless_it_has_its_own)
{
    static const char *const routes[][2] = {{"GET", "/a"},     {"GET", "/b"},  {"HEAD", "/b"},
                                            {"OPTIONS", "/b"}, {"HEAD", "/c"}, {"POST", "/d"}};
    router *r = MAKE(TERN_SLASH_STRICT, routes);
    route_match match;
    CHECK_INT(ask(r, "HEAD", NULL, "/a", &match), ROUTE_FOUND);
    CHECK_TEXT(match.route->method_name, "GET");
    CHECK_INT(ask(r, "HEAD", NULL, "/b", &match), ROUTE_FOUND);
    CHECK_TEXT(match.route->method_name, "HEAD");
    CHECK_INT(ask(r, "OPTIONS", NULL, "/b", &match), ROUTE_FOUND);
    CHECK_INT(ask(r, "OPTIONS", NULL, "/a", &match), ROUTE_OPTIONS);
    CHECK_TEXT(match.allow, "GET, HEAD, OPTIONS");
    CHECK_INT(ask(r, "GET", NULL, "/c", &match), ROUTE_WRONG_METHOD);
    CHECK_TEXT(match.allow, "HEAD, OPTIONS");
    CHECK_INT(ask(r, "HEAD", NULL, "/d", &match), ROUTE_WRONG_METHOD);
    CHECK_TEXT(match.allow, "POST, OPTIONS");
    CHECK_INT(ask(r, "OPTIONS", NULL, "/none", &match), ROUTE_NOT_FOUND);
    CHECK(match.allow == NULL && match.route == NULL);
    router_free(r);
}

TEST(router_int_is_up_to_19_digits_within_64_bits)
{
    static const struct {
        const char *text;
        bool is_int;
    } cases[] = {
        {"0", true},
        {"-0", true},
        {"007", true},
        {"9223372036854775807", true},
        {"9223372036854775808", false},
        {"-9223372036854775808", true},
        {"-9223372036854775809", false},
        {"0000000000000000001", true},
        {"00000000000000000001", false},
        {"", false},
        {"-", false},
        {"--1", false},
        {"+1", false},
        {"1 ", false},
        {"1a", false},
        {"0x1", false},
        {"99999999999999999999", false},
        {"\xd9\xa1", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (segment_is_int(cases[i].text, strlen(cases[i].text)) != cases[i].is_int)
            check_fail(__FILE__, __LINE__, "\"%s\"", cases[i].text);
}

TEST(router_uuid_is_the_canonical_form_only)
{
    static const struct {
        const char *text;
        bool is_uuid;
    } cases[] = {
        {UUID, true},
        {"123E4567-E89B-12D3-A456-42661417400F", true},
        {"123e4567-e89b-12d3-a456-42661417400", false},
        {"123e4567-e89b-12d3-a456-4266141740000", false},
        {"123e4567e-89b-12d3-a456-426614174000", false},
        {"123e4567-e89b-12d3-a456-42661417400g", false},
        {"{23e4567-e89b-12d3-a456-42661417400}", false},
        {"123e4567-e89b-12d3-a4567426614174000", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (segment_is_uuid(cases[i].text, strlen(cases[i].text)) != cases[i].is_uuid)
            check_fail(__FILE__, __LINE__, "\"%s\"", cases[i].text);
}

TEST(router_reports_the_mistake_in_a_pattern_and_its_position)
{
    static const struct {
        const char *pattern, *problem;
    } cases[] = {
        {"", "a pattern begins with '/'"},
        {"a", "a pattern begins with '/'"},
        {"/{a}{b}", "'{' at byte 4: text must separate two parameters"},
        {"/x{a}-{b}{c}", "'{' at byte 9: text must separate two parameters"},
        {"/a}", "'}' at byte 2 does not end a parameter"},
        {"/{a}}", "'}' at byte 4 does not end a parameter"},
        {"/a{b...}", "{b...} must be a whole segment"},
        {"/{b...}.json", "{b...} must be a whole segment"},
        {"/{a:[0-9}", "'{' at byte 1 is never closed"},
        {"/{a:[0-9]{4}", "'{' at byte 1 is never closed"},
        {"/{a/b}", "'{' at byte 1 is never closed"},
        {"/{a:int(3)}", "\"int(3)\" at byte 4: the kind int takes nothing in parentheses"},
        {"/{a}.{a}", "the name \"a\" is used twice"},
        {"/{a", "'{' at byte 1 is never closed"},
        {"/{}", "the parameter at byte 2 has no name"},
        {"/{:int}", "the parameter at byte 2 has no name"},
        {"/{...}", "the parameter at byte 2 has no name"},
        {"/{1a}", "\"1a\" at byte 2 is not a name: letters, digits and '_', no digit first"},
        {"/{a b}", "\"a b\" at byte 2 is not a name: letters, digits and '_', no digit first"},
        {"/{a:str}",
         "\"str\" at byte 4 is not a kind: the kinds are int, uuid, date, alpha, hex, alnum, slug; an "
         "expression is written (str)"},
        {"/{a:}", "\"\" at byte 4 is not a kind: the kinds are int, uuid, date, alpha, hex, alnum, slug; an "
                  "expression is written ()"},
        {"/{a:int...}", "\"int...\" at byte 4: {name...} takes any text, so it has no kind"},
        {"/{a}/x/{a:int}", "the name \"a\" is used twice"},
        {"/{a...}/b", "{a...} must be the last segment"},
        {"/{a...}/", "{a...} must be the last segment"},
        {"/a?b", "'?' at byte 2: a pattern is a path only"},
        {"/a#b", "'#' at byte 2: a pattern is a path only"},
        {"/a//b", "empty segment at byte 3"},
        {"//", "empty segment at byte 1"},
        {"/a/../b", "the segment \"..\" at byte 3 can never match"},
        {"/.", "the segment \".\" at byte 1 can never match"},
        {"/a\\b", "byte 2 is 0x5c, which a path cannot contain"},
        {"/a\nb", "byte 2 is 0x0a, which a path cannot contain"},
        {"/a/\xc0\xaf", "the segment at byte 3 is not UTF-8"},
        {"/users/:id", "\":id\" at byte 7: parameters are written {name}, {name:int} or {rest...}"},
        {"/users/<int:id>", "\"<int:id>\" at byte 7: parameters are written {name}, {name:int} or {rest...}"},
        {"/files/*", "\"*\" at byte 7: parameters are written {name}, {name:int} or {rest...}"},
        {"/{a}/{b}/{c}/{d}/{e}/{f}/{g}/{h}/{i}/{j}/{k}/{l}/{m}/{n}/{o}/{p}/{q}", "more than 16 parameters"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        pattern p;
        char problem[PATTERN_PROBLEM_BYTES] = "";
        CHECK(!pattern_parse(&p, cases[i].pattern, NULL, problem));
        CHECK_TEXT(problem, cases[i].problem);
    }
    char deep[2 * (PATTERN_SEGMENTS_MAX + 1) + 1] = "", problem[PATTERN_PROBLEM_BYTES];
    pattern p;
    for (int i = 0; i < PATTERN_SEGMENTS_MAX; i++)
        strcat(deep, "/a");
    CHECK(pattern_parse(&p, deep, NULL, problem));
    strcat(deep, "/a");
    CHECK(!pattern_parse(&p, deep, NULL, problem));
    CHECK_TEXT(problem, "more than 64 segments");
}

TEST(router_reports_every_mistake_with_both_places)
{
    router *r = router_new(TERN_SLASH_STRICT, NULL);
    add_at(r, 1, "GET", NULL, "/a/{x}", "one");
    add_at(r, 2, "GET", NULL, "/a/{y}", NULL);
    add_at(r, 3, "GET", NULL, "/a/{x:int}", NULL);
    add_at(r, 4, "GET", "h.org", "/a/{x}", NULL);
    add_at(r, 5, "GET", "H.org.", "/a/{z}", NULL);
    add_at(r, 6, "GET", "*.org", "/a/{z}", NULL);
    add_at(r, 7, "POST", NULL, "/a/{x}", "one");
    add_at(r, 8, "get", NULL, "/b", NULL);
    add_at(r, 9, "B AD", NULL, "/b", NULL);
    add_at(r, 10, "GET", NULL, "b", NULL);
    add_at(r, 11, "GET", "h.org:80", "/b", NULL);
    add_at(r, 12, "GET", NULL, "/a/{r...}", NULL);
    add_at(r, 13, "GET", NULL, "/a/{s...}", NULL);
    add_at(r, 14, "HEAD", NULL, "/a/{x}", NULL);
    add_at(r, 15, "X-Y", NULL, "/c", NULL);
    add_at(r, 16, "X-Y", NULL, "/c", NULL);
    add_at(r, 17, NULL, NULL, NULL, NULL);
    router_add(r, &(route){.method_name = "GET", .pattern = "/d", .options = {.file = "app.c", .line = 18}});
    buf problems = {0};
    CHECK(!router_compile(r, &problems));
    CHECK_TEXT(problems.data,
               "app.c:8: get /b: methods are case-sensitive: write GET\n"
               "app.c:9: B AD /b: the method is not a token\n"
               "app.c:10: GET b: a pattern begins with '/'\n"
               "app.c:17: (no method) (no pattern): the method is not a token\n"
               "app.c:17: (no method) (no pattern): it is NULL\n"
               "app.c:18: GET /d: it has no handler\n"
               "app.c:2: GET /a/{y}: conflicts with app.c:1: GET /a/{x} answers the same requests\n"
               "app.c:5: GET /a/{z}: conflicts with app.c:4: GET /a/{x} answers the same requests\n"
               "app.c:11: GET /b: \"h.org:80\" is not a host: a name without port, or \"*.\" and a name\n"
               "app.c:13: GET /a/{s...}: conflicts with app.c:12: GET /a/{r...} answers the same requests\n"
               "app.c:16: X-Y /c: conflicts with app.c:15: X-Y /c answers the same requests\n"
               "app.c:7: POST /a/{x}: the name \"one\" is taken by app.c:1: GET /a/{x}\n");
    buf_free(&problems);
    router_free(r);
}

TEST(router_tries_routes_of_the_host_before_those_of_any)
{
    router *r = router_new(TERN_SLASH_STRICT, NULL);
    add_at(r, 1, "GET", NULL, "/a", NULL);
    add_at(r, 2, "GET", "api.example.org", "/a", NULL);
    add_at(r, 3, "GET", "*.example.org", "/a", NULL);
    add_at(r, 4, "GET", "*.b.example.org", "/{x}", NULL);
    add_at(r, 5, "GET", "[::1]", "/a", NULL);
    add_at(r, 6, "POST", "*.example.org", "/p", NULL);
    add_at(r, 7, "PUT", NULL, "/p", NULL);
    buf problems = {0};
    CHECK(router_compile(r, &problems));
    static const struct {
        const char *host;
        int line;
    } cases[] = {
        {NULL, 1},
        {"", 1},
        {"other.org", 1},
        {"api.example.org", 2},
        {"API.Example.ORG", 2},
        {"api.example.org:8080", 2},
        {"api.example.org.", 2},
        {"api.example.org.:8080", 2},
        {"www.example.org", 3},
        {"a.api.example.org", 3},
        {"example.org", 1},
        {".example.org", 1},
        {"xexample.org", 1},
        {"a.b.example.org", 4},
        {"c.a.b.example.org:1", 4},
        {"b.example.org", 3},
        {"[::1]", 5},
        {"[::1]:80", 5},
        {"::1", 1},
        {":80", 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        route_match match;
        CHECK_INT(ask(r, "GET", cases[i].host, "/a", &match), ROUTE_FOUND);
        if (match.route->options.line != cases[i].line)
            check_fail(__FILE__, __LINE__, "host \"%s\" leads to route %d", cases[i].host,
                       match.route->options.line);
    }
    route_match match;
    CHECK_INT(ask(r, "GET", "www.example.org", "/p", &match), ROUTE_WRONG_METHOD);
    CHECK_TEXT(match.allow, "POST, PUT, OPTIONS");
    char long_host[600];
    memset(long_host, 'a', sizeof long_host - 1);
    long_host[sizeof long_host - 1] = '\0';
    CHECK_INT(ask(r, "GET", long_host, "/a", &match), ROUTE_FOUND);
    CHECK_INT(match.route->options.line, 1);
    router_free(r);
}

TEST(router_keeps_slashes_apart_when_strict)
{
    static const char *const routes[][2] = {
        {"GET", "/a"}, {"GET", "/b/"}, {"GET", "/{x:int}/"}, {"GET", "/"}};
    static const match_case cases[] = {
        {"GET", "/a", ROUTE_FOUND, "/a", ""},
        {"GET", "/a/", ROUTE_NOT_FOUND, NULL, NULL},
        {"GET", "/b/", ROUTE_FOUND, "/b/", ""},
        {"GET", "/b", ROUTE_NOT_FOUND, NULL, NULL},
        {"GET", "/1/", ROUTE_FOUND, "/{x:int}/", "1"},
        {"GET", "/1", ROUTE_NOT_FOUND, NULL, NULL},
        {"GET", "/", ROUTE_FOUND, "/", ""},
        {"GET", "//", ROUTE_NOT_FOUND, NULL, NULL},
        {"GET", "*", ROUTE_NOT_FOUND, NULL, NULL},
        {"GET", "", ROUTE_NOT_FOUND, NULL, NULL},
    };
    router *r = MAKE(TERN_SLASH_STRICT, routes);
    CHECK_CASES(r, cases);
    router_free(r);
}

TEST(router_redirects_to_the_other_slash_only_where_the_method_has_a_route)
{
    static const char *const routes[][2] = {{"GET", "/a"},       {"GET", "/b/"}, {"GET", "/{x:int}/"},
                                            {"GET", "/n/{x}"},   {"POST", "/b"}, {"GET", "/{x}/{y}/"},
                                            {"GET", "/f/{r...}"}};
    static const match_case cases[] = {
        {"GET", "/a/", ROUTE_REMOVE_SLASH, NULL, NULL},
        {"HEAD", "/a/", ROUTE_REMOVE_SLASH, NULL, NULL},
        {"PUT", "/a/", ROUTE_NOT_FOUND, NULL, NULL},
        {"GET", "/b", ROUTE_ADD_SLASH, NULL, NULL},
        {"PUT", "/b", ROUTE_WRONG_METHOD, "POST, OPTIONS", NULL},
        {"POST", "/b/", ROUTE_REMOVE_SLASH, NULL, NULL},
        {"GET", "/1", ROUTE_ADD_SLASH, NULL, NULL},
        {"GET", "/x", ROUTE_NOT_FOUND, NULL, NULL},
        {"GET", "/n/x/", ROUTE_FOUND, "/{x}/{y}/", "n|x"},
        {"GET", "/q/x", ROUTE_ADD_SLASH, NULL, NULL},
        {"GET", "/f/", ROUTE_NOT_FOUND, NULL, NULL},
        {"GET", "/f/x/", ROUTE_FOUND, "/f/{r...}", "x/"},
        {"GET", "/", ROUTE_NOT_FOUND, NULL, NULL},
        {"GET", "//a/", ROUTE_NOT_FOUND, NULL, NULL},
        {"GET", "//evil.example", ROUTE_NOT_FOUND, NULL, NULL},
    };
    router *r = MAKE(TERN_SLASH_REDIRECT, routes);
    CHECK_CASES(r, cases);
    router_free(r);
}

TEST(router_prints_an_aligned_table_without_empty_columns)
{
    static const char *const routes[][2] = {{"GET", "/"}, {"DELETE", "/todos/{id}"}};
    router *r = MAKE(TERN_SLASH_STRICT, routes);
    buf out = {0};
    router_print(r, &out);
    CHECK_TEXT(out.data, "METHOD  PATTERN      HANDLER\n"
                         "GET     /            handler (handlers.c:1)\n"
                         "DELETE  /todos/{id}  handler (handlers.c:2)\n");
    buf_free(&out);
    router_free(r);

    r = router_new(TERN_SLASH_STRICT, NULL);
    route added = {.method_name = "GET",
                   .pattern = "/caf\xc3\xa9",
                   .host = "*.example.org",
                   .handler = {.name = "list", .run = no_run, .file = "a.c", .line = 7},
                   .options = {.file = "m.c", .line = 9, .summary = "All of them"}};
    router_add(r, &added);
    added.host = NULL;
    added.pattern = "/other";
    router_add(r, &added);
    buf problems = {0};
    CHECK(router_compile(r, &problems));
    router_print(r, &out);
    CHECK_TEXT(out.data, "METHOD  PATTERN  HANDLER       HOST           SUMMARY\n"
                         "GET     /caf\xc3\xa9    list (a.c:7)  *.example.org  All of them\n"
                         "GET     /other   list (a.c:7)                 All of them\n");
    buf_free(&out);
    router_free(r);
}

TEST(router_prints_files_below_the_directory_they_share)
{
    static const char *const cases[][4] = {
        {"/home/me/app/main.c", "/home/me/app/api/users.c", "main.c", "api/users.c"},
        {"/home/me/app/a.c", "/home/me/apple/b.c", "app/a.c", "apple/b.c"},
        {"/a.c", "/b.c", "a.c", "b.c"},
        {"a.c", "/b.c", "a.c", "/b.c"},
        {"src/x/a.c", "src/x/a.c", "a.c", "a.c"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        router *r = router_new(TERN_SLASH_STRICT, NULL);
        router_add(r, &(route){.method_name = "GET",
                               .pattern = "/1",
                               .handler = {.name = "h", .run = no_run, .file = cases[i][0], .line = 1}});
        router_add(r, &(route){.method_name = "GET",
                               .pattern = "/2",
                               .handler = {.name = "h", .run = no_run, .file = cases[i][1], .line = 2}});
        buf out = {0}, want = {0};
        router_print(r, &out);
        buf_add_text(&want, "METHOD  PATTERN  HANDLER\n");
        buf_add_printf(&want, "GET     /1       h (%s:1)\nGET     /2       h (%s:2)\n", cases[i][2],
                       cases[i][3]);
        CHECK_TEXT(out.data, want.data);
        buf_free(&out);
        buf_free(&want);
        router_free(r);
    }
}

/*
 * Every pattern of DEPTH segments that are each "a" or a parameter: a regular expression would backtrack
 * exponentially.
 */
enum { DEPTH = 10, WIDTH = 1 << DEPTH };

TEST(threat_062_no_path_makes_matching_slow)
{
    static char patterns[WIDTH][DEPTH * 6 + 4];
    router *r = router_new(TERN_SLASH_REDIRECT, NULL);
    for (int i = 0; i < WIDTH; i++) {
        char *at = patterns[i];
        for (int level = 0; level < DEPTH; level++)
            at += i >> level & 1 ? sprintf(at, "/a") : sprintf(at, "/{p%d}", level);
        strcpy(at, "/x");
        add_at(r, i, "GET", NULL, patterns[i], NULL);
    }
    buf problems = {0};
    CHECK(router_compile(r, &problems));
    /* The tree of choices and an "x" below each leaf; the pattern without parameters has no leaf. */
    unsigned nodes = 2 * WIDTH - 1 + WIDTH - 2;
    CHECK_INT(r->node_count, nodes);
    for (unsigned segments = DEPTH; segments <= 4096; segments *= 2) {
        static char path[2 * 4096 + 3];
        for (unsigned i = 0; i < segments; i++)
            memcpy(path + (size_t)2 * i, "/a", 3);
        strcat(path, "/y");
        route_match match;
        unsigned steps;
        CHECK_INT(router_match_counted(r, HTTP_GET, str("GET"), str(NULL), str(path), &match, &steps),
                  ROUTE_NOT_FOUND);
        CHECK(steps > 0 && steps <= 2 * nodes); /* twice: the path with the other slash is looked up, too */
    }
    router_free(r);

    static const char *const few[][2] = {
        {"GET", "/{a}/{b}/{c}/{d}/end"}, {"GET", "/{a:int}/{b}/{c:int}/{d}/fin"}, {"GET", "/1/{r...}"}};
    r = MAKE(TERN_SLASH_STRICT, few);
    static char path[65536];
    for (size_t i = 0; i + 1 < sizeof path; i += 2)
        memcpy(path + i, "/1", 2);
    path[sizeof path - 2] = '\0';
    path[1] = '2';
    route_match match;
    unsigned steps;
    CHECK_INT(router_match_counted(r, HTTP_GET, str("GET"), str(NULL), str(path), &match, &steps),
              ROUTE_NOT_FOUND);
    CHECK_INT(steps, 9); /* the root, and four levels of two */
    router_free(r);
}

TEST(router_handles_ten_thousand_routes)
{
    enum { ROUTES = 10000 };
    static char patterns[ROUTES][64], path[64];
    router *r = router_new(TERN_SLASH_STRICT, NULL);
    for (int i = 0; i < ROUTES; i++) {
        snprintf(patterns[i], sizeof patterns[i],
                 i % 2 ? "/svc%d/items/{id:int}/parts/{part}" : "/svc%d/items", i);
        add_at(r, i, "GET", NULL, patterns[i], NULL);
    }
    buf problems = {0};
    CHECK(router_compile(r, &problems));
    CHECK_INT(router_count(r), ROUTES);
    CHECK(router_at(r, ROUTES) == NULL);
    for (int i = 0; i < ROUTES; i++) {
        snprintf(path, sizeof path, i % 2 ? "/svc%d/items/%d/parts/%c" : "/svc%d/items", i, i, 'k');
        route_match match;
        CHECK_INT(ask(r, "GET", NULL, path, &match), ROUTE_FOUND);
        CHECK(match.route == router_at(r, (unsigned)i));
    }
    router_free(r);
}

TEST(router_refuses_too_many_methods)
{
    static char names[ROUTER_OTHERS_MAX + 1][16];
    router *r = router_new(TERN_SLASH_STRICT, NULL);
    for (int i = 0; i <= ROUTER_OTHERS_MAX; i++) {
        snprintf(names[i], sizeof names[i], "M%d", i);
        add_at(r, i, names[i], NULL, "/a", NULL);
    }
    buf problems = {0};
    CHECK(!router_compile(r, &problems));
    CHECK_TEXT(problems.data, "app.c:54: M54 /a: more than 54 different methods beyond HTTP's own\n");
    route_match match;
    CHECK_INT(ask(r, "M53", NULL, "/a", &match), ROUTE_FOUND);
    CHECK_INT(ask(r, "M54", NULL, "/a", &match), ROUTE_WRONG_METHOD);
    buf_free(&problems);
    router_free(r);

    static char patterns[13][16];
    r = router_new(TERN_SLASH_STRICT, NULL); /* one pattern for each method: 2^13 different unions */
    for (int i = 0; i < 13; i++) {
        snprintf(patterns[i], sizeof patterns[i], "/%d", i);
        add_at(r, i, names[i], NULL, patterns[i], NULL);
    }
    CHECK(!router_compile(r, &problems));
    CHECK_TEXT(problems.data, "routes: more than 4096 different sets of methods\n");
    buf_free(&problems);
    router_free(r);
}

#ifdef TERN_FAULTS
#include "base/mem.h"

TEST(router_reports_every_allocation_that_fails)
{
    for (unsigned long n = 1;; n++) {
        mem_fail_at(n, 0);
        router *r = router_new(TERN_SLASH_REDIRECT, NULL);
        bool is_whole = false;
        buf problems = {0};
        if (r != NULL) {
            add_at(r, 1, "GET", NULL, "/a/{x}/b", "name");
            add_at(r, 2, "POST", "h.org", "/a/", NULL);
            add_at(r, 3, "PURGE", "*.org", "/a/{r...}", NULL);
            is_whole = router_compile(r, &problems);
        }
        bool has_failed = mem_tried() >= n;
        mem_fail_at(0, 0);
        CHECK(is_whole == !has_failed);
        if (r != NULL && has_failed && problems.len != 0)
            CHECK(strstr(problems.data, "out of memory") != NULL);
        buf_free(&problems);
        router_free(r);
        if (!has_failed)
            break;
    }
}
#endif

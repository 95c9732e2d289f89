/**
 * Fuzzes patterns and paths: two bytes of choices and a path make the first line, the others are patterns
 * added to a few fixed ones. The result must be consistent, and a walk must not visit more nodes than exist.
 */
#include "app/router/internal.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static tern_reply no_run(tern_ctx *c)
{
    (void)c;
    return (tern_reply){0};
}

static void add(router *r, const char *method, const char *host, const char *text)
{
    router_add(r, &(route){.method_name = method,
                           .pattern = text,
                           .host = host,
                           .handler = {.name = "fuzz", .run = no_run, .file = "fuzz.c", .line = 1}});
}

/** Every parameter is a slice of the path and matches its type. */
static void check_found(const route_match *match, const char *path, size_t len)
{
    pattern p;
    char problem[PATTERN_PROBLEM_BYTES];
    if (!pattern_parse(&p, match->route->pattern, problem) || p.param_count != match->route->param_count)
        abort();
    unsigned used = 0;
    for (unsigned i = 0; i < p.count; i++) {
        if (p.segments[i].kind == SEGMENT_TEXT)
            continue;
        tern_str value = match->params[used++];
        if (value.len == 0 || value.data < path || value.data + value.len > path + len)
            abort();
        if ((p.segments[i].kind != SEGMENT_REST && memchr(value.data, '/', value.len) != NULL) ||
            (p.segments[i].kind == SEGMENT_INT && !segment_is_int(value.data, value.len)) ||
            (p.segments[i].kind == SEGMENT_UUID && !segment_is_uuid(value.data, value.len)))
            abort();
    }
}

static void match_path(const router *r, uint8_t choice, const char *path, size_t len)
{
    static const char *const hosts[] = {"", "h.org", "a.h.org:80", "[::1]:8"};
    http_method method = (http_method)(choice % HTTP_METHODS);
    const char *host = hosts[choice / 16 % 4];
    route_match match;
    unsigned steps;
    route_found found = router_match_counted(r, method, TERN_STR("PURGE"), (tern_str){host, strlen(host)},
                                             (tern_str){path, len}, &match, &steps);
    if (steps > 2 * r->node_count)
        abort();
    if ((found == ROUTE_FOUND) != (match.route != NULL))
        abort();
    if ((found == ROUTE_WRONG_METHOD || found == ROUTE_OPTIONS) != (match.allow != NULL))
        abort();
    if (found == ROUTE_FOUND)
        check_found(&match, path, len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    char *text = malloc(size + 1); /* its lines become NUL-terminated texts */
    router *r = router_new(data[0] & 1 ? TERN_SLASH_REDIRECT : TERN_SLASH_STRICT);
    if (text == NULL || r == NULL)
        abort();
    memcpy(text, data, size);
    text[size] = '\0';
    add(r, "GET", NULL, "/users/{id:int}/posts/{post}");
    add(r, "POST", "*.h.org", "/users/{id}");
    add(r, "PURGE", NULL, "/files/{rest...}");
    add(r, "GET", NULL, "/a/");
    char *lines = text + 2, *first = strsep(&lines, "\n");
    for (char *line; (line = strsep(&lines, "\n")) != NULL;)
        add(r, data[0] & 2 ? "GET" : "PURGE", data[0] & 4 ? "h.org" : NULL, line);
    size_t path_len = strlen(first);
    buf problems = {0};
    char *path = malloc(path_len != 0 ? path_len : 1);
    memcpy(path, first, path_len); /* of the exact size: a read past it is detected */
    if (router_compile(r, &problems))
        match_path(r, data[1], path, path_len);
    else if (problems.len == 0)
        abort();
    free(path);
    buf_free(&problems);
    router_free(r);
    free(text);
    return 0;
}

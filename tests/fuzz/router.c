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

/** The route's URL of the same values exists if all are text that a path may contain, and leads back to them. */
static void check_url(const router *r, const route_match *match)
{
    const char *values[ROUTE_PARAMS_MAX + 1] = {NULL};
    char *kept[ROUTE_PARAMS_MAX];
    buf url = {0};
    for (unsigned i = 0; i < match->route->param_count; i++)
        values[i] = kept[i] = strndup(match->params[i].data, match->params[i].len);
    if (router_build_url(r, "fuzz", values, &url) && (url.len == 0 || url.data[0] != '/'))
        abort();
    for (unsigned i = 0; i < match->route->param_count; i++)
        free(kept[i]);
    buf_free(&url);
}

/** Every parameter is a slice of the path and matches its type. */
static void check_found(const router *r, const route_match *match, const char *path, size_t len)
{
    unsigned used = 0;
    for (unsigned i = 0; i < match->route->piece_count; i++) {
        const pattern_piece *piece = &match->route->pieces[i];
        if (piece->kind == SEGMENT_TEXT)
            continue;
        tern_str value = match->params[used++];
        if (value.len == 0 || value.data < path || value.data + value.len > path + len)
            abort();
        if ((piece->kind != SEGMENT_REST && memchr(value.data, '/', value.len) != NULL) ||
            (piece->kind == SEGMENT_INT && !segment_is_int(value.data, value.len)) ||
            (piece->kind == SEGMENT_UUID && !segment_is_uuid(value.data, value.len)))
            abort();
        if (piece->kind == SEGMENT_KIND && piece->is->check != NULL && !piece->is->check(value))
            abort();
    }
    check_url(r, match);
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
    bool has_route = found == ROUTE_FOUND || found == ROUTE_ADD_SLASH || found == ROUTE_REMOVE_SLASH;
    if (has_route != (match.route != NULL))
        abort();
    if ((found == ROUTE_WRONG_METHOD || found == ROUTE_OPTIONS) != (match.allow != NULL))
        abort();
    if (found == ROUTE_FOUND)
        check_found(r, &match, path, len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    char *text = malloc(size + 1); /* its lines become NUL-terminated texts */
    router *r = router_new(data[0] & 1 ? TERN_SLASH_REDIRECT : TERN_SLASH_STRICT, NULL);
    if (text == NULL || r == NULL)
        abort();
    memcpy(text, data, size);
    text[size] = '\0';
    add(r, "GET", NULL, "/users/{id:int}/posts/{post}");
    add(r, "POST", "*.h.org", "/users/{id}");
    add(r, "PURGE", NULL, "/files/{rest...}");
    add(r, "GET", NULL, "/a/");
    add(r, "GET", NULL, "/days/{year:[0-9]{4}}-{month:int}.{ext}");
    add(r, "GET", NULL, "/days/{day:date}");
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

/**
 * Compares the router with a simple matcher, which tries every route on the path and keeps the best one. Both
 * must give the same answers for thousands of random sets of routes, with hosts, methods and slashes.
 */
#include "app/router/router.h"
#include "base/mem.h"
#include "base/text.h"
#include "check.h"

#include <stdio.h>
#include <stdlib.h>

enum { ROUTES_MOST = 24, SETS = 2500, PATHS = 120 };

static uint64_t seed;

static unsigned pick(unsigned below)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (unsigned)(seed >> 33) % below;
}

#define PICK(list) ((list)[pick(sizeof(list) / sizeof *(list))])
#define UUID       "123e4567-e89b-12d3-a456-426614174000"

static tern_reply no_run(tern_ctx *c)
{
    (void)c;
    return (tern_reply){0};
}

typedef struct naive_route {
    const char *method, *host;
    char pattern[160];
} naive_route;

typedef struct naive_answer {
    route_found found;
    int index; /* of the route */
    char allow[256];
    tern_str params[ROUTE_PARAMS_MAX];
} naive_answer;

static const char *const methods[] = {"GET", "HEAD", "POST", "OPTIONS", "PURGE", "MOVE"};
static const char *const asked_methods[] = {"GET",   "GET",  "HEAD",   "POST", "OPTIONS",
                                            "PURGE", "MOVE", "DELETE", "X"};
static const char *const hosts[] = {NULL, NULL, NULL, "h.org", "*.h.org", "*.org", "a.h.org"};
static const char *const asked_hosts[] = {"", "h.org", "a.h.org", "b.a.h.org", "x.org", "org", "H.ORG:80"};

static void random_pattern(char *out)
{
    static const char *const texts[] = {"a", "b", "abcdefgh", "abcdefghi", "1", "-7", UUID};
    static const char *const types[] = {"}", "}", "}", ":int}", ":uuid}", ":hex}", ":[a-i]+}", "}.y"};
    unsigned count = 1 + pick(5);
    *out = '\0';
    for (unsigned i = 0; i < count; i++) {
        char *end = out + strlen(out);
        unsigned kind = pick(12);
        if (kind < 6)
            sprintf(end, "/%s", PICK(texts));
        else if (i + 1 == count && kind == 6)
            sprintf(end, "/");
        else if (i + 1 == count && kind == 7)
            sprintf(end, "/{r...}");
        else
            sprintf(end, "/{p%u%s", i, PICK(types));
    }
}

static void random_path(char *out)
{
    static const char *const texts[] = {"a",  "b",  "abcdefgh", "abcdefghi", "1",   "-7", "12",
                                        UUID, "zz", "",         "x.y",       "a.y", "be"};
    unsigned count = 1 + pick(6);
    *out = '\0';
    for (unsigned i = 0; i < count; i++)
        sprintf(out + strlen(out), "/%s", PICK(texts));
}

static bool is_of(const char *text, size_t len, const char *bytes)
{
    return strspn(text, bytes) >= len;
}

/** Class of the pattern's segment at `*at` for the path's at `*path`, in order of precedence; -1 when it does not
 * match. Both move past their segments. */
static int naive_segment(const char **at, const char **path, tern_str *value)
{
    enum { TEXT, MIXED, INT, OF_UUID, HEX, EXPRESSION, PLAIN, REST };
    size_t len = strcspn(*at, "/"), given = strcspn(*path, "/");
    const char *segment = *at, *text = *path;
    *at += len;
    *path += given;
    *value = (tern_str){text, given};
    if (segment[0] != '{')
        return len == given && memcmp(segment, text, len) == 0 ? TEXT : -1;
    if (memcmp(segment + len - 4, "...}", 4) == 0) {
        *value = (tern_str){text, strlen(text)};
        *path = text + value->len;
        return value->len != 0 ? REST : -1;
    }
    if (given == 0)
        return -1;
    if (segment[len - 1] == 'y') {
        value->len -= 2;
        return given > 2 && memcmp(text + given - 2, ".y", 2) == 0 ? MIXED : -1;
    }
    const char *rule = memchr(segment, ':', len);
    switch (rule != NULL ? rule[1] : '}') {
    case '}':
        return PLAIN;
    case 'h':
        return is_of(text, given, "0123456789abcdef") ? HEX : -1;
    case '[':
        return is_of(text, given, "abcdefghi") ? EXPRESSION : -1;
    case 'i':
        given -= text[0] == '-';
        return given > 0 && given <= 19 && is_of(text + (text[0] == '-'), given, "0123456789") ? INT : -1;
    default:
        return given == 36 && is_of(text, given, "0123456789abcdef-") && text[8] == '-' ? OF_UUID : -1;
    }
}

/** The classes of all segments as text, "" when the pattern does not match; values go into `params`. */
static void naive_match(const char *pattern, const char *path, char *classes, tern_str *params)
{
    unsigned count = 0, used = 0;
    while (*pattern == '/' && *path == '/') {
        tern_str value;
        pattern++;
        path++;
        int class = naive_segment(&pattern, &path, &value);
        if (class < 0)
            break;
        if (class > 0)
            params[used++] = value;
        classes[count++] = (char)('0' + class);
        if (*pattern == '\0' && *path == '\0') {
            classes[count] = '\0';
            return;
        }
    }
    *classes = '\0';
}

/** How well a route's host fits: 0 any, then longer is better; -1 not at all. */
static int naive_host(const char *host, const char *asked)
{
    char name[64];
    if (host == NULL)
        return 0;
    snprintf(name, sizeof name, "%.*s", (int)strcspn(asked, ":"), asked);
    size_t len = strlen(name), suffix = strlen(host) - 1;
    if (host[0] != '*')
        return strcasecmp(host, name) == 0 ? 1000 : -1;
    return len > suffix && strcasecmp(name + len - suffix, host + 1) == 0 ? (int)suffix : -1;
}

static bool serves(const char *routes_method, const char *asked)
{
    return strcmp(routes_method, asked) == 0 ||
           (strcmp(asked, "HEAD") == 0 && strcmp(routes_method, "GET") == 0);
}

/** The best route for a request, -1 for none; `served[i]` says which ones match except for the method. */
static int naive_best(const naive_route *routes, int count, const char *method, const char *host,
                      const char *path, naive_answer *answer, bool *served)
{
    int best = -1, best_host = -1;
    char best_classes[64] = "";
    for (int i = 0; i < count; i++) {
        char classes[64];
        tern_str params[ROUTE_PARAMS_MAX];
        int fit = naive_host(routes[i].host, host);
        naive_match(routes[i].pattern, path, classes, params);
        served[i] = fit >= 0 && *classes != '\0';
        if (!served[i] || !serves(routes[i].method, method))
            continue;
        int order = fit != best_host ? best_host - fit : strcmp(classes, best_classes);
        bool is_own_head = order == 0 && strcmp(routes[i].method, method) == 0;
        if (best >= 0 && order >= 0 && !is_own_head)
            continue;
        best = i;
        best_host = fit;
        strcpy(best_classes, classes);
        memcpy(answer->params, params, sizeof params);
    }
    return best;
}

static void naive_router(const naive_route *routes, int count, tern_slashes slashes, const char *method,
                         const char *host, const char *path, naive_answer *answer)
{
    bool served[ROUTES_MOST], other_served[ROUTES_MOST];
    naive_answer unused;
    answer->index = naive_best(routes, count, method, host, path, answer, served);
    answer->found = ROUTE_FOUND;
    if (answer->index >= 0)
        return;
    size_t len = strlen(path);
    if (slashes == TERN_SLASH_REDIRECT && len > 1 && path[1] != '/') {
        char other[512];
        bool has_slash = path[len - 1] == '/';
        snprintf(other, sizeof other, has_slash ? "%.*s" : "%.*s/", (int)(has_slash ? len - 1 : len), path);
        answer->found = has_slash ? ROUTE_REMOVE_SLASH : ROUTE_ADD_SLASH;
        if (naive_best(routes, count, method, host, other, &unused, other_served) >= 0)
            return;
    }
    static const char *const order[] = {"GET", "HEAD", "POST", "OPTIONS"};
    char *allow = answer->allow;
    *allow = '\0';
    bool any = false;
    for (int i = 0; i < count; i++)
        any = any || served[i];
    for (size_t k = 0; k < 4; k++) {
        bool has = k == 3;
        for (int i = 0; i < count; i++)
            has = has || (served[i] && serves(routes[i].method, order[k]));
        if (has)
            sprintf(allow + strlen(allow), "%s%s", *allow != '\0' ? ", " : "", order[k]);
    }
    for (int i = 0; i < count; i++) { /* methods beyond HTTP's, in the order in which they were registered */
        bool is_first = strcmp(routes[i].method, "PURGE") == 0 || strcmp(routes[i].method, "MOVE") == 0,
             has = false;
        for (int k = 0; k < i; k++)
            is_first = is_first && strcmp(routes[k].method, routes[i].method) != 0;
        for (int k = 0; k < count; k++)
            has = has || (served[k] && strcmp(routes[k].method, routes[i].method) == 0);
        if (is_first && has)
            sprintf(allow + strlen(allow), ", %s", routes[i].method);
    }
    answer->found = !any                             ? ROUTE_NOT_FOUND
                    : strcmp(method, "OPTIONS") == 0 ? ROUTE_OPTIONS
                                                     : ROUTE_WRONG_METHOD;
}

/** Whether two patterns are equal except for the names of parameters. */
static bool is_same_shape(const char *a, const char *b)
{
    for (;;) {
        size_t a_len = strcspn(a, "/"), b_len = strcspn(b, "/");
        bool is_param = a[0] == '{' && b[0] == '{';
        const char *a_type = is_param ? a + strcspn(a, ":.}") : a,
                   *b_type = is_param ? b + strcspn(b, ":.}") : b;
        size_t a_rest = a_len - (size_t)(a_type - a), b_rest = b_len - (size_t)(b_type - b);
        if (a_rest != b_rest || memcmp(a_type, b_type, a_rest) != 0)
            return false;
        a += a_len;
        b += b_len;
        if (*a != *b)
            return false;
        if (*a == '\0')
            return true;
        a++;
        b++;
    }
}

static bool has_conflict(const naive_route *routes, int count, const naive_route *added)
{
    for (int i = 0; i < count; i++) {
        bool same_host = routes[i].host == added->host;
        if (same_host && strcmp(routes[i].method, added->method) == 0 &&
            is_same_shape(routes[i].pattern, added->pattern))
            return true;
    }
    return false;
}

/** Makes a random set; returns the number of routes. */
static int random_routes(router *r, naive_route *routes)
{
    int count = 0;
    for (unsigned i = 1 + pick(ROUTES_MOST); i > 0; i--) {
        naive_route *added = &routes[count];
        added->method = PICK(methods);
        added->host = PICK(hosts);
        random_pattern(added->pattern);
        if (has_conflict(routes, count, added))
            continue;
        router_add(r, &(route){.method_name = added->method,
                               .pattern = added->pattern,
                               .host = added->host,
                               .handler = {.name = "h", .run = no_run},
                               .options = {.file = "a.c", .line = count}});
        count++;
    }
    return count;
}

static void compare(const router *r, const naive_route *routes, int count, tern_slashes slashes)
{
    char path[512];
    naive_answer want;
    route_match match;
    const char *method = PICK(asked_methods), *host = PICK(asked_hosts);
    random_path(path);
    if (pick(3) == 0) { /* near a route, so that many match */
        const char *pattern = routes[pick((unsigned)count)].pattern;
        snprintf(path, sizeof path, "%s", pattern);
        for (char *brace; (brace = strchr(path, '{')) != NULL;) {
            char *end = strchr(brace, '}');
            char after[160];
            snprintf(after, sizeof after, "%s", end + 1);
            const char *type = memchr(brace, ':', (size_t)(end - brace));
            snprintf(brace, (size_t)(path + sizeof path - brace), "%s%s",
                     type == NULL || type[1] == 'h' || type[1] == '[' ? "a"
                     : type[1] == 'i'                                 ? "12"
                                                                      : UUID,
                     after);
        }
    }
    naive_router(routes, count, slashes, method, host, path, &want);
    char *exact = mem_text(
        path, strlen(path)); /* on the heap with its exact size, so that reads past it are detected */
    route_found found =
        router_match(r, http_method_of(method, strlen(method)), (tern_str){method, strlen(method)},
                     (tern_str){host, strlen(host)}, (tern_str){exact, strlen(path)}, &match);
    bool same = found == want.found;
    if (same && found == ROUTE_FOUND) {
        same = match.route->options.line == want.index;
        for (unsigned i = 0; same && i < match.route->param_count; i++)
            same = match.params[i].len == want.params[i].len &&
                   match.params[i].data - exact == want.params[i].data - path;
    } else if (same && (found == ROUTE_OPTIONS || found == ROUTE_WRONG_METHOD)) {
        same = strcmp(match.allow, want.allow) == 0;
    }
    if (!same) {
        for (int i = 0; i < count; i++)
            fprintf(stderr, "# %d: %s %s %s\n", i, routes[i].method, routes[i].host ? routes[i].host : "-",
                    routes[i].pattern);
        check_fail(__FILE__, __LINE__, "%s %s%s: found %d route %d allow %s, not %d route %d allow %s",
                   method, host, path, (int)found, match.route != NULL ? match.route->options.line : -1,
                   match.allow != NULL ? match.allow : "-", (int)want.found, want.index, want.allow);
    }
    mem_free(exact);
}

TEST(router_agrees_with_a_naive_matcher_on_random_routes)
{
    seed = 0x9e3779b97f4a7c15u;
    for (int set = 0; set < SETS; set++) {
        static naive_route routes[ROUTES_MOST];
        tern_slashes slashes = set % 2 != 0 ? TERN_SLASH_REDIRECT : TERN_SLASH_STRICT;
        router *r = router_new(slashes, NULL);
        int count = random_routes(r, routes);
        buf problems = {0};
        if (!router_compile(r, &problems))
            check_fail(__FILE__, __LINE__, "does not compile: %s", problems.data);
        for (int i = 0; i < PATHS; i++)
            compare(r, routes, count, slashes);
        router_free(r);
    }
}

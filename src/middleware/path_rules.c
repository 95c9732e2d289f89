/** Rules from one path to another, read at start: redirects and rewrites. */
#include <tern/paths.h>

#include <stdlib.h>
#include <string.h>

enum { NAMES = 16 };

typedef struct path_rule {
    const char *from, *to;
    bool is_exact; /* `from` has no {} */
} path_rule;

typedef struct path_rules {
    unsigned count, exact; /* the exact ones come first, sorted by `from` */
    path_rule list[];
} path_rules;

/** What a rule's names stand for in one request. */
typedef struct captures {
    unsigned count;
    struct {
        tern_str name, value;
    } list[NAMES];
} captures;

static int compare_rules(const void *a, const void *b)
{
    const path_rule *x = a, *y = b;
    if (x->is_exact != y->is_exact)
        return x->is_exact ? -1 : 1;
    if (x->is_exact)
        return strcmp(x->from, y->from);
    return x < y ? -1 : x > y;
}

/** A copy of the rules for the life of the process, in one piece with their texts; NULL when out of memory or for
 * NULL. */
static path_rules *keep_rules(const tern_path_rule *rules)
{
    size_t count = 0, size = sizeof(path_rules);
    for (; rules != NULL && rules[count].from != NULL; count++)
        size += sizeof(path_rule) + strlen(rules[count].from) +
                strlen(rules[count].to != NULL ? rules[count].to : "") + 2;
    if (rules == NULL)
        return NULL;
    path_rules *made = calloc(1, size), *kept = made != NULL ? tern_keep(made, size) : NULL;
    free(made);
    if (kept == NULL)
        return NULL;
    char *text = (char *)&kept->list[count];
    kept->count = (unsigned)count;
    for (size_t i = 0; i < count; i++) {
        const char *parts[] = {rules[i].from, rules[i].to != NULL ? rules[i].to : ""};
        const char **places[] = {&kept->list[i].from, &kept->list[i].to};
        for (unsigned k = 0; k < 2; k++) {
            size_t len = strlen(parts[k]) + 1;
            *places[k] = memcpy(text, parts[k], len);
            text += len;
        }
        kept->list[i].is_exact = strchr(kept->list[i].from, '{') == NULL;
        kept->exact += kept->list[i].is_exact;
    }
    /* Stable for the others: their order counts. */
    for (unsigned i = 1; i < kept->count; i++)
        for (unsigned k = i;
             k > 0 && compare_rules(&kept->list[k - 1], &kept->list[k]) > 0 && kept->list[k].is_exact; k--) {
            path_rule moved = kept->list[k];
            kept->list[k] = kept->list[k - 1];
            kept->list[k - 1] = moved;
        }
    return kept;
}

/* -- checks at start -- */

static bool is_url_text(const char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text <= ' ' || (unsigned char)*text > '~' || strchr("\"<>\\^`|", *text) != NULL)
            return false;
    return true;
}

/** Takes a name at `{`: false when what follows is not one. */
static bool take_name(const char **at, tern_str *name, bool *is_rest)
{
    const char *begin = *at + 1;
    size_t len = strspn(begin, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
    const char *end = begin + len;
    *is_rest = strncmp(end, "...", 3) == 0;
    end += *is_rest ? 3 : 0;
    *name = (tern_str){begin, len};
    *at = end + 1;
    return len != 0 && *end == '}';
}

static bool has_name(const captures *names, tern_str name)
{
    for (unsigned i = 0; i < names->count; i++)
        if (names->list[i].name.len == name.len && memcmp(names->list[i].name.data, name.data, name.len) == 0)
            return true;
    return false;
}

/** What is wrong with `from`, and its names; NULL when it is right. */
static const char *check_from(const char *from, captures *names)
{
    const char *at = from;
    if (from[0] != '/' || !is_url_text(from) || strpbrk(from, "?#") != NULL)
        return "it must be a path like \"/old\" or \"/blog/{slug}\", encoded as in an address";
    while (*at != '\0') {
        tern_str name;
        bool is_rest, is_at_start = at[-(at != from)] == '/';
        if (*at != '{') {
            at++;
            continue;
        }
        if (!is_at_start || !take_name(&at, &name, &is_rest) || (*at != '/' && *at != '\0'))
            return "a {name} must be a whole segment, of letters, digits and _";
        if (is_rest && *at != '\0')
            return "{name...} must be its end";
        if (has_name(names, name))
            return "a name is there twice";
        if (names->count == NAMES)
            return "it has more than 16 names";
        names->list[names->count++].name = name;
    }
    return NULL;
}

static const char *check_to(const char *to, const captures *names, bool may_leave)
{
    bool is_path = to[0] == '/' && to[1] != '/';
    bool is_address = strncmp(to, "https://", 8) == 0 || strncmp(to, "http://", 7) == 0;
    if (!is_url_text(to) || !(is_path || (may_leave && is_address)))
        return may_leave ? "its .to must be a path or an http(s) address, encoded as in an address"
                         : "its .to must be a path, encoded as in an address";
    if (is_address && strchr(strstr(to, "://") + 3, '{') != NULL &&
        strcspn(strstr(to, "://") + 3, "{") < strcspn(strstr(to, "://") + 3, "/"))
        return "its .to must not take the host from the request";
    while ((to = strchr(to, '{')) != NULL) {
        tern_str name;
        bool is_rest;
        if (!take_name(&to, &name, &is_rest) || !has_name(names, name))
            return "its .to has a {name} that its .from has not";
    }
    return NULL;
}

/** `may_leave`: `to` may be of another site. */
static void prepare_rules(const path_rules *rules, tern_app *app, const char *who, bool may_leave)
{
    if (rules == NULL || rules->count == 0) {
        tern_mistake(app, "%s: .paths is missing: add .paths = TERN_PATHS({\"/old\", \"/new\"})", who);
        return;
    }
    for (unsigned i = 0; i < rules->count; i++) {
        captures names = {0};
        const path_rule *r = &rules->list[i];
        const char *problem = check_from(r->from, &names);
        if (problem == NULL)
            problem = check_to(r->to, &names, may_leave);
        if (problem == NULL && i > 0 && strcmp(r->from, rules->list[i - 1].from) == 0)
            problem = "two rules have this path";
        if (problem == NULL && strcmp(r->from, r->to) == 0)
            problem = "it leads to itself";
        if (problem != NULL)
            tern_mistake(app, "%s: the rule from \"%s\" to \"%s\" is wrong: %s", who, r->from, r->to,
                         problem);
    }
}

/* -- at a request -- */

static const path_rule *find_exact(const path_rules *rules, tern_str path)
{
    unsigned low = 0, high = rules->exact;
    while (low < high) {
        unsigned middle = (low + high) / 2;
        const char *from = rules->list[middle].from;
        int order = strncmp(from, path.data, path.len);
        if (order == 0 && from[path.len] == '\0')
            return &rules->list[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle; /* equal so far, but longer: it comes after the path */
    }
    return NULL;
}

static bool match(const char *from, tern_str path, captures *found)
{
    const char *at = path.data, *end = path.data + path.len;
    found->count = 0;
    while (*from != '\0') {
        if (*from != '{') {
            if (at == end || *at++ != *from++)
                return false;
            continue;
        }
        bool is_rest;
        tern_str *name = &found->list[found->count].name, *value = &found->list[found->count].value;
        take_name(&from, name, &is_rest);
        const char *stop = is_rest ? NULL : memchr(at, '/', (size_t)(end - at));
        *value = (tern_str){at, (size_t)((stop != NULL ? stop : end) - at)};
        if (value->len == 0)
            return false;
        at += value->len;
        found->count++;
    }
    return at == end;
}

static tern_str value_of(const captures *found, tern_str name)
{
    for (unsigned i = 0; i < found->count; i++)
        if (found->list[i].name.len == name.len && memcmp(found->list[i].name.data, name.data, name.len) == 0)
            return found->list[i].value;
    return (tern_str){"", 0};
}

/** `to` with its names replaced, and the request's query; `out` NULL: measures only. */
static size_t fill(const char *to, const captures *found, tern_str query, char *out)
{
    size_t len = 0;
    bool has_query = strchr(to, '?') != NULL;
    while (*to != '\0') {
        tern_str piece = {to, strcspn(to, "{")};
        bool is_rest;
        if (piece.len == 0) {
            take_name(&to, &piece, &is_rest);
            piece = value_of(found, piece);
        } else {
            to += piece.len;
        }
        if (out != NULL)
            memcpy(out + len, piece.data, piece.len);
        len += piece.len;
    }
    if (query.len == 0)
        return len;
    if (out != NULL) {
        out[len] = has_query ? '&' : '?';
        memcpy(out + len + 1, query.data, query.len);
    }
    return len + 1 + query.len;
}

/** Where the request's target goes, with its query; NULL when no rule matches. In the request's memory. */
static const char *apply_rules(const path_rules *rules, tern_ctx *c)
{
    const char *target = tern_target(c);
    tern_str path = {target, strcspn(target, "?")}, query = {"", 0};
    captures found = {0};
    if (target[path.len] == '?')
        query = (tern_str){target + path.len + 1, strlen(target + path.len + 1)};
    const path_rule *rule = find_exact(rules, path);
    for (unsigned i = rules->exact; rule == NULL && i < rules->count; i++)
        if (match(rules->list[i].from, path, &found))
            rule = &rules->list[i];
    if (rule == NULL)
        return NULL;
    char *to = tern_alloc(c, fill(rule->to, &found, query, NULL) + 1);
    fill(rule->to, &found, query, to);
    if (to[0] == '/' && (to[1] == '/' || to[1] == '\\'))
        return NULL; /* it would be the address of another site */
    return to;
}

/* -- the pieces -- */

typedef struct redirects {
    path_rules *rules;
    int status;
} redirects;

static void prepare_redirects(tern_app *app, void *options)
{
    const redirects *r = options;
    if (r == NULL) {
        tern_mistake(app, "redirects: out of memory");
        return;
    }
    prepare_rules(r->rules, app, "redirects", true);
    if (r->status != 301 && r->status != 302 && r->status != 303 && r->status != 307 && r->status != 308)
        tern_mistake(app, "redirects: .status is %d: use 301, 302, 303, 307 or 308", r->status);
}

static tern_reply run_redirects(tern_ctx *c, void *options)
{
    const redirects *r = options;
    const char *to = apply_rules(r->rules, c);
    return to != NULL ? tern_redirect_with(c, r->status, to) : tern_next(c);
}

tern_middleware tern_redirects_with(const tern_redirects_options *options)
{
    redirects r = {.rules = keep_rules(options->paths),
                   .status = options->status != 0 ? options->status : 308};
    return (tern_middleware){.name = "redirects",
                             .run = run_redirects,
                             .options = tern_keep(&r, sizeof r),
                             .skip = options->skip,
                             .prepare = prepare_redirects,
                             .stage = TERN_STAGE_REDIRECT,
                             .repeats = true};
}

static void prepare_rewrites(tern_app *app, void *options)
{
    prepare_rules(options, app, "rewrites", false);
}

static void rewrite(tern_ctx *c, void *options)
{
    const char *to = apply_rules(options, c);
    if (to != NULL)
        tern_set_target(c, to);
}

static tern_reply run_rewrites(tern_ctx *c, void *options)
{
    (void)options;
    return tern_next(c);
}

tern_middleware tern_rewrites_with(const tern_rewrites_options *options)
{
    return (tern_middleware){.name = "rewrites",
                             .run = run_rewrites,
                             .options = keep_rules(options->paths),
                             .skip = options->skip,
                             .prepare = prepare_rewrites,
                             .before = rewrite,
                             .stage = TERN_STAGE_REWRITE,
                             .repeats = true};
}

/** The version of an API by path, header or media type: requests are looked up below the version's prefix. */
#include <tern/app.h>
#include <tern/paths.h>

#include <string.h>
#include <strings.h>

TERN_LOCAL(const char, versions_found)

static bool is_divider(char byte)
{
    return byte == ',' || byte == ' ' || byte == '\t';
}

/** The version in the list that equals `text`, as a slice of the list; empty without one. */
static tern_str find(const char *list, const char *text, size_t len)
{
    for (const char *at = list; *at != '\0';) {
        size_t item = strcspn(at, ", \t");
        if (item == len && len != 0 && memcmp(at, text, len) == 0)
            return (tern_str){at, len};
        at += item;
        while (is_divider(*at))
            at++;
    }
    return (tern_str){0};
}

static bool is_version(const char *list, const char *version)
{
    return find(list, version, strlen(version)).len != 0;
}

static void prepare(tern_app *app, void *options)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_, \t";
    const tern_versions_options *o = options;
    if (o == NULL) {
        tern_mistake(app, "versions: out of memory");
        return;
    }
    if (o->versions == NULL || strspn(o->versions, ", \t") == strlen(o->versions))
        tern_mistake(app, "versions: .versions is missing: list them, like .versions = \"1, 2\"");
    else if (o->versions[strspn(o->versions, letters)] != '\0')
        tern_mistake(
            app, "versions: .versions has \"%s\": use letters, digits, '.', '-' and '_', with commas between",
            o->versions);
    else if (o->fallback != NULL && !is_version(o->versions, o->fallback))
        tern_mistake(app, "versions: .fallback is \"%s\", which .versions (\"%s\") has not", o->fallback,
                     o->versions);
    if (o->prefix != NULL && o->prefix[0] != '\0' &&
        (o->prefix[0] != '/' || o->prefix[strlen(o->prefix) - 1] == '/'))
        tern_mistake(app, "versions: .prefix is \"%s\": begin it with '/', and do not end it with one",
                     o->prefix);
    if (o->header == NULL && o->media_type == NULL && o->fallback == NULL)
        tern_mistake(app, "versions: clients can only use the path: name a .header or a .media_type");
    if (o->media_type != NULL &&
        (strchr(o->media_type, '/') == NULL || strpbrk(o->media_type, " ;,+") != NULL))
        tern_mistake(app, "versions: .media_type is \"%s\": write it like \"application/vnd.example\"",
                     o->media_type);
}

/* -- the version of a request -- */

/** "version=2" among the parameters of a media type; empty without one. */
static tern_str parameter(const char *at, const char *end)
{
    while ((at = memchr(at, ';', (size_t)(end - at))) != NULL) {
        at++;
        while (at < end && is_divider(*at))
            at++;
        if (end - at > 8 && strncasecmp(at, "version=", 8) == 0) {
            at += 8;
            bool is_quoted = at < end && *at == '"';
            const char *from = at += is_quoted;
            while (at < end && (is_quoted ? *at != '"' : *at != ';' && !is_divider(*at)))
                at++;
            return (tern_str){from, (size_t)(at - from)};
        }
    }
    return (tern_str){0};
}

/** The version that one element of Accept names; empty without one. */
static tern_str version_of_type(const char *at, const char *end, const char *wanted)
{
    size_t len = strlen(wanted);
    while (at < end && is_divider(*at))
        at++;
    if ((size_t)(end - at) > len + 2 && strncasecmp(at, wanted, len) == 0 &&
        strncasecmp(at + len, ".v", 2) == 0) {
        const char *from = at += len + 2;
        while (at < end && *at != '+' && *at != ';' && !is_divider(*at))
            at++;
        return (tern_str){from, (size_t)(at - from)};
    }
    return parameter(at, end);
}

/** The first version in Accept that is served; `*unknown` is one that is not. */
static tern_str version_of_accept(tern_ctx *c, const tern_versions_options *o, tern_str *unknown)
{
    const char *accept;
    for (unsigned nth = 0; (accept = tern_header_nth(c, "Accept", nth)) != NULL; nth++) {
        for (const char *at = accept; *at != '\0';) {
            const char *end = at + strcspn(at, ",");
            tern_str named = version_of_type(at, end, o->media_type);
            tern_str known = named.len != 0 ? find(o->versions, named.data, named.len) : named;
            if (known.len != 0)
                return known;
            if (named.len != 0)
                *unknown = named;
            at = end + (*end == ',');
        }
    }
    return (tern_str){0};
}

/** Whether the path is below .prefix; `*rest` is what follows. */
static bool is_below(const char *path, const char *prefix, const char **rest)
{
    size_t len = strlen(prefix);
    *rest = path + len;
    return strncmp(path, prefix, len) == 0 && ((*rest)[0] == '/' || (*rest)[0] == '?' || (*rest)[0] == '\0');
}

/** The version that the path names: "/v2/users". */
static tern_str version_of_path(const tern_versions_options *o, const char *rest)
{
    if (strncmp(rest, "/v", 2) != 0)
        return (tern_str){0};
    return find(o->versions, rest + 2, strcspn(rest + 2, "/?"));
}

static tern_str version_of_header(tern_ctx *c, const tern_versions_options *o)
{
    const char *named = o->header != NULL ? tern_header(c, o->header) : NULL;
    if (named == NULL)
        return (tern_str){0};
    tern_str version = find(o->versions, named, strlen(named));
    if (version.len == 0 || tern_header_nth(c, o->header, 1) != NULL)
        tern_fail(c, 400, "%s must name one of the versions %s", o->header, o->versions);
    return version;
}

static void before(tern_ctx *c, void *options)
{
    const tern_versions_options *o = options;
    const char *target = tern_target(c), *prefix = o->prefix != NULL ? o->prefix : "/api", *rest;
    if (!is_below(target, prefix, &rest))
        return;
    tern_str version = version_of_path(o, rest), unknown = {0};
    bool is_in_path = version.len != 0;
    if (!is_in_path)
        version = version_of_header(c, o);
    if (version.len == 0 && o->media_type != NULL)
        version = version_of_accept(c, o, &unknown);
    if (version.len == 0 && unknown.len != 0)
        tern_fail(c, 406, "Accept must name one of the versions %s", o->versions);
    if (version.len == 0 && o->fallback != NULL)
        version = (tern_str){o->fallback, strlen(o->fallback)};
    if (version.len == 0)
        tern_fail(c, 400,
                  "the request names no version: %s%s%s/v... in the path, with one of the versions %s",
                  o->header != NULL ? o->header : "", o->header != NULL ? " as a header, or " : "", prefix,
                  o->versions);
    tern_set_local(c, versions_found, tern_sprintf(c, "%.*s", (int)version.len, version.data));
    if (!is_in_path)
        tern_set_target(c, tern_sprintf(c, "%s/v%.*s%s", prefix, (int)version.len, version.data, rest));
}

static void mark(tern_ctx *c, void *options)
{
    const tern_versions_options *o = options;
    const char *rest;
    if (is_below(tern_target(c), o->prefix != NULL ? o->prefix : "/api", &rest) &&
        version_of_path(o, rest).len == 0) {
        if (o->header != NULL)
            tern_vary(c, o->header);
        if (o->media_type != NULL)
            tern_vary(c, "Accept");
    }
}

static tern_reply run(tern_ctx *c, void *options)
{
    tern_reply reply = tern_next(c);
    mark(c, options);
    return reply;
}

const char *tern_version(tern_ctx *c)
{
    return tern_local(c, versions_found);
}

tern_middleware tern_versions_with(const tern_versions_options *options)
{
    return (tern_middleware){.name = "versions",
                             .run = run,
                             .options = tern_keep(options, sizeof *options),
                             .skip = options->skip,
                             .prepare = prepare,
                             .before = before,
                             .mark = mark,
                             .answers = "400, 406",
                             .stage = TERN_STAGE_REWRITE};
}

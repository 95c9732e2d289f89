/** Cross-origin resource sharing: which other origins' scripts may read replies (Fetch standard, section 3.2). */
#include <tern/security.h>

#include <stdio.h>
#include <string.h>

enum { DEFAULT_MAX_AGE_S = 600, ASKED_HEADERS_BYTES = 4096 };

typedef struct cors {
    tern_cors_options o;
    const tern_origins *origins; /* made by prepare */
    bool is_any;
    char max_age[16];
} cors;

static void prepare(tern_app *app, void *options)
{
    cors *own = options;
    if (own == NULL) {
        tern_mistake(app, "cors: out of memory");
        return;
    }
    own->is_any = own->o.origins != NULL && strcmp(own->o.origins, "*") == 0;
    if (own->is_any && own->o.credentials)
        tern_mistake(
            app, "cors: .origins is \"*\" with .credentials: every site could act for your users; name the "
                 "origins");
    if (!own->is_any)
        own->origins = tern_origins_new(app, "cors: .origins", own->o.origins);
}

static bool is_token_list(const char *list)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-.^_`|~, ";
    size_t len = strspn(list, allowed);
    return len > 0 && list[len] == '\0' && len <= ASKED_HEADERS_BYTES;
}

/** The request's only Origin; NULL without one. */
static const char *origin_of(tern_ctx *c)
{
    const char *origin = tern_header(c, "Origin");
    return origin != NULL && tern_header_nth(c, "Origin", 1) == NULL ? origin : NULL;
}

/** Whether it is written as browsers write origins. */
static bool is_origin(const char *origin)
{
    const char *host = strstr(origin, "://");
    return host != NULL && host[3] != '\0' && strpbrk(host + 3, "/?#@\\ ,\"'<>") == NULL;
}

static bool is_allowed(tern_ctx *c, const cors *own, const char *origin)
{
    if (origin == NULL)
        return false;
    return own->is_any || tern_origins_have(own->origins, origin) ||
           (own->o.allow != NULL && is_origin(origin) && own->o.allow(c, origin));
}

/** The headers that every allowed reply has. */
static void allow_origin(tern_ctx *c, const cors *own, const char *origin)
{
    tern_set_header(c, "Access-Control-Allow-Origin", own->is_any ? "*" : origin);
    if (own->o.credentials)
        tern_set_header(c, "Access-Control-Allow-Credentials", "true");
}

static void allow_headers(tern_ctx *c, const cors *own)
{
    const char *asked = tern_header(c, "Access-Control-Request-Headers");
    if (own->o.headers == NULL)
        tern_vary(c, "Access-Control-Request-Headers");
    if (own->o.headers != NULL)
        tern_set_header(c, "Access-Control-Allow-Headers", own->o.headers);
    else if (asked != NULL && is_token_list(asked))
        tern_set_header(c, "Access-Control-Allow-Headers", asked);
}

static void allow_methods(tern_ctx *c, const cors *own, const char *asked)
{
    const char *methods = own->o.methods != NULL ? own->o.methods : tern_methods_of_path(c);
    if (methods[0] == '\0') /* no such path: the request itself is allowed, so that the script sees its 404 */
        methods = is_token_list(asked) ? asked : "GET";
    tern_set_header(c, "Access-Control-Allow-Methods", methods);
}

static tern_reply preflight(tern_ctx *c, const cors *own, const char *origin, const char *method)
{
    if (!own->is_any)
        tern_vary(c, "Origin");
    if (!is_allowed(c, own, origin)) {
        const char *shown = strlen(origin) <= 256 ? origin : "of this length";
        return tern_problem_reply(
            c, &(tern_problem){
                   .status = 403,
                   .detail = tern_sprintf(c, "pages of the origin %s may not use this service", shown)});
    }
    allow_origin(c, own, origin);
    allow_methods(c, own, method);
    allow_headers(c, own);
    tern_set_header(c, "Access-Control-Max-Age", own->max_age);
    if (own->o.private_network && tern_header(c, "Access-Control-Request-Private-Network") != NULL)
        tern_set_header(c, "Access-Control-Allow-Private-Network", "true");
    return tern_no_content(c);
}

/** The headers of a reply that is not to a preflight request. */
static void mark_reply(tern_ctx *c, const cors *own, const char *origin, bool may_read)
{
    if (!own->is_any)
        tern_vary(c, "Origin");
    if (own->is_any && tern_reply_header(c, "Cross-Origin-Resource-Policy") == NULL)
        tern_set_header(c, "Cross-Origin-Resource-Policy", "cross-origin"); /* images and scripts, too */
    if (!may_read && !own->is_any)
        return;
    allow_origin(c, own, origin);
    if (own->o.expose != NULL)
        tern_set_header(c, "Access-Control-Expose-Headers", own->o.expose);
}

static void mark(tern_ctx *c, void *options)
{
    const cors *own = options;
    const char *origin = origin_of(c);
    mark_reply(c, own, origin, is_allowed(c, own, origin));
}

static tern_reply run(tern_ctx *c, void *options)
{
    const cors *own = options;
    const char *origin = origin_of(c);
    const char *asked = origin != NULL && strcmp(tern_method(c), "OPTIONS") == 0
                            ? tern_header(c, "Access-Control-Request-Method")
                            : NULL;
    if (asked != NULL)
        return preflight(c, own, origin, asked);
    bool may_read = is_allowed(c, own, origin);
    tern_reply reply = tern_next(c);
    /* after the handler, which may have failed and so have lost its headers, or set Vary */
    mark_reply(c, own, origin, may_read);
    return reply;
}

tern_middleware tern_cors_with(const tern_cors_options *options)
{
    cors own = {.o = *options};
    int age = options->max_age_s;
    snprintf(own.max_age, sizeof own.max_age, "%d", age > 0 ? age : age < 0 ? 0 : DEFAULT_MAX_AGE_S);
    return (tern_middleware){.name = "cors",
                             .run = run,
                             .options = tern_keep(&own, sizeof own),
                             .skip = options->skip,
                             .prepare = prepare,
                             .mark = mark,
                             .takes_preflight = true,
                             .stage = TERN_STAGE_CORS};
}

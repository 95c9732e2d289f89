/**
 * What is asked for, and where it is: redirects, rewritten paths, other methods, versions of an API, and the files that
 * clients look for by themselves.
 *
 *     tern_use(app, tern_redirects(.paths = TERN_PATHS({"/blog/{slug}", "/articles/{slug}"}, {"/old", "/new"})));
 */
#ifndef TERN_PATHS_H
#define TERN_PATHS_H

#include <tern/middleware.h>

/**
 * From one path to another. `from` is a path of text, `{name}` for one segment, and last `{name...}` for all the rest
 * (one or more segments). `to` has the same names wherever their text goes: "/articles/{slug}?from=blog", or, for
 * redirects, "https://example.org/{slug}". Text goes over as the client has encoded it. The first rule that matches
 * counts; a path without {} before those with.
 */
typedef struct tern_path_rule {
    const char *from, *to;
} tern_path_rule;
#define TERN_PATHS(...) ((const tern_path_rule[]){__VA_ARGS__, {0}})

typedef struct tern_redirects_options {
    const tern_path_rule *paths; /* TERN_PATHS(...) */
    int status;                  /* 301, 302, 303, 307 or 308; default 308, which keeps method and body */
    bool (*skip)(tern_ctx *c);
} tern_redirects_options;
tern_middleware tern_redirects_with(const tern_redirects_options *options);
/** Redirects old addresses to new ones. The request's query goes with them. */
#define tern_redirects(...) tern_redirects_with(&(tern_redirects_options){__VA_ARGS__})

typedef struct tern_rewrites_options {
    const tern_path_rule *paths; /* TERN_PATHS(...) */
    bool (*skip)(tern_ctx *c);
} tern_rewrites_options;
tern_middleware tern_rewrites_with(const tern_rewrites_options *options);
/** Looks for the route of another path than the client's: of the application, as it is done before the route is looked
 * up. A path is rewritten once. */
#define tern_rewrites(...) tern_rewrites_with(&(tern_rewrites_options){__VA_ARGS__})

typedef struct tern_method_override_options {
    const char *header; /* default "X-HTTP-Method-Override"; "": none */
    const char *field;  /* of forms (application/x-www-form-urlencoded): "_method"; NULL: none */
    bool (*skip)(tern_ctx *c);
} tern_method_override_options;
tern_middleware tern_method_override_with(const tern_method_override_options *options);
/** Lets a POST be a PUT, PATCH or DELETE, for clients that can only POST. Another method in the header is 400. Of the
 * application. */
#define tern_method_override(...) tern_method_override_with(&(tern_method_override_options){__VA_ARGS__})

typedef struct tern_versions_options {
    const char *versions; /* "1, 2": routes of version 2 are below "/v2" */
    const char
        *prefix; /* what comes before it: "/api" for "/api/v2", the default; "": all paths have versions */
    const char *header; /* that names the version: "API-Version" */
    /* in Accept: "application/vnd.example" for application/vnd.example.v2+json, and for any type with version=2 */
    const char *media_type;
    const char *fallback; /* the version of requests that name none; NULL: 400 for them */
    bool (*skip)(tern_ctx *c);
} tern_versions_options;
tern_middleware tern_versions_with(const tern_versions_options *options);
/**
 * Lets clients choose the version of an API by a header or by the media type that they accept, beside the path:
 * /api/users with "API-Version: 2" gets the route /api/v2/users. tern_version(c) is then "2", as for a client of
 * /api/v2/users. Of the application. Paths that are not below .prefix are left alone.
 *
 * An unknown version in the header is 400, one in Accept 406, each with the list of those that there are.
 */
#define tern_versions(...) tern_versions_with(&(tern_versions_options){__VA_ARGS__})
/** The version that tern_versions has found: "2"; NULL without one. */
const char *tern_version(tern_ctx *c);

typedef struct tern_deprecated_options {
    const char
        *since; /* when it is or was deprecated: "2026-07-01", or with a time in UTC "2026-07-01T12:00:00Z" */
    const char *sunset; /* when it ends; NULL: nobody knows */
    const char *link;   /* the page that tells more */
    bool ends;          /* from .sunset on, the reply is 410 */
    bool (*skip)(tern_ctx *c);
} tern_deprecated_options;
tern_middleware tern_deprecated_with(const tern_deprecated_options *options);
/** Says in the replies of its routes that they are deprecated (Deprecation: RFC 9745) and when they end (Sunset: RFC
 * 8594), and marks them in the OpenAPI document. */
#define tern_deprecated(...) tern_deprecated_with(&(tern_deprecated_options){__VA_ARGS__})

/* -- files that clients look for: each is a route that the OpenAPI document leaves out -- */

typedef struct tern_favicon_options {
    const char *
        file; /* read at start: "favicon.ico", .png or .svg; NULL: the reply is 204, so that no log has a 404 */
    unsigned max_age_s; /* how long browsers keep it; default 86,400, a day */
} tern_favicon_options;
void tern_favicon_with(tern_app *app, const tern_favicon_options *options);
/** GET /favicon.ico. */
#define tern_favicon(app, ...) tern_favicon_with(app, &(tern_favicon_options){__VA_ARGS__})

typedef struct tern_robots_options {
    const char
        *disallow; /* paths that robots are asked to leave alone: "/admin, /search"; "/": all; NULL: none */
    const char *sitemap; /* "https://example.org/sitemap.xml" */
    const char *text;    /* instead of the two: the whole file */
} tern_robots_options;
void tern_robots_with(tern_app *app, const tern_robots_options *options);
/** GET /robots.txt (RFC 9309). */
#define tern_robots(app, ...) tern_robots_with(app, &(tern_robots_options){__VA_ARGS__})

typedef struct tern_security_txt_options {
    const char
        *contact; /* "mailto:security@example.org", or several, divided by commas, the preferred first */
    const char *expires; /* until when all this is right: "2027-06-30T00:00:00Z" */
    const char *encryption, *acknowledgments, *canonical, *policy, *hiring; /* https addresses, or NULL */
    const char *preferred_languages;                                        /* "en, de", or NULL */
} tern_security_txt_options;
void tern_security_txt_with(tern_app *app, const tern_security_txt_options *options);
/** GET /.well-known/security.txt (RFC 9116). Without .contact or .expires the application does not start;
 * after .expires it does, with a warning in the log. */
#define tern_security_txt(app, ...) tern_security_txt_with(app, &(tern_security_txt_options){__VA_ARGS__})

#endif

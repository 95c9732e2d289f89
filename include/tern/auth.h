/**
 * Ways of signing in: how a request says who is asking.
 *
 *     tern_auth(app, TERN_BEARER_JWT(.keys = keys), TERN_API_KEYS(), TERN_SESSIONS());
 *     tern_get(app, "/me", me, .requires = TERN_SIGNED_IN);
 *
 * The ways are tried in order. The first whose credential the request has decides: a wrong credential is 401, and does not
 * fall through to the next way. Without any credential nobody is signed in, which only routes with `.requires` refuse
 * (tern/identity.h). docs/authentication.md has whole programs.
 */
#ifndef TERN_AUTH_H
#define TERN_AUTH_H

#include <tern/identity.h>
#include <tern/openapi.h>

/** What a way found. */
typedef enum tern_way_result {
    TERN_WAY_NONE,  /* the request does not have this way's credential */
    TERN_WAY_FOUND, /* the credential is right: `who` has been filled in */
    TERN_WAY_WRONG  /* it is wrong, and the request is answered with 401 */
} tern_way_result;

/**
 * A way of signing in. Tern's own are macros (TERN_BEARER_JWT, TERN_API_KEYS, TERN_SESSIONS); an application writes another
 * one so:
 *
 *     static tern_way_result by_badge(tern_ctx *c, void *options, tern_identity *who)
 *     {
 *         const char *badge = tern_header(c, "X-Badge");
 *         if (badge == NULL)
 *             return TERN_WAY_NONE;
 *         const Person *person = tern_first(c, Person, .where = "badge = ?", .args = TERN_ARGS(badge));
 *         if (person == NULL)
 *             return tern_way_wrong(c, "no person has this badge");
 *         who->id = tern_sprintf(c, "%" PRId64, person->id);
 *         return TERN_WAY_FOUND;
 *     }
 *     tern_auth(app, {.name = "badge", .identify = by_badge, .challenge = "Badge",
 *                     .security = {.type = TERN_SECURITY_API_KEY_HEADER, .key = "X-Badge"}});
 */
typedef struct tern_way {
    const char *name; /* letters, digits, '.', '_', '-' and spaces: "api key"; tern_identity's `way` */
    /* Called for each request until a way decides. `who` is zeroed; its texts must live as long as the request. It may wait
     * and fail. */
    tern_way_result (*identify)(tern_ctx *c, void *options, tern_identity *who);
    void (*prepare)(tern_app *app, void *options); /* as of tern_middleware; NULL: nothing to do */
    const char *challenge; /* of 401: "Bearer"; NULL: browsers and clients are not told how to sign in */
    /* for documentation, under the way's name with '_' for spaces. TERN_SECURITY_API_KEY_COOKIE has a meaning: browsers send
     * cookies by themselves, so what another site made a browser send is refused as tern_csrf does */
    tern_security_options security;
    void *options;
} tern_way;

/** Returns TERN_WAY_WRONG with the `detail` of the 401, for clients: it must have no secret. */
tern_way_result tern_way_wrong(tern_ctx *c, const char *format, ...) __attribute__((format(printf, 2, 3)));

/**
 * Tries the ways in order for every request of an application or group.
 *
 * It is middleware of TERN_STAGE_AUTH. Several may be around a route: the outermost that finds somebody decides.
 */
#define tern_auth(where, ...)                                                                                \
    tern_use_all(TERN_GROUP_OF(where),                                                                       \
                 ((const tern_middleware[]){tern_ways(__VA_ARGS__), {.file = __FILE__, .line = __LINE__}}))
/** The same as a piece, for one route: `.use = TERN_USE(tern_ways(TERN_API_KEYS()))`. */
#define tern_ways(...) tern_ways_with((const tern_way[]){__VA_ARGS__, {0}})
tern_middleware tern_ways_with(const tern_way *ways);

/** Among the ways of a tern_auth: it does not protect its ways by cookie against requests that another site made a browser
 * send, since the application does so itself. */
#define TERN_WITHOUT_CSRF ((tern_way){.name = "without csrf"})

#endif

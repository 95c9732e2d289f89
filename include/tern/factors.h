/**
 * The routes where users set up and use their second factors, and sign in by passkeys: JSON, and a page for browsers.
 *
 *     tern_two_factors(app, .issuer = "Shop");
 *     tern_passkeys(app, .id = "shop.example", .name = "Shop");
 *     tern_factor_routes(app, .prefix = "/account", .signed_in = begin_session);
 *
 * The user is whoever the ways of signing in have found (tern/identity.h, tern/auth.h). `signed_in` is called once a factor
 * was proved, and begins or raises the user's session, so that TERN_TWO_FACTORS and TERN_FRESH_LOGIN are satisfied:
 *
 *     static void begin_session(tern_ctx *c, const char *user_id, unsigned factors)
 *     {
 *         ... // a new session of user_id that has proved `factors` factors now
 *     }
 *
 * docs/two-factor.md and docs/passkeys.md list the routes.
 */
#ifndef TERN_FACTORS_H
#define TERN_FACTORS_H

#include <tern/app.h>
#include <tern/passkey.h>
#include <tern/totp.h>

typedef struct tern_factor_options {
    const char *prefix; /* of the routes; default "/account" */
    /* Required: begins a session of the user, or raises the one of the request, which has proved `factors` factors. */
    void (*signed_in)(tern_ctx *c, const char *user_id, unsigned factors);
    /* What apps and devices show for the signed-in user: the address; NULL: tern_user(c). */
    const char *(*label)(tern_ctx *c);
    /* Whether a user may sign in at all, when a passkey proves who it is; NULL: yes. */
    bool (*may_sign_in)(tern_ctx *c, const char *user_id);
} tern_factor_options;
void tern_factor_routes_with(tern_group *group, const tern_factor_options *options);
/** Adds the routes to an application or group, once. Call tern_two_factors and tern_passkeys before; without the latter there
 * are no routes of passkeys. No reply is kept by caches. Mistakes are reported by tern_run. */
#define tern_factor_routes(where, ...)                                                                       \
    tern_factor_routes_with(TERN_GROUP_OF(where), &(tern_factor_options){__VA_ARGS__})

#endif

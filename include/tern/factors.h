/**
 * The routes where users set up and use their second factors, and sign in by passkeys: JSON, and a page for browsers.
 *
 *     tern_sessions(app);
 *     tern_auth(app, TERN_SESSIONS());
 *     tern_two_factors(app, .issuer = "Shop");
 *     tern_passkeys(app, .id = "shop.example", .name = "Shop");
 *     tern_factor_routes(app, .prefix = "/account");
 *
 * The user is whoever the ways of signing in have found (tern/identity.h, tern/auth.h). A proof of a factor begins the user's
 * session, or raises the present one, so that TERN_TWO_FACTORS and TERN_FRESH_LOGIN are satisfied. docs/two-factor.md and
 * docs/passkeys.md list the routes.
 */
#ifndef TERN_FACTORS_H
#define TERN_FACTORS_H

#include <tern/app.h>
#include <tern/passkey.h>
#include <tern/totp.h>

typedef struct tern_factor_options {
    const char *prefix; /* of the routes; default "/account" */
    /* Begins a session of the user, or raises the one of the request, which has proved `factors` factors now; NULL:
     * tern_session_sign_in. */
    void (*signed_in)(tern_ctx *c, const char *user_id, unsigned factors);
    /* What apps and devices show for the signed-in user: the address; NULL: tern_user(c). */
    const char *(*label)(tern_ctx *c);
    /* Whether a user may sign in at all, when a passkey proves who it is; NULL: yes. */
    bool (*may_sign_in)(tern_ctx *c, const char *user_id);
} tern_factor_options;
void tern_factor_routes_with(tern_group *group, const tern_factor_options *options);
/** Adds the routes to an application or group, once. Call tern_two_factors and tern_passkeys before; without the latter
 * passkeys have no routes. Replies are not cached. */
#define tern_factor_routes(where, ...)                                                                       \
    tern_factor_routes_with(TERN_GROUP_OF(where), &(tern_factor_options){__VA_ARGS__})

#endif

/** What is known of the best known providers, so that a login needs no more than the client's id and secret. */
#ifndef AUTH_LOGIN_PRESETS_H
#define AUTH_LOGIN_PRESETS_H

#include <stdbool.h>

typedef struct login_preset {
    const char *name, *title;
    const char *issuer; /* with {tenant} where the options' tenant is; NULL: OAuth 2 alone */
    /* What the id token's issuer is where the published one is a template: {tenantid} is its claim tid. */
    bool has_issuer_template;
    const char *scopes;
    const char *authorization_url, *token_url, *user_url, *emails_url; /* of OAuth 2 */
    const char *identity; /* the issuer of its subjects, of OAuth 2 */
    const char *client_auth;
    bool form_post;
    bool signs_secret; /* the client's secret is a JWT that the private key signs (Apple) */
    /* members of the reply about the user; NULL: OpenID Connect's names */
    const char *subject, *user_name, *full_name, *picture, *email_verified;
} login_preset;

/** The preset of that name; NULL without one. */
const login_preset *login_preset_of(const char *name);
/** The preset of providers that have none: OpenID Connect's names, no addresses. */
extern const login_preset login_preset_none;

#endif

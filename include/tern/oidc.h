/**
 * Login with another service: OpenID Connect (Google, Microsoft, Apple, GitLab, Keycloak, Auth0, Okta and any other
 * provider by its issuer), and OAuth 2 where a service has only that (GitHub, Discord, Facebook).
 *
 *     static void signed_in(tern_ctx *c, const tern_profile *profile)
 *     {
 *         const char *user = tern_sprintf(c, "%s:%s", profile->provider, profile->subject);
 *         tern_set_sealed_cookie(c, "user", user, .max_age_s = 8 * 3600, .secure = tern_is_tls(c));
 *     }
 *
 *     tern_login_with(app, .name = "google", .signed_in = signed_in);
 *
 * adds GET /account/login/google, which sends the browser to Google, and /account/login/google/callback, to which
 * Google sends it back; that address is registered at the provider. The client's id and secret come from the options,
 * or from TERN_LOGIN_GOOGLE_CLIENT_ID and TERN_LOGIN_GOOGLE_CLIENT_SECRET (or a file, TERN_LOGIN_GOOGLE_CLIENT_SECRET_FILE).
 *
 * Always used: the authorization code with PKCE (RFC 7636, S256), a state and a nonce that are bound to the browser and
 * work once, the issuer in the response where the provider sends it (RFC 9207), and an id token whose signature, issuer,
 * audience, times, nonce and at_hash are checked (OpenID Connect Core 1.0, section 3.1.3.7). docs/openid-connect.md has
 * whole programs.
 */
#ifndef TERN_OIDC_H
#define TERN_OIDC_H

#include <tern/app.h>
#include <tern/context.h>
#include <tern/value.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Who has signed in, as the provider says. Texts are in the request's memory; NULL where it says nothing. */
typedef struct tern_profile {
    const char *provider; /* the .name of the login: "google" */
    const char *issuer;   /* "https://accounts.google.com" */
    const char *subject;  /* the user's id there, which never changes, unlike the e-mail address */
    const char *email;
    /* the provider says that the address is the user's own; false also when it says nothing about it */
    bool email_verified;
    const char *name, *given_name, *family_name, *username, *picture, *locale;
    /* all of it: the claims of the id token with those of the userinfo address, or the reply about an OAuth 2 user */
    const tern_value *claims;
    const char *next; /* where the browser goes now: a path of this service */

    /* what the provider gave for calls to itself; for .signed_in alone, and never logged */
    const char *access_token, *refresh_token, *id_token, *scope;
    int64_t expires; /* of access_token: Unix seconds; 0: not known */
} tern_profile;

typedef struct tern_login_options {
    /* In the addresses and in the names of the variables: a-z, 0-9 and '-'. One of google, microsoft, apple, gitlab,
     * github, discord or facebook needs nothing more than the client's id and secret. */
    const char *name;
    const char *title; /* for people: "Google"; default for another name: the name */
    const char
        *preset; /* what to take the defaults from, for two logins at one provider; default: by the name */

    const char *client_id; /* or TERN_LOGIN_<NAME>_CLIENT_ID */
    const char *
        client_secret; /* or TERN_LOGIN_<NAME>_CLIENT_SECRET, or ..._CLIENT_SECRET_FILE; "": a public client */

    /* OpenID Connect: all else is read from <issuer>/.well-known/openid-configuration at the first login, and again each
     * hour. https, or http to this machine. Or TERN_LOGIN_<NAME>_ISSUER */
    const char *issuer;
    const char *tenant; /* Microsoft's; default "common": all accounts */
    const char *scopes; /* default "openid email profile", or the preset's */

    /* OAuth 2 without an issuer */
    const char *authorization_url, *token_url, *user_url;

    /* How the client proves itself: "client_secret_basic", "client_secret_post", "private_key_jwt" or "none"; default:
     * what the provider takes, in this order */
    const char *client_auth;
    const char
        *private_key; /* PEM, for private_key_jwt and for Apple; or TERN_LOGIN_<NAME>_PRIVATE_KEY[_FILE] */
    const char *key_id, *team_id;  /* the key's id there; Apple's team */
    const char *const *parameters; /* more of the login's address: TERN_PAIRS("prompt", "login") */
    bool form_post;                /* the answer comes as a form (response_mode=form_post); Apple wants it */
    unsigned max_age_s;  /* who has proved themselves there longer ago must do it again; 0: any time */
    unsigned timeout_ms; /* of each call to the provider; default 10 s */

    /* "https://example.org": what the callback's address begins with; default: the scheme and host of the request, which a
     * proxy of --trusted-proxies forwards */
    const char *base_url;
    const char *prefix; /* of the paths; default "/account/login" */
    const char *after;  /* where the browser goes after a login that began without ?next=; default "/" */

    /* Called for each login that has succeeded, before the browser goes to profile->next: signs the user in, and may refuse
     * by tern_fail. Needed. */
    void (*signed_in)(tern_ctx *c, const tern_profile *profile);
} tern_login_options;

void tern_login_with_options(tern_app *app, const tern_login_options *options);
/** Adds a login; in main, once for each provider. Mistakes (no client id, a wrong address, a name twice) are reported by
 * tern_run. Texts are copied. */
#define tern_login_with(app, ...) tern_login_with_options(app, &(tern_login_options){__VA_ARGS__})

/** A button of a login page. */
typedef struct tern_login_button {
    const char *name, *title; /* "google", "Google" */
    const char *path; /* "/account/login/google": a link to it begins the login; it takes ?next=/path */
} tern_login_button;
/** The logins of the application, in the order of their declaration; `*count` receives their number. They live as long as
 * the process. */
const tern_login_button *tern_login_buttons(size_t *count);

#endif

/** The end of a login: the browser comes back from the provider. */
#include "auth/login/address.h"
#include "auth/login/exchange.h"
#include "auth/login/flight.h"
#include "auth/login/handlers.h"
#include "auth/login/id_token.h"
#include "auth/login/profile.h"

#include <tern/fetch.h>
#include <tern/security.h>

#include <string.h>

/** The only parameter of that name. A second one, or one that is too long, makes the answer worthless (RFC 6749 section
 * 3.1). */
static const char *only(tern_ctx *c, const login_provider *p, const char *name)
{
    const char *value = tern_query(c, name);
    if (value != NULL && (tern_query_nth(c, name, 1) != NULL || strlen(value) > LOGIN_MOST_TEXT))
        login_refuse(c, p, 400, "the answer of the provider is malformed; please begin again",
                     "the callback has %s twice, or more than %d bytes of it", name, LOGIN_MOST_TEXT);
    return value;
}

/** What the user reads for an error of the provider (RFC 6749 section 4.1.2.1, OpenID Connect Core 1.0, 3.1.2.6). */
static const struct {
    const char *error;
    int status;
    const char *told;
} errors[] = {
    {"access_denied", 403, "the login was cancelled, or %s does not allow it"},
    {"temporarily_unavailable", 503, "%s is not available at the moment; please try again later"},
    {"server_error", 502, "%s had a problem; please try again later"},
    {"login_required", 403, "you have to sign in at %s first"},
    {"interaction_required", 403, "%s needs something from you first; please begin again"},
    {"consent_required", 403, "%s needs your consent; please begin again"},
    {"account_selection_required", 403, "you have to choose an account at %s; please begin again"},
    {"user_cancelled_authorize", 403, "the login was cancelled at %s"},
    {"user_cancelled_login", 403, "the login was cancelled at %s"},
};

_Noreturn static void refuse_error(tern_ctx *c, const login_provider *p, const char *error)
{
    const char *description = only(c, p, "error_description");
    int status = 502;
    const char *told = tern_sprintf(c, "%s does not accept this service at the moment", p->o.title);
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
        if (strcmp(errors[i].error, error) != 0)
            continue;
        const char *hole = strstr(errors[i].told, "%s");
        status = errors[i].status;
        told =
            tern_sprintf(c, "%.*s%s%s", (int)(hole - errors[i].told), errors[i].told, p->o.title, hole + 2);
    }
    login_refuse(c, p, status, told, "the provider answers %s: %s", error,
                 description != NULL ? description : "no description");
}

/** The answer comes from the provider to which the browser was sent: RFC 9207, against mix-up. */
static void check_issuer(tern_ctx *c, const login_provider *p, const login_metadata *m)
{
    const char *issuer = only(c, p, "iss");
    bool is_right = issuer == NULL
                        ? !m->sends_issuer
                        : !p->is_openid || p->preset->has_issuer_template || strcmp(issuer, m->issuer) == 0;
    if (!is_right)
        login_refuse(
            c, p, 400, "the answer does not come from the provider of this login; please begin again",
            "the callback's iss is \"%s\", and must be \"%s\"", issuer != NULL ? issuer : "", m->issuer);
}

tern_reply login_callback(tern_ctx *c)
{
    login_provider *p = tern_route_arg(c);
    tern_set_header(c, "Cache-Control", "no-store");
    tern_set_header(c, "Referrer-Policy", "no-referrer"); /* the address has the code */
    const login_flight *f = login_flight_end(c, p, only(c, p, "state"));
    const login_metadata *m = login_metadata_of(c, p);
    check_issuer(c, p, m);
    const char *error = only(c, p, "error"), *code = only(c, p, "code");
    if (error != NULL)
        refuse_error(c, p, error);
    if (code == NULL || *code == '\0')
        login_refuse(c, p, 400, "the answer of the provider is malformed; please begin again",
                     "the callback has neither code nor error");
    login_tokens tokens = login_exchange(c, p, m, f, code);
    const tern_value *claims = p->is_openid ? login_id_token(c, p, m, f, &tokens) : NULL;
    tern_profile *profile = login_profile_of(c, p, m, &tokens, claims);
    profile->next = tern_is_local_target(c, f->next) ? f->next : p->o.after;
    p->o.signed_in(c, profile);
    return tern_redirect_with(c, 303, profile->next);
}

/* The cookies of this service are SameSite=Lax, so the browser sends none with a form of another site. It does with the
 * GET that follows. */
tern_reply login_callback_form(tern_ctx *c)
{
    login_provider *p = tern_route_arg(c);
    static const char *const names[] = {"state", "code", "iss", "error", "error_description"};
    const char *pairs[2 * sizeof names / sizeof *names + 2], **pair = pairs;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *value = tern_form_field(c, names[i]);
        if (value == NULL)
            continue;
        if (strlen(value) > LOGIN_MOST_TEXT)
            login_refuse(c, p, 400, "the answer of the provider is malformed; please begin again",
                         "the callback has more than %d bytes of %s", LOGIN_MOST_TEXT, names[i]);
        *pair++ = names[i];
        *pair++ = value;
    }
    *pair = NULL;
    tern_set_header(c, "Cache-Control", "no-store");
    tern_set_header(c, "Referrer-Policy", "no-referrer");
    return tern_redirect_with(c, 303, login_address_with(c, tern_sprintf(c, "%s/callback", p->path), pairs));
}

/** The beginning of a login: the way to the provider. */
#include "auth/login/address.h"
#include "auth/login/discovery.h"
#include "auth/login/flight.h"
#include "auth/login/handlers.h"
#include "auth/login/hash.h"

#include <tern/accept.h>
#include <tern/fetch.h>
#include <tern/security.h>

/** The address of the provider at which a login begins; its cookie is set. */
static const char *login_address(tern_ctx *c, login_provider *p, const char *next)
{
    const login_metadata *m = login_metadata_of(c, p);
    const login_flight *f = login_flight_begin(c, p, next);
    const char *const *more = p->o.parameters != NULL ? p->o.parameters : TERN_PAIRS(NULL, NULL);
    const char *url = login_address_with(
        c, m->authorization_url,
        TERN_PAIRS("response_type", "code", "client_id", p->o.client_id, "redirect_uri", f->redirect_uri,
                   "scope", p->o.scopes, "state", f->state, "nonce", p->is_openid ? f->nonce : NULL,
                   "code_challenge", login_challenge(c, f->verifier), "code_challenge_method", "S256",
                   "response_mode", p->o.form_post ? "form_post" : NULL, "max_age",
                   p->o.max_age_s != 0 ? tern_sprintf(c, "%u", p->o.max_age_s) : NULL));
    return login_address_with(c, url, more);
}

tern_reply login_begin(tern_ctx *c)
{
    login_provider *p = tern_route_arg(c);
    const char *next = tern_query(c, "next");
    /* The cookie must be of the host to which the provider sends the browser back. */
    if (p->o.base_url != NULL && !tern_is_own_origin(c, p->o.base_url) && tern_query(c, "here") == NULL)
        return tern_redirect_with(c, 303,
                                  login_address_with(c, tern_sprintf(c, "%s%s", p->o.base_url, p->path),
                                                     TERN_PAIRS("next", next, "here", "1")));
    const char *url = login_address(c, p, tern_is_local_target(c, next) ? next : p->o.after);
    tern_set_header(c, "Cache-Control", "no-store");
    tern_vary(c, "Accept");
    const char *form = tern_accepts(c, "text/html", "application/json");
    if (form == NULL || *form == 't')
        return tern_redirect_with(c, 303, url);
    tern_value *reply = tern_value_object(c); /* for a program that opens the browser itself */
    tern_value_set(c, reply, "url", tern_value_of_text(c, url));
    return tern_json_text(c, tern_value_print(c, reply, 0));
}

/** Provider metadata. */
#include "auth/login/discovery.h"

#include "auth/login/address.h"
#include "auth/login/documents.h"

#include <string.h>

static const char *text_of(const tern_value *document, const char *name)
{
    return tern_value_text(tern_value_get(document, name), NULL);
}

/** What is wrong with one address; NULL if nothing is. */
static const char *wrong_address(tern_ctx *c, const login_provider *p, const tern_value *document,
                                 const char *name, bool is_needed)
{
    const tern_value *value = tern_value_get(document, name);
    const char *url = tern_value_text(value, NULL);
    if (value == NULL && !is_needed)
        return NULL;
    if (url == NULL)
        return tern_sprintf(c, "%s is missing, or not a text", name);
    if (!login_address_is_safe(url))
        return tern_sprintf(c, "%s \"%s\" is not an address with https", name, url);
    if (login_address_is_plain(url) && !login_address_is_plain(p->o.issuer))
        return tern_sprintf(c, "%s \"%s\" is plain http, and the issuer is not", name, url);
    return NULL;
}

static const char *check(tern_ctx *c, const login_provider *p, const tern_value *document)
{
    const char *issuer = text_of(document, "issuer"), *wrong;
    if (issuer == NULL)
        return "issuer is missing, or not a text";
    if (!p->preset->has_issuer_template && strcmp(issuer, p->o.issuer) != 0)
        return tern_sprintf(c, "issuer is \"%s\", and must be exactly \"%s\"", issuer, p->o.issuer);
    if (p->preset->has_issuer_template && strncmp(issuer, "https://login.microsoftonline.com/", 34) != 0)
        return tern_sprintf(c, "issuer is \"%s\", and must be one of login.microsoftonline.com", issuer);
    if ((wrong = wrong_address(c, p, document, "authorization_endpoint", true)) != NULL ||
        (wrong = wrong_address(c, p, document, "token_endpoint", true)) != NULL ||
        (wrong = wrong_address(c, p, document, "jwks_uri", true)) != NULL)
        return wrong;
    return wrong_address(c, p, document, "userinfo_endpoint", false);
}

/** <issuer>/.well-known/openid-configuration, with one '/' between the two (OpenID Connect Discovery, section 4.1). */
static const char *well_known(tern_ctx *c, const char *issuer)
{
    size_t len = strlen(issuer);
    while (len > 0 && issuer[len - 1] == '/')
        len--;
    return tern_sprintf(c, "%.*s/.well-known/openid-configuration", (int)len, issuer);
}

const login_metadata *login_metadata_of(tern_ctx *c, login_provider *p)
{
    login_metadata *m = tern_alloc(c, sizeof *m);
    if (!p->is_openid) {
        *m = (login_metadata){.issuer =
                                  p->preset->identity != NULL ? p->preset->identity : p->o.authorization_url,
                              .authorization_url = p->o.authorization_url,
                              .token_url = p->o.token_url,
                              .user_url = p->o.user_url};
        return m;
    }
    const tern_value *document =
        login_document_of(c, p, well_known(c, p->o.issuer), LOGIN_FRESH_S, check).value;
    *m = (login_metadata){
        .issuer = text_of(document, "issuer"),
        .authorization_url = text_of(document, "authorization_endpoint"),
        .token_url = text_of(document, "token_endpoint"),
        .user_url = text_of(document, "userinfo_endpoint"),
        .keys_url = text_of(document, "jwks_uri"),
        .sends_issuer = tern_value_bool(
            tern_value_get(document, "authorization_response_iss_parameter_supported"), false),
        .client_auth = tern_value_get(document, "token_endpoint_auth_methods_supported")};
    return m;
}

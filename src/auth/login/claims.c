/** The claims of an id token. */
#include "auth/login/claims.h"

#include "auth/login/provider.h"

#include <math.h>
#include <string.h>

enum { MOST_SUBJECT = 255, MOST_AUDIENCES = 16 };

static const char *text_of(const tern_value *claims, const char *name)
{
    return tern_value_text(tern_value_get(claims, name), NULL);
}

/** Seconds since 1970, which may have a fraction (RFC 7519 section 2); NAN when it is not a time. */
static double time_of(const tern_value *claims, const char *name)
{
    double value = tern_value_double(tern_value_get(claims, name), (double)NAN);
    return value >= 0 && value < 1e12 ? value : (double)NAN;
}

static const char *wrong_issuer(tern_ctx *c, const tern_value *claims, const char *wanted)
{
    const char *issuer = text_of(claims, "iss"), *hole = strstr(wanted, "{tenantid}");
    if (hole != NULL) {
        const char *tenant = text_of(claims, "tid");
        if (tenant == NULL || tenant[strspn(tenant, "0123456789abcdefABCDEF-")] != '\0')
            return "tid is missing, or not a tenant's id";
        wanted =
            tern_sprintf(c, "%.*s%s%s", (int)(hole - wanted), wanted, tenant, hole + strlen("{tenantid}"));
    }
    if (issuer == NULL || strcmp(issuer, wanted) != 0)
        return tern_sprintf(c, "iss is \"%s\", and must be \"%s\"", issuer != NULL ? issuer : "", wanted);
    return NULL;
}

/** The audience is this client; where there are others, the provider says that the token was made for this one. */
static const char *wrong_audience(tern_ctx *c, const tern_value *claims, const char *client)
{
    const tern_value *aud = tern_value_get(claims, "aud"), *one;
    const char *azp = text_of(claims, "azp");
    bool is_list = tern_value_kind_of(aud) == TERN_JSON_ARRAY, is_for_client = false;
    if (!is_list)
        is_for_client = strcmp(tern_value_text(aud, ""), client) == 0;
    else if (tern_value_count(aud) > MOST_AUDIENCES)
        return "aud has too many elements";
    else
        tern_value_each(one, aud) is_for_client |= strcmp(tern_value_text(one, ""), client) == 0;
    if (!is_for_client)
        return tern_sprintf(c, "aud is not \"%s\"", client);
    if (tern_value_get(claims, "azp") != NULL && (azp == NULL || strcmp(azp, client) != 0))
        return tern_sprintf(c, "azp is not \"%s\"", client);
    if (azp == NULL && is_list && tern_value_count(aud) > 1)
        return "aud has several elements, and there is no azp";
    return NULL;
}

static const char *wrong_times(tern_ctx *c, const tern_value *claims, const login_expected *e)
{
    double now = (double)e->now, expires = time_of(claims, "exp"), made = time_of(claims, "iat");
    if (isnan(expires))
        return "exp is missing, or not a time";
    if (now >= expires + LOGIN_LEEWAY_S)
        return tern_sprintf(c, "exp was %.0f s ago", now - expires);
    if (isnan(made))
        return "iat is missing, or not a time";
    if (made > now + LOGIN_LEEWAY_S)
        return tern_sprintf(c, "iat is %.0f s ahead of this machine's clock", made - now);
    if (tern_value_get(claims, "nbf") != NULL && !(time_of(claims, "nbf") <= now + LOGIN_LEEWAY_S))
        return "nbf is still to come, or not a time";
    if (e->max_age_s == 0)
        return NULL;
    double proved = time_of(claims, "auth_time");
    if (isnan(proved))
        return "auth_time is missing, or not a time, and .max_age_s needs it";
    if (now > proved + e->max_age_s + LOGIN_LEEWAY_S)
        return tern_sprintf(c, "auth_time was %.0f s ago, and .max_age_s is %u", now - proved, e->max_age_s);
    return NULL;
}

const char *login_claims_problem(tern_ctx *c, const tern_value *claims, const login_expected *e)
{
    if (tern_value_kind_of(claims) != TERN_JSON_OBJECT)
        return "the claims are not an object";
    const char *wrong = wrong_issuer(c, claims, e->issuer), *subject = text_of(claims, "sub");
    if (wrong == NULL && (subject == NULL || *subject == '\0' || strlen(subject) > MOST_SUBJECT))
        wrong = "sub is missing, or not a text of 1 to 255 bytes";
    if (wrong == NULL)
        wrong = wrong_audience(c, claims, e->client_id);
    if (wrong == NULL)
        wrong = wrong_times(c, claims, e);
    if (wrong == NULL && strcmp(tern_value_text(tern_value_get(claims, "nonce"), ""), e->nonce) != 0)
        wrong = "nonce is not the one of this login";
    return wrong;
}

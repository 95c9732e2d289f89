/** TERN_BEARER_JWT: the way of signing in by a token. */
#include "auth/token/keys.h"

#include <tern/security.h>

#include <string.h>
#include <strings.h>

static const char way_name[] = "jwt";

const char *jwt_bearer_text(tern_ctx *c)
{
    const char *header = tern_header(c, "Authorization");
    if (header == NULL || strncasecmp(header, "Bearer ", 7) != 0)
        return NULL;
    if (tern_header_nth(c, "Authorization", 1) != NULL)
        return "";
    return header + 7 + strspn(header + 7, " ");
}

static const char *token_of(tern_ctx *c, const tern_bearer_jwt_options *o)
{
    const char *token = jwt_bearer_text(c);
    if (token != NULL && *token != '\0' && strchr(token, '.') == NULL)
        token = NULL; /* another way's */
    if (token == NULL && o->cookie != NULL) {
        token = tern_cookie(c, o->cookie);
        if (token != NULL && !o->without_csrf)
            tern_csrf_check(c);
    }
    if (token == NULL && o->query != NULL)
        token = tern_query(c, o->query);
    return token;
}

/** Whether the token says that the user proved two factors: RFC 8176. */
static unsigned factors_of(const tern_value *all)
{
    const tern_value *methods = tern_value_get(all, "amr"), *one;
    unsigned count = methods != NULL ? 1 : 0;
    tern_value_each(one, methods) if (strcmp(tern_value_text(one, ""), "mfa") == 0) count = 2;
    return count;
}

static tern_way_result identify(tern_ctx *c, void *options, tern_identity *who)
{
    const tern_bearer_jwt_options *o = options;
    const char *why = NULL, *token = token_of(c, o);
    if (token == NULL)
        return TERN_WAY_NONE;
    const tern_jwt_claims *claims = tern_jwt_check(c, o->keys, token, &why);
    if (claims == NULL)
        return tern_way_wrong(c, "the token is wrong: %s", why);
    const char *scopes = o->scopes != NULL ? jwt_scopes(c, claims->all, o->scopes) : claims->scopes;
    *who = (tern_identity){.id = claims->subject,
                           .name = tern_value_text(tern_value_get(claims->all, "preferred_username"), NULL),
                           .way = way_name,
                           .scopes = scopes != NULL || o->unlimited ? scopes : "",
                           .since = tern_value_int(tern_value_get(claims->all, "auth_time"), 0),
                           .factors = factors_of(claims->all),
                           .data = claims};
    if (o->user != NULL && !o->user(c, claims, who))
        return tern_way_wrong(c, "the token is wrong: its user is gone");
    if (who->id == NULL)
        return tern_way_wrong(c, "the token is wrong: it has no `sub`");
    return TERN_WAY_FOUND;
}

static void prepare(tern_app *app, void *options)
{
    const tern_bearer_jwt_options *o = options;
    if (o == NULL)
        tern_mistake(app, "TERN_BEARER_JWT: out of memory");
    else if (o->keys == NULL)
        tern_mistake(app, "TERN_BEARER_JWT: .keys is NULL: give it the result of tern_jwt_keys_new");
}

const tern_jwt_claims *tern_jwt(tern_ctx *c)
{
    const tern_identity *who = tern_identity_of(c);
    return who != NULL && who->way == way_name ? who->data : NULL;
}

tern_way tern_bearer_jwt_with(const tern_bearer_jwt_options *options)
{
    return (tern_way){.name = way_name,
                      .identify = identify,
                      .prepare = prepare,
                      .challenge = "Bearer",
                      .security = {.type = TERN_SECURITY_BEARER, .format = "JWT"},
                      .options = tern_keep(options, sizeof *options)};
}

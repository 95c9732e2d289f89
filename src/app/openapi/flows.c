/** OAuth 2: flows and scopes. */
#include "app/openapi/internal.h"

#include "schema/json/append.h"

#include <string.h>

static const struct flow {
    const char *name;
    bool has_authorization, has_token, has_device;
} known[] = {
    {"implicit", true, false, false},           {"password", false, true, false},
    {"clientCredentials", false, true, false},  {"authorizationCode", true, true, false},
    {"deviceAuthorization", false, true, true},
};

static const struct flow *find_flow(tern_str name)
{
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strlen(known[i].name) == name.len && memcmp(known[i].name, name.data, name.len) == 0)
            return &known[i];
    return NULL;
}

const tern_scope *openapi_keep_scopes(tern_app *app, const tern_scope *scopes)
{
    size_t count = 0;
    while (scopes != NULL && scopes[count].name != NULL)
        count++;
    tern_scope *kept = count != 0 ? app_keep(app, (count + 1) * sizeof *kept) : NULL;
    for (size_t i = 0; i < count && kept != NULL; i++) {
        kept[i].name = app_keep_text(app, scopes[i].name);
        kept[i].description = app_keep_text(app, scopes[i].description);
    }
    return kept;
}

const char *openapi_flows_need(const tern_security_options *o)
{
    tern_str name;
    bool has_flow = false;
    for (const char *at = o->flows; at != NULL && openapi_next_word(&at, &name);) {
        const struct flow *flow = find_flow(name);
        has_flow = true;
        if (flow == NULL)
            return ".flows of authorizationCode, clientCredentials, deviceAuthorization, implicit and password";
        if (flow->has_authorization && o->authorization_url == NULL)
            return ".authorization_url";
        if (flow->has_token && o->token_url == NULL)
            return ".token_url";
        if (flow->has_device && o->device_url == NULL)
            return ".device_url";
    }
    for (const tern_scope *one = o->scopes; one != NULL && one->name != NULL; one++)
        if (*one->name == '\0' || strpbrk(one->name, " ,\"\\") != NULL)
            return "scopes without spaces, commas, quotes and backslashes in their names";
    return has_flow ? NULL : ".flows, for example \"authorizationCode\"";
}

static bool has_scope(const tern_scope *scopes, tern_str name)
{
    for (; scopes->name != NULL; scopes++)
        if (strlen(scopes->name) == name.len && memcmp(scopes->name, name.data, name.len) == 0)
            return true;
    return false;
}

bool openapi_check_scopes(const openapi_scheme *scheme, tern_str scopes, const char *whose, buf *problems)
{
    const tern_security_options *o = &scheme->options;
    bool may_have = o->type == TERN_SECURITY_OAUTH2 || o->type == TERN_SECURITY_OPENID, are_known = true;
    while (scopes.len > 0) {
        tern_str name = openapi_next_scope(&scopes);
        if (may_have && (o->scopes != NULL ? has_scope(o->scopes, name) : o->type == TERN_SECURITY_OPENID))
            continue;
        are_known = false;
        buf_add_printf(
            problems, "%s: .security names the scope \"%.*s\", which tern_security(\"%s\") does not %s\n",
            whose, (int)name.len, name.data, scheme->name,
            may_have ? "have in its .scopes" : "take: only OAuth 2 and OpenID Connect have scopes");
    }
    return are_known;
}

static void print_scopes(const tern_scope *one, buf *out)
{
    append_key(out, "scopes");
    append_open(out, '{');
    for (; one != NULL && one->name != NULL; one++)
        append_member(out, one->name, one->description != NULL ? one->description : "");
    append_close(out, '}');
}

void openapi_print_flows(const tern_security_options *o, bool is_3_2, buf *out)
{
    tern_str name;
    append_key(out, "flows");
    append_open(out, '{');
    for (const char *at = o->flows; openapi_next_word(&at, &name);) {
        const struct flow *flow = find_flow(name);
        append_key(out, flow->has_device && !is_3_2 ? "x-deviceAuthorization" : flow->name);
        append_open(out, '{');
        append_member(out, "authorizationUrl", flow->has_authorization ? o->authorization_url : NULL);
        append_member(out, "deviceAuthorizationUrl", flow->has_device ? o->device_url : NULL);
        append_member(out, "tokenUrl", flow->has_token ? o->token_url : NULL);
        append_member(out, "refreshUrl", o->refresh_url);
        print_scopes(o->scopes, out);
        append_close(out, '}');
    }
    append_close(out, '}');
}

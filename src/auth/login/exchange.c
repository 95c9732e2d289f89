/** Calls to the token endpoint. */
#include "auth/login/exchange.h"

#include "auth/login/address.h"
#include "auth/login/call.h"
#include "auth/login/client_assertion.h"

#include <string.h>
#include <strings.h>
#include <time.h>

#define ASSERTION_TYPE "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

enum { MOST_TOKEN = 65536 };

/** How the client proves itself: by the options, or else the best that both sides know. */
static const char *client_auth_of(const login_provider *p, const login_metadata *m)
{
    const tern_value *one;
    bool takes_basic = m->client_auth == NULL, takes_post = false,
         takes_key = false; /* the default is basic */
    if (p->o.client_auth != NULL)
        return p->o.client_auth;
    tern_value_each(one, m->client_auth)
    {
        const char *name = tern_value_text(one, "");
        takes_basic |= strcmp(name, "client_secret_basic") == 0;
        takes_post |= strcmp(name, "client_secret_post") == 0;
        takes_key |= strcmp(name, "private_key_jwt") == 0;
    }
    if (p->o.private_key != NULL && (takes_key || *p->o.client_secret == '\0'))
        return "private_key_jwt";
    if (*p->o.client_secret == '\0')
        return "none";
    return takes_post && !takes_basic ? "client_secret_post" : "client_secret_basic";
}

/** Asks for tokens with the client's proof added to `form`, which has room for it: up to 4 more pairs. */
static login_reply ask(tern_ctx *c, const login_provider *p, const login_metadata *m, const char **form,
                       size_t count)
{
    const char *way = client_auth_of(p, m);
    tern_fetch_options o = {.form = form};
    if (strcmp(way, "client_secret_basic") == 0) {
        /* both are form-encoded first (RFC 6749 section 2.3.1), so that a ':' in the id does no harm */
        o.basic =
            tern_sprintf(c, "%s:%s", login_encode(c, p->o.client_id), login_encode(c, p->o.client_secret));
        form[count] = NULL;
        return login_call(c, p, m->token_url, &o);
    }
    form[count++] = "client_id";
    form[count++] = p->o.client_id;
    if (strcmp(way, "client_secret_post") == 0) {
        form[count++] = "client_secret";
        form[count++] = p->preset->signs_secret ? login_apple_secret(c, p) : p->o.client_secret;
    } else if (strcmp(way, "private_key_jwt") == 0) {
        form[count++] = "client_assertion_type";
        form[count++] = ASSERTION_TYPE;
        form[count++] = "client_assertion";
        form[count++] = login_client_assertion(c, p, m->token_url);
    }
    form[count++] = NULL;
    form[count] = NULL;
    return login_call(c, p, m->token_url, &o);
}

/** A token of the reply: visible ASCII (RFC 6749 appendix A), so that it can be in a header. NULL without one. */
static const char *token_of(const tern_value *reply, const char *name, const char **problem)
{
    const tern_value *value = tern_value_get(reply, name);
    if (value == NULL || tern_value_kind_of(value) == TERN_JSON_NULL)
        return NULL;
    const char *text = tern_value_text(value, "");
    size_t len = strlen(text);
    for (size_t i = 0; i < len; i++)
        if (text[i] < ' ' || text[i] > '~')
            len = 0;
    if (len == 0 || len > MOST_TOKEN)
        *problem = name;
    return text;
}

/** Seconds, as a number, or as the text that some providers send. */
static int64_t seconds_of(const tern_value *value)
{
    int64_t seconds = tern_value_int(value, 0);
    const char *text = tern_value_text(value, NULL);
    if (text != NULL && strlen(text) < 10 && text[strspn(text, "0123456789")] == '\0')
        for (seconds = 0; *text != '\0'; text++)
            seconds = seconds * 10 + (*text - '0');
    return seconds > 0 && seconds < INT32_MAX ? seconds : 0;
}

/** Reads a success; what is wrong with it, or NULL. */
static const char *read_tokens(tern_ctx *c, const login_provider *p, const tern_value *reply,
                               login_tokens *out)
{
    const char *malformed = NULL, *type = tern_value_text(tern_value_get(reply, "token_type"), "Bearer");
    int64_t seconds = seconds_of(tern_value_get(reply, "expires_in"));
    *out = (login_tokens){.access_token = token_of(reply, "access_token", &malformed),
                          .refresh_token = token_of(reply, "refresh_token", &malformed),
                          .id_token = p->is_openid ? token_of(reply, "id_token", &malformed) : NULL,
                          .scope = tern_value_text(tern_value_get(reply, "scope"), NULL),
                          .expires = seconds != 0 ? (int64_t)time(NULL) + seconds : 0};
    if (malformed != NULL)
        return tern_sprintf(c, "%s is not a token", malformed);
    if (out->access_token == NULL)
        return "access_token is missing";
    if (strcasecmp(type, "Bearer") != 0)
        return tern_sprintf(c, "token_type is \"%s\", and must be Bearer", type);
    return NULL;
}

/** "invalid_grant (the code has expired)" of an error reply; NULL when it is not one. A status of 200 may be one, too:
 * GitHub's are. */
static const char *error_of(tern_ctx *c, const tern_value *reply)
{
    const char *error = tern_value_text(tern_value_get(reply, "error"), NULL);
    const char *description = tern_value_text(tern_value_get(reply, "error_description"), NULL);
    if (error == NULL && tern_value_get(reply, "error") != NULL)
        error = tern_value_text(tern_value_find(reply, "/error/message"),
                                "an error"); /* Facebook's is an object */
    return error == NULL || description == NULL ? error : tern_sprintf(c, "%s (%s)", error, description);
}

login_tokens login_exchange(tern_ctx *c, login_provider *p, const login_metadata *m, const login_flight *f,
                            const char *code)
{
    const char *form[18] = {"grant_type",   "authorization_code", "code",          code,
                            "redirect_uri", f->redirect_uri,      "code_verifier", f->verifier};
    login_reply r = ask(c, p, m, form, 8);
    if (r.problem != NULL)
        login_refuse(c, p, r.status_told, login_unreachable(c, p), "%s", r.problem);
    const char *error = error_of(c, r.value), *wrong = NULL;
    if (error != NULL && strncmp(error, "invalid_grant", 13) == 0)
        login_refuse(c, p, 400, "this login has expired, or has been used already; please begin again",
                     "POST %s: %s", m->token_url, error);
    if (error != NULL || r.status != 200)
        login_refuse(c, p, 502, tern_sprintf(c, "%s does not accept this service at the moment", p->o.title),
                     "POST %s: the status is %d: %s", m->token_url, r.status,
                     error != NULL ? error : "no error is named");
    login_tokens tokens;
    wrong = read_tokens(c, p, r.value, &tokens);
    if (wrong == NULL && p->is_openid && tokens.id_token == NULL)
        wrong = "id_token is missing; .scopes must have openid";
    if (wrong != NULL)
        login_refuse(c, p, 502, tern_sprintf(c, "%s sent an answer that cannot be used", p->o.title),
                     "POST %s: %s", m->token_url, wrong);
    return tokens;
}

bool login_refresh(tern_ctx *c, login_provider *p, const login_metadata *m, const char *refresh_token,
                   login_tokens *out)
{
    const char *form[14] = {"grant_type", "refresh_token", "refresh_token", refresh_token};
    login_tokens tokens;
    login_reply r = ask(c, p, m, form, 4);
    if (r.problem != NULL || r.status != 200 || error_of(c, r.value) != NULL ||
        read_tokens(c, p, r.value, &tokens) != NULL)
        return false;
    if (tokens.refresh_token == NULL) /* it stays valid (RFC 6749 section 6) */
        tokens.refresh_token = refresh_token;
    *out = tokens;
    return true;
}

/** Profiles of users. */
#include "auth/login/profile.h"

#include "auth/login/address.h"
#include "auth/login/call.h"

#include <string.h>
#include <strings.h>

enum { MOST_SUBJECT = 255, MOST_EMAIL = 254, MOST_NAME = 1024 };

/** A text without control bytes and of a reasonable length; NULL otherwise. */
static const char *clean(const tern_value *value, size_t most)
{
    const char *text = tern_value_text(value, NULL);
    if (text == NULL || *text == '\0' || strlen(text) > most)
        return NULL;
    for (const char *at = text; *at != '\0'; at++)
        if ((unsigned char)*at < ' ' || *at == 0x7f)
            return NULL;
    return text;
}

static const char *named(const tern_value *claims, const char *name, const char *usual)
{
    return clean(tern_value_get(claims, name != NULL ? name : usual), MOST_NAME);
}

/** The subject may be a number, of GitHub say, which is then in decimal. */
static const char *subject_of(tern_ctx *c, const tern_value *value)
{
    int64_t number = tern_value_int(value, -1);
    return number >= 0 ? tern_sprintf(c, "%lld", (long long)number) : clean(value, MOST_SUBJECT);
}

/** true, or "true" as Apple writes it, and 1 or "1" as Microsoft does. */
static bool is_true(const tern_value *value)
{
    const char *text = tern_value_text(value, "");
    return tern_value_bool(value, false) || tern_value_int(value, 0) == 1 || strcasecmp(text, "true") == 0 ||
           strcmp(text, "1") == 0;
}

/** An address with one '@' inside and no space; anything else is none. */
static const char *email_of(const tern_value *value)
{
    const char *email = clean(value, MOST_EMAIL), *at = email != NULL ? strchr(email, '@') : NULL;
    bool is_one = at != NULL && at != email && at[1] != '\0' && strchr(at + 1, '@') == NULL &&
                  strpbrk(email, " <>\"(),:;[]\\") == NULL;
    return is_one ? email : NULL;
}

tern_profile *login_profile_read(tern_ctx *c, const login_provider *p, const tern_value *claims)
{
    const login_preset *names = p->preset;
    const char *verified = names->email_verified != NULL ? names->email_verified : "email_verified";
    tern_profile *profile = tern_alloc(c, sizeof *profile);
    *profile = (tern_profile){
        .provider = p->o.name,
        .subject = subject_of(c, tern_value_get(claims, names->subject != NULL ? names->subject : "sub")),
        .email = email_of(tern_value_get(claims, "email")),
        .name = named(claims, names->full_name, "name"),
        .given_name = named(claims, NULL, "given_name"),
        .family_name = named(claims, NULL, "family_name"),
        .username = named(claims, names->user_name, "preferred_username"),
        .picture = named(claims, names->picture, "picture"),
        .locale = named(claims, NULL, "locale"),
        .claims = claims};
    profile->email_verified = profile->email != NULL && is_true(tern_value_get(claims, verified));
    return profile;
}

/** GETs what the access token gives; refuses the request when it gives nothing. */
static tern_value *ask(tern_ctx *c, login_provider *p, const char *url, const login_tokens *tokens,
                       tern_value_kind wanted)
{
    login_reply r = login_call(c, p, url, &(tern_fetch_options){.bearer = tokens->access_token});
    if (r.problem != NULL)
        login_refuse(c, p, r.status_told, login_unreachable(c, p), "%s", r.problem);
    if (r.status != 200 || tern_value_kind_of(r.value) != wanted)
        login_refuse(c, p, 502, tern_sprintf(c, "%s does not say who has signed in", p->o.title),
                     "GET %s: the status is %d, and the reply must be %s", url, r.status,
                     wanted == TERN_JSON_ARRAY ? "an array" : "an object");
    return r.value;
}

/** The primary address of a list of them, as GitHub has it; an unverified one is none. */
static void read_emails(tern_profile *profile, const tern_value *emails)
{
    const tern_value *one;
    tern_value_each(one, emails)
    {
        if (!is_true(tern_value_get(one, "primary")) || !is_true(tern_value_get(one, "verified")))
            continue;
        profile->email = email_of(tern_value_get(one, "email"));
        profile->email_verified = profile->email != NULL;
    }
}

/** The claims of the id token, with what else the provider says; those of the signed token win. */
static const tern_value *joined(tern_ctx *c, const tern_value *claims, const tern_value *more)
{
    tern_value *all = tern_value_object(c), *value;
    tern_value_each(value, more) tern_value_set(c, all, tern_value_key(more, value_index), value);
    tern_value_each(value, claims) tern_value_set(c, all, tern_value_key(claims, value_index), value);
    return all;
}

static bool wants_more(const login_provider *p, const tern_value *claims)
{
    return (tern_value_get(claims, "email") == NULL && login_find_word(p->o.scopes, "email") != NULL) ||
           (tern_value_get(claims, "name") == NULL && login_find_word(p->o.scopes, "profile") != NULL);
}

tern_profile *login_profile_of(tern_ctx *c, login_provider *p, const login_metadata *m,
                               const login_tokens *tokens, const tern_value *claims)
{
    bool asks = m->user_url != NULL && (claims == NULL || wants_more(p, claims));
    const tern_value *more = asks ? ask(c, p, m->user_url, tokens, TERN_JSON_OBJECT) : NULL;
    if (claims != NULL && more != NULL) { /* OpenID Connect Core 1.0, section 5.3.2 */
        const char *subject = tern_value_text(tern_value_get(claims, "sub"), "");
        if (strcmp(tern_value_text(tern_value_get(more, "sub"), ""), subject) != 0)
            login_refuse(c, p, 502, tern_sprintf(c, "%s sent an answer that cannot be used", p->o.title),
                         "GET %s: sub is not the id token's", m->user_url);
    }
    const tern_value *all = claims == NULL ? more : more == NULL ? claims : joined(c, claims, more);
    tern_profile *profile = login_profile_read(c, p, all);
    if (profile->subject == NULL)
        login_refuse(c, p, 502, tern_sprintf(c, "%s does not say who has signed in", p->o.title),
                     "the reply about the user has no %s",
                     p->preset->subject != NULL ? p->preset->subject : "sub");
    const char *issuer = claims != NULL ? tern_value_text(tern_value_get(claims, "iss"), NULL) : NULL;
    profile->issuer = issuer != NULL ? issuer : m->issuer;
    if (p->preset->emails_url != NULL && p->is_openid == false) {
        profile->email = NULL; /* the public address of a profile is whatever the user has typed */
        read_emails(profile, ask(c, p, p->preset->emails_url, tokens, TERN_JSON_ARRAY));
    }
    profile->access_token = tokens->access_token;
    profile->refresh_token = tokens->refresh_token;
    profile->id_token = tokens->id_token;
    profile->scope = tokens->scope;
    profile->expires = tokens->expires;
    return profile;
}

/**
 * Who is asking, and whether they may.
 *
 * Hot path: requires_enter, tern_may, tern_set_identity. They must not format text or walk the route's chain; what
 * refuses may.
 */
#include "app/requires.h"
#include "base/text.h"

#include <tern/accept.h>
#include <tern/access.h>
#include <tern/identity.h>

#include <string.h>
#include <time.h>

enum { FRESH_S = 900 };

TERN_LOCAL(const tern_identity, app_identity)

const tern_identity *tern_identity_of(tern_ctx *c)
{
    return tern_local(c, app_identity);
}

void tern_set_identity(tern_ctx *c, const tern_identity *who)
{
    tern_identity *kept = NULL;
    if (who != NULL) {
        kept = tern_alloc(c, sizeof *kept);
        *kept = *who;
        if (kept->name == NULL)
            kept->name = kept->id;
    }
    tern_set_local(c, app_identity, kept);
    tern_set_user(c, kept != NULL ? kept->name : NULL);
}

/* -- whether -- */

/** What a permission lacks. */
typedef enum lack { LACKS_NOTHING, LACKS_USER, LACKS_PERMISSION, LACKS_FACTOR, LACKS_FRESHNESS } lack;

/** Whether a list of words divided by spaces has this one. */
static bool has_scope(const char *scopes, const char *wanted)
{
    size_t len = strlen(wanted);
    while (*scopes != '\0') {
        const char *space = strchr(scopes, ' ');
        size_t word = space != NULL ? (size_t)(space - scopes) : strlen(scopes);
        if (word == len && memcmp(scopes, wanted, len) == 0)
            return true;
        if (space == NULL)
            return false;
        scopes = space + 1;
    }
    return false;
}

static unsigned fresh_s(tern_ctx *c)
{
    return c->app->fresh_s != 0 ? c->app->fresh_s : FRESH_S;
}

/** A login of the future is not fresh: the clock was set back. */
static bool is_fresh(tern_ctx *c, const tern_identity *who)
{
    int64_t now = (int64_t)time(NULL);
    return who->since > now - (int64_t)fresh_s(c) && who->since <= now + 60;
}

/** One of Tern's own words. */
static lack ask_own(tern_ctx *c, const tern_identity *who, const char *word)
{
    if (strcmp(word, TERN_ANYBODY) == 0)
        return LACKS_NOTHING;
    if (who == NULL)
        return LACKS_USER;
    if (strcmp(word, TERN_SIGNED_IN) == 0)
        return LACKS_NOTHING;
    if (strcmp(word, TERN_TWO_FACTORS) == 0)
        return who->factors >= 2 ? LACKS_NOTHING : LACKS_FACTOR;
    if (strcmp(word, TERN_FRESH_LOGIN) == 0)
        return is_fresh(c, who) ? LACKS_NOTHING : LACKS_FRESHNESS;
    return LACKS_PERMISSION;
}

static lack ask(tern_ctx *c, const tern_identity *who, const char *permission)
{
    if (permission[0] == '@')
        return ask_own(c, who, permission);
    if (who == NULL)
        return LACKS_USER;
    if (who->scopes != NULL && !has_scope(who->scopes, permission))
        return LACKS_PERMISSION;
    return who->may == NULL || who->may(c, who, permission) ? LACKS_NOTHING : LACKS_PERMISSION;
}

bool tern_may(tern_ctx *c, const char *permission)
{
    return permission != NULL && ask(c, tern_identity_of(c), permission) == LACKS_NOTHING;
}

/* -- refusing -- */

/** Whether a browser shows the reply as a page. */
static bool is_navigation(tern_ctx *c)
{
    const char *mode = tern_header(c, "Sec-Fetch-Mode");
    return mode != NULL ? strcmp(mode, "navigate") == 0 : tern_prefers_html(c);
}

/** "/orders?page=2" as the value of a query parameter. */
static const char *encode(tern_ctx *c, const char *text)
{
    static const char digits[] = "0123456789ABCDEF";
    char *encoded = tern_alloc(c, 3 * strlen(text) + 1), *out = encoded;
    for (; *text != '\0'; text++) {
        unsigned char byte = (unsigned char)*text;
        if ((byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') ||
            strchr("-._~", byte) != NULL) {
            *out++ = (char)byte;
            continue;
        }
        *out++ = '%';
        *out++ = digits[byte >> 4];
        *out++ = digits[byte & 15];
    }
    *out = '\0';
    return encoded;
}

/** Redirects a browser that navigates to the login page, if one is known. `need`: "&need=fresh", or "". */
static void leave_for_login(tern_ctx *c, const char *need)
{
    const char *page = c->app->login_page;
    if (page == NULL || c->match.route == NULL || !is_navigation(c))
        return;
    const char *method = tern_method(c), *target = tern_target(c);
    bool comes_back = strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
    size_t len = strlen(page);
    if (strncmp(target, page, len) == 0 && (target[len] == '\0' || target[len] == '?'))
        return; /* the login page itself requires a user: it would never end */
    const char *next = comes_back ? tern_sprintf(c, "next=%s", encode(c, target)) : "";
    if (*next == '\0' && *need != '\0')
        need++; /* without its '&' */
    const char *mark = strchr(page, '?') != NULL ? "&" : "?";
    ctx_leave_for(c,
                  tern_sprintf(c, "%s%s%s%s", page, *next != '\0' || *need != '\0' ? mark : "", next, need));
}

/** The challenges of the pieces around the route, each once, divided by commas; `suffix` follows one of Bearer. */
static const char *challenges(tern_ctx *c, const char *suffix)
{
    const route *r = c->match.route;
    const char *all = NULL;
    for (unsigned i = 0; r != NULL && i < r->chain_len; i++) {
        const char *own = r->chain[i].challenge;
        if (!r->chain[i].identifies || own == NULL || (all != NULL && strstr(all, own) != NULL))
            continue;
        all = all != NULL ? tern_sprintf(c, "%s, %s", all, own) : own;
    }
    if (all == NULL)
        return NULL;
    const char *bearer = *suffix != '\0' ? strstr(all, "Bearer") : NULL;
    if (bearer == NULL)
        return all;
    const char *more = bearer + strlen("Bearer"); /* its own parameters follow those of the suffix */
    bool has_more = *more == ' ';
    return tern_sprintf(c, "%.*s %s%s%s", (int)(more - all), all, suffix, has_more ? ", " : "",
                        has_more ? more + 1 : more);
}

static _Noreturn void fail_with_challenge(tern_ctx *c, int status, const char *challenge, const char *detail)
{
    if (challenge == NULL)
        ctx_fail(c, status, detail);
    ctx_fail_field(c, status, detail, &(http_field){.name = "WWW-Authenticate", .value = challenge});
}

void tern_fail_unknown(tern_ctx *c, const char *challenge, const char *detail)
{
    leave_for_login(c, "");
    const char *kept = detail != NULL ? tern_strdup(c, detail) : NULL;
    fail_with_challenge(c, 401, challenge != NULL ? tern_strdup(c, challenge) : challenges(c, ""), kept);
}

/** All permissions of the route, as a scope (RFC 6750 section 3). */
static const char *scope_of(tern_ctx *c, const char *permission)
{
    const route *r = c->match.route;
    const char *all = permission;
    for (const char *const *p = r != NULL && r->requires != NULL ? r->requires->permissions : NULL;
         p != NULL && *p != NULL; p++)
        if ((*p)[0] != '@' && strcmp(*p, permission) != 0)
            all = tern_sprintf(c, "%s %s", all, *p);
    return all;
}

static __attribute__((noinline)) _Noreturn void refuse(tern_ctx *c, lack lacking, const char *permission)
{
    const char *told;
    switch (lacking) {
    case LACKS_FACTOR:
        leave_for_login(c, "&need=two-factors");
        fail_with_challenge(c, 401, challenges(c, "error=\"insufficient_user_authentication\""),
                            "a second factor is needed: sign in with one");
    case LACKS_FRESHNESS:
        leave_for_login(c, "&need=fresh");
        fail_with_challenge(
            c, 401,
            challenges(
                c, tern_sprintf(c, "error=\"insufficient_user_authentication\", max_age=\"%u\"", fresh_s(c))),
            tern_sprintf(c, "sign in again: it must not be longer ago than %u s", fresh_s(c)));
    case LACKS_PERMISSION:
        told = challenges(
            c, tern_sprintf(c, "error=\"insufficient_scope\", scope=\"%s\"", scope_of(c, permission)));
        fail_with_challenge(c, 403, told != NULL && strstr(told, "Bearer ") != NULL ? told : NULL,
                            tern_sprintf(c, "the permission \"%s\" is needed", permission));
    default:
        tern_fail_unknown(c, NULL, "sign in first: nobody is signed in");
    }
}

void tern_require(tern_ctx *c, const char *permission)
{
    lack lacking = permission != NULL ? ask(c, tern_identity_of(c), permission) : LACKS_PERMISSION;
    if (lacking != LACKS_NOTHING)
        refuse(c, lacking, permission != NULL ? permission : "(none)");
}

void requires_enter(tern_ctx *c, void *options)
{
    const requirement *needed = options;
    if (c->match.route ==
        NULL) /* an OPTIONS request that runs through the chain of the route it asks about */
        return;
    const tern_identity *who = tern_identity_of(c);
    for (const char *const *p = needed->permissions; *p != NULL; p++) {
        lack lacking = ask(c, who, *p);
        if (lacking != LACKS_NOTHING)
            refuse(c, lacking, *p);
    }
}

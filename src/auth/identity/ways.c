/**
 * tern_auth: the ways of signing in, tried in order.
 *
 * Hot path: enter. A request whose credential is right allocates the identity alone.
 */
#include <tern/auth.h>
#include <tern/log.h>
#include <tern/security.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { WAYS_MAX = 16 };

typedef struct ways {
    tern_way list[WAYS_MAX];
    unsigned count;
    bool without_csrf, has_too_many;
    const tern_way *bearer;            /* the first whose challenge is Bearer; NULL: none */
    const char *schemes[WAYS_MAX + 1]; /* filled in by prepare */
    char challenge[512];               /* of all ways */
} ways;

TERN_LOCAL(const char, way_wrong_detail)

tern_way_result tern_way_wrong(tern_ctx *c, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char text[256];
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    tern_set_local(c, way_wrong_detail, tern_strdup(c, text));
    return TERN_WAY_WRONG;
}

/* -- a request -- */

/** The detail as the value of a quoted parameter: RFC 6750 section 3 leaves out '"', '\' and what is not ASCII. */
static const char *quotable(tern_ctx *c, const char *text)
{
    char *copy = tern_strdup(c, text);
    for (char *at = copy; *at != '\0'; at++)
        if (*at < ' ' || *at >= 0x7f || *at == '"' || *at == '\\')
            *at = '\'';
    return copy;
}

static _Noreturn void refuse(tern_ctx *c, const tern_way *way)
{
    const char *detail = tern_local(c, way_wrong_detail), *challenge = way->challenge;
    if (detail == NULL)
        detail = "the credential is wrong";
    if (challenge != NULL && strncmp(challenge, "Bearer", 6) == 0)
        challenge = tern_sprintf(c, "Bearer error=\"invalid_token\", error_description=\"%s\"%s%s",
                                 quotable(c, detail), challenge[6] == ' ' ? ", " : "",
                                 challenge[6] == ' ' ? challenge + 7 : "");
    tern_fail_unknown(c, challenge, detail);
}

static void found(tern_ctx *c, const ways *own, const tern_way *way, tern_identity *who)
{
    if (who->id == NULL) {
        tern_log(TERN_LOG_ERROR, "auth: the way \"%s\" found somebody without an id", way->name);
        tern_fail(c, 500, "the way of signing in is broken");
    }
    if (who->way == NULL)
        who->way = way->name;
    if (way->security.type == TERN_SECURITY_API_KEY_COOKIE && !own->without_csrf)
        tern_csrf_check(c);
    tern_set_identity(c, who);
}

/** A token that each way has left to the next is wrong. */
static bool has_bearer(tern_ctx *c)
{
    const char *header = tern_header(c, "Authorization");
    return header != NULL && strncasecmp(header, "Bearer ", 7) == 0;
}

static void enter(tern_ctx *c, void *options)
{
    const ways *own = options;
    if (tern_identity_of(c) != NULL)
        return;
    for (const tern_way *way = own->list, *end = way + own->count; way != end; way++) {
        tern_identity who = {0};
        switch (way->identify(c, way->options, &who)) {
        case TERN_WAY_FOUND:
            found(c, own, way, &who);
            return;
        case TERN_WAY_WRONG:
            refuse(c, way);
        default:
            break;
        }
    }
    if (own->bearer != NULL && has_bearer(c)) {
        tern_way_wrong(c, "no way of signing in knows this token");
        refuse(c, own->bearer);
    }
}

/* -- at start -- */

static bool is_name(const char *name)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._- ";
    return name != NULL && name[0] != '\0' && strspn(name, allowed) == strlen(name) && strlen(name) <= 64;
}

static void prepare_way(tern_app *app, ways *own, unsigned number)
{
    const tern_way *way = &own->list[number];
    if (!is_name(way->name) || way->identify == NULL) {
        tern_mistake(app, "auth: way %u %s", number + 1,
                     way->identify == NULL ? "has no .identify: give it a function"
                                           : "needs a .name of letters, digits, '.', '_', '-' and spaces");
        return;
    }
    char scheme[72];
    snprintf(scheme, sizeof scheme, "%s", way->name);
    for (char *at = scheme; *at != '\0'; at++)
        if (*at == ' ')
            *at = '_';
    if (way->prepare != NULL)
        way->prepare(app, way->options);
    own->schemes[number] = tern_security_named(app, scheme, &way->security);
}

static void prepare(tern_app *app, void *options)
{
    ways *own = options;
    if (own == NULL) {
        tern_mistake(app, "auth: out of memory");
        return;
    }
    if (own->count == 0)
        tern_mistake(app, "auth: there are no ways: write tern_auth(app, TERN_SESSIONS())");
    if (own->has_too_many)
        tern_mistake(app, "auth: there are more than %d ways: use several tern_auth", WAYS_MAX);
    for (unsigned i = 0; i < own->count; i++)
        prepare_way(app, own, i);
}

static void add_challenge(ways *own, const char *challenge)
{
    size_t len = strlen(own->challenge);
    if (challenge == NULL || strstr(own->challenge, challenge) != NULL)
        return;
    snprintf(own->challenge + len, sizeof own->challenge - len, "%s%s", len != 0 ? ", " : "", challenge);
}

tern_middleware tern_ways_with(const tern_way *list)
{
    ways own = {0};
    for (; list->name != NULL || list->identify != NULL; list++) {
        if (list->identify == NULL && strcmp(list->name, TERN_WITHOUT_CSRF.name) == 0) {
            own.without_csrf = true;
            continue;
        }
        if (own.count == WAYS_MAX) {
            own.has_too_many = true;
            break;
        }
        own.list[own.count++] = *list;
        add_challenge(&own, list->challenge);
    }
    ways *kept = tern_keep(&own, sizeof own);
    for (unsigned i = 0; kept != NULL && i < own.count && kept->bearer == NULL; i++)
        if (own.list[i].challenge != NULL && strncmp(own.list[i].challenge, "Bearer", 6) == 0)
            kept->bearer = &kept->list[i];
    return (tern_middleware){.name = "auth",
                             .run = tern_entered,
                             .enter = enter,
                             .options = kept,
                             .prepare = prepare,
                             .answers = "401",
                             .stage = TERN_STAGE_AUTH,
                             .repeats = true,
                             .identifies = true,
                             .challenge = kept != NULL && kept->challenge[0] != '\0' ? kept->challenge : NULL,
                             .security = kept != NULL ? kept->schemes : NULL};
}

/** Content security policies, and their nonces. */
#include <tern/log.h>
#include <tern/security.h>

#include <stdint.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>

static const char mark[] = "{nonce}";
static const char enforced[] = "Content-Security-Policy", reported[] = "Content-Security-Policy-Report-Only";

/** Policies in force. */
typedef struct csp_policies {
    const char *policy, *report_only; /* with their {nonce}; NULL: none */
    const char *plain, *plain_report; /* without */
    const char *endpoints;            /* Reporting-Endpoints; NULL: none */
} csp_policies;
TERN_LOCAL(const csp_policies, csp_in_force)

/** The request's nonce, and the headers with it. */
typedef struct csp_made {
    char nonce[24];
    const char *policy, *report_only;
} csp_made;
TERN_LOCAL(csp_made, csp_nonce)

/* -- texts -- */

/** Room for a policy with its nonces written out. */
static size_t room_for(const char *policy)
{
    size_t marks = 0;
    for (const char *at = policy; (at = strstr(at, mark)) != NULL; at += sizeof mark - 1)
        marks++;
    return strlen(policy) + marks * 32 + 1;
}

/** Writes the policy with a nonce for each {nonce}; NULL: without them and the spaces before them. */
static void write_policy(char *at, const char *policy, const char *nonce)
{
    const char *begin = at;
    while (*policy != '\0') {
        if (strncmp(policy, mark, sizeof mark - 1) != 0) {
            *at++ = *policy++;
            continue;
        }
        policy += sizeof mark - 1;
        if (nonce != NULL)
            at = stpcpy(stpcpy(stpcpy(at, "'nonce-"), nonce), "'");
        while (nonce == NULL && at > begin && at[-1] == ' ')
            at--;
    }
    *at = '\0';
}

static bool is_page(tern_ctx *c, const tern_reply *reply)
{
    static const char *const types[] = {"text/html", "application/xhtml+xml", "image/svg+xml", "text/xml",
                                        "application/xml"};
    const char *own = tern_reply_header(c, "Content-Type"), *type = own != NULL ? own : reply->type;
    for (size_t i = 0; type != NULL && i < sizeof types / sizeof *types; i++) {
        size_t len = strlen(types[i]);
        if (strncasecmp(type, types[i], len) == 0 && strchr("; ", type[len]) != NULL)
            return true;
    }
    return false;
}

/* -- the nonce -- */

/** 22 random digits of base64url: 132 bits. */
static void make_nonce(tern_ctx *c, char out[24])
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    unsigned char bytes[22];
    if (getrandom(bytes, sizeof bytes, 0) != sizeof bytes)
        tern_fail(c, 503, "the system has no random numbers");
    for (size_t i = 0; i < sizeof bytes; i++)
        out[i] = digits[bytes[i] & 63];
    out[sizeof bytes] = '\0';
}

static const char *with_nonce(tern_ctx *c, const char *policy, const char *nonce)
{
    if (policy == NULL)
        return NULL;
    char *text = tern_alloc(c, room_for(policy));
    write_policy(text, policy, nonce);
    return text;
}

static void warn_without_mark(tern_ctx *c)
{
    static bool has_warned;
    if (!has_warned)
        tern_log(TERN_LOG_WARN,
                 "%s: the page asks for a nonce, but its content security policy has no {nonce}",
                 tern_route_pattern(c));
    has_warned = true;
}

static csp_made *make(tern_ctx *c)
{
    const csp_policies *own = tern_local(c, csp_in_force);
    csp_made *made = tern_alloc(c, sizeof *made);
    const char *policy = own != NULL ? own->policy : tern_safe_header(c, enforced);
    make_nonce(c, made->nonce);
    made->policy = with_nonce(c, policy, made->nonce);
    made->report_only = own != NULL ? with_nonce(c, own->report_only, made->nonce) : NULL;
    if (policy != NULL && strstr(policy, mark) == NULL && made->report_only == NULL)
        warn_without_mark(c);
    tern_set_local(c, csp_nonce, made);
    return made;
}

static void set_unless(tern_ctx *c, const char *name, const char *value)
{
    const char *set = value != NULL ? tern_reply_header(c, name) : NULL;
    if (value != NULL && (set == NULL || strcmp(set, value) != 0))
        tern_set_header(c, name, value);
}

const char *tern_csp_nonce(tern_ctx *c)
{
    csp_made *made = tern_local(c, csp_nonce);
    if (made == NULL)
        made = make(c);
    if (tern_reply_header(c, "Cache-Control") == NULL)
        tern_set_header(c, "Cache-Control", "private, no-cache");
    set_unless(c, enforced, made->policy); /* each time: a failing handler loses its headers */
    set_unless(c, reported, made->report_only);
    return made->nonce;
}

/* -- the piece -- */

typedef struct csp {
    tern_csp_options o;
    csp_policies policies; /* made by prepare */
} csp;

/** A policy with what tells browsers where to report; NULL when out of memory. */
static const char *with_reports(const char *policy, const char *reports)
{
    char text[4096];
    size_t len = strlen(policy), more = reports != NULL ? strlen(reports) + 64 : 0;
    if (len + more >= sizeof text)
        return NULL;
    char *end = stpcpy(text, policy);
    if (reports != NULL)
        end = stpcpy(stpcpy(stpcpy(end, "; report-uri "), reports), "; report-to csp");
    return tern_keep(text, (size_t)(end - text) + 1);
}

static const char *without_nonces(const char *policy)
{
    char text[4096];
    write_policy(text, policy, NULL);
    return tern_keep(text, strlen(text) + 1);
}

static bool is_header_value(const char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            return false;
    return true;
}

static void take_policy(tern_app *app, const char *name, const char *policy, const char *reports,
                        const char **whole, const char **plain)
{
    if (policy == NULL)
        return;
    if (!is_header_value(policy)) {
        tern_mistake(app, "csp: .%s has a line break or another control character", name);
        return;
    }
    *whole = policy[0] != '\0' ? with_reports(policy, reports) : "";
    *plain = *whole != NULL ? without_nonces(*whole) : NULL;
    if (*plain == NULL)
        tern_mistake(app, "csp: .%s has more than 4000 bytes, or memory is short", name);
}

static void prepare(tern_app *app, void *options)
{
    csp *own = options;
    if (own == NULL) {
        tern_mistake(app, "csp: out of memory");
        return;
    }
    const char *reports = own->o.reports;
    if (reports != NULL && (strpbrk(reports, " ;,\"\\") != NULL || !is_header_value(reports) ||
                            (reports[0] != '/' && strncmp(reports, "https://", 8) != 0))) {
        tern_mistake(app, "csp: .reports is \"%s\", which is not a path or an https address", reports);
        return;
    }
    csp_policies *p = &own->policies;
    take_policy(app, "policy", own->o.policy, reports, &p->policy, &p->plain);
    take_policy(app, "report_only", own->o.report_only, reports, &p->report_only, &p->plain_report);
    if (reports != NULL) {
        char text[512];
        if (strlen(reports) + 8 >= sizeof text) {
            tern_mistake(app, "csp: .reports has more than 500 bytes");
            return;
        }
        stpcpy(stpcpy(stpcpy(text, "csp=\""), reports), "\"");
        p->endpoints = tern_keep(text, strlen(text) + 1);
    }
    if (own->o.policy == NULL && own->o.report_only == NULL)
        tern_mistake(app, "csp: .policy and .report_only are missing: give one of them");
}

/** A policy of NULL is the one around it, or the application's. */
static const csp_policies *policies_of(tern_ctx *c, const csp *own)
{
    const csp_policies *outer = tern_local(c, csp_in_force);
    if (own->policies.policy != NULL && (outer == NULL || own->policies.report_only != NULL))
        return &own->policies;
    csp_policies *joined = tern_alloc(c, sizeof *joined);
    *joined = own->policies;
    if (joined->policy == NULL) {
        joined->policy = outer != NULL ? outer->policy : tern_safe_header(c, enforced);
        joined->plain = outer != NULL ? outer->plain : NULL; /* NULL: the application's is sent anyway */
    }
    return joined;
}

static tern_reply run(tern_ctx *c, void *options)
{
    const csp_policies *policies = policies_of(c, options);
    tern_set_local(c, csp_in_force, policies);
    tern_reply reply = tern_next(c);
    if (!is_page(c, &reply) || tern_local(c, csp_in_force) != policies) /* an inner piece has set its own */
        return reply;
    if (policies->plain != NULL && tern_reply_header(c, enforced) == NULL)
        tern_set_header(c, enforced, policies->plain);
    if (policies->plain_report != NULL && tern_reply_header(c, reported) == NULL)
        tern_set_header(c, reported, policies->plain_report);
    if (policies->endpoints != NULL)
        tern_set_header(c, "Reporting-Endpoints", policies->endpoints);
    return reply;
}

tern_middleware tern_csp_with(const tern_csp_options *options)
{
    const csp own = {.o = *options};
    return (tern_middleware){.name = "csp",
                             .run = run,
                             .options = tern_keep(&own, sizeof own),
                             .skip = options->skip,
                             .prepare = prepare,
                             .stage = TERN_STAGE_HEADERS,
                             .repeats = true};
}

/** Cross-site request forgery: refuses what another site made a browser send with the user's cookies. */
#include <tern/security.h>
#include <tern/tls.h>

#include <stdint.h>
#include <string.h>
#include <sys/random.h>

enum {
    SECRET_BYTES = 32,
    SECRET_TEXT = 43,   /* as base64url */
    TOKEN_TEXT = 2 * 43 /* a mask, and the secret under it */
};

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

typedef struct csrf {
    tern_csrf_options o;
    const tern_origins *trusted; /* made by prepare */
} csrf;

/** The secret of the request's cookie, or of the one that its reply sets. */
typedef struct csrf_secret {
    unsigned char bytes[SECRET_BYTES];
} csrf_secret;
TERN_LOCAL(csrf_secret, csrf_made)
/** The piece that let an unsafe request pass. */
TERN_LOCAL(csrf, csrf_passed)

/* -- texts -- */

static char *put_base64url(char *at, const unsigned char bytes[SECRET_BYTES])
{
    for (size_t i = 0; i < SECRET_BYTES; i += 3) {
        size_t left = SECRET_BYTES - i;
        uint32_t group = (uint32_t)bytes[i] << 16 | (left > 1 ? (uint32_t)bytes[i + 1] << 8 : 0) |
                         (left > 2 ? (uint32_t)bytes[i + 2] : 0);
        for (size_t k = 0; k < (left > 2 ? 4 : left + 1); k++)
            *at++ = digits[group >> (18 - 6 * k) & 63];
    }
    return at;
}

/** Reads SECRET_TEXT digits; false for anything but what put_base64url writes. */
static bool take_base64url(const char *text, unsigned char bytes[SECRET_BYTES])
{
    uint32_t group = 0;
    size_t at = 0;
    for (size_t i = 0; i < SECRET_TEXT; i++) {
        const char *digit = text[i] != '\0' ? strchr(digits, text[i]) : NULL;
        if (digit == NULL)
            return false;
        group = group << 6 | (uint32_t)(digit - digits);
        if (i % 4 == 3) {
            bytes[at++] = (unsigned char)(group >> 16);
            bytes[at++] = (unsigned char)(group >> 8);
            bytes[at++] = (unsigned char)group;
            group = 0;
        }
    }
    bytes[at++] = (unsigned char)(group >> 10); /* three digits: 18 bits of which 2 are zero */
    bytes[at] = (unsigned char)(group >> 2);
    return (group & 3) == 0;
}

/* -- the cookie and the token -- */

/** With TLS no sub-domain and no plain connection can set it. */
static const char *cookie_name(tern_ctx *c)
{
    return tern_is_tls(c) ? "__Host-csrf" : "csrf";
}

static bool read_cookie(tern_ctx *c, csrf_secret *secret)
{
    const char *text = tern_cookie(c, cookie_name(c));
    return text != NULL && strlen(text) == SECRET_TEXT && take_base64url(text, secret->bytes);
}

static void fill(tern_ctx *c, unsigned char bytes[SECRET_BYTES])
{
    if (getrandom(bytes, SECRET_BYTES, 0) != SECRET_BYTES)
        tern_fail(c, 503, "the system has no random numbers");
}

/** The cookie of the reply, unless the client has it. Each call sets it again: a failing handler loses its headers. */
static const csrf_secret *secret_of(tern_ctx *c)
{
    csrf_secret *secret = tern_local(c, csrf_made);
    char text[SECRET_TEXT + 1];
    bool is_made = secret != NULL;
    if (!is_made) {
        secret = tern_alloc(c, sizeof *secret);
        if (read_cookie(c, secret))
            return secret;
        fill(c, secret->bytes);
        tern_set_local(c, csrf_made, secret);
    }
    *put_base64url(text, secret->bytes) = '\0';
    if (!is_made || tern_reply_header(c, "Set-Cookie") == NULL)
        tern_set_cookie(c, cookie_name(c), text, .secure = tern_is_tls(c));
    return secret;
}

const char *tern_csrf_token(tern_ctx *c)
{
    const csrf_secret *secret = secret_of(c);
    unsigned char mask[SECRET_BYTES], masked[SECRET_BYTES];
    char *token = tern_alloc(c, TOKEN_TEXT + 1);
    tern_vary(c, "Cookie");
    if (tern_reply_header(c, "Cache-Control") == NULL)
        tern_set_header(c, "Cache-Control", "private, no-cache");
    fill(c, mask);
    for (size_t i = 0; i < SECRET_BYTES; i++)
        masked[i] = mask[i] ^ secret->bytes[i];
    put_base64url(put_base64url(token, mask), masked);
    return token;
}

static bool is_token_valid(tern_ctx *c)
{
    csrf_secret secret;
    unsigned char mask[SECRET_BYTES], masked[SECRET_BYTES], differs = 0;
    const char *token = tern_header(c, "X-CSRF-Token");
    if (!read_cookie(c, &secret))
        return false;
    if (token == NULL)
        token = tern_form_field(c, "csrf_token");
    if (token == NULL || strlen(token) != TOKEN_TEXT || !take_base64url(token, mask) ||
        !take_base64url(token + SECRET_TEXT, masked))
        return false;
    for (size_t i = 0; i < SECRET_BYTES; i++) /* in constant time */
        differs |= mask[i] ^ masked[i] ^ secret.bytes[i];
    return differs == 0;
}

/* -- the check -- */

static bool is_safe(const char *method)
{
    return strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0 || strcmp(method, "OPTIONS") == 0;
}

/** The request's only header of that name; a second one makes both worthless. */
static const char *only(tern_ctx *c, const char *name)
{
    return tern_header_nth(c, name, 1) == NULL ? tern_header(c, name) : "";
}

/** Why the request is refused; NULL when it is not. */
static const char *refusal(tern_ctx *c, const csrf *own)
{
    const char *site = only(c, "Sec-Fetch-Site"), *origin = only(c, "Origin");
    if (site != NULL && (strcmp(site, "same-origin") == 0 || strcmp(site, "none") == 0))
        return NULL;
    if (origin != NULL && tern_origins_have(own->trusted, origin))
        return NULL;
    if (site != NULL)
        return "the request comes from a page of another origin; this service must trust it (.trusted_origins)";
    if (origin != NULL)
        return tern_is_own_origin(c, origin)
                   ? NULL
                   : "the request's Origin is not this host; this service must trust it (.trusted_origins)";
    if (!own->o.tokens || is_token_valid(c))
        return NULL;
    return "the request has no Sec-Fetch-Site and no Origin, and its form no valid csrf_token: load the page again";
}

static void prepare(tern_app *app, void *options)
{
    csrf *own = options;
    if (own == NULL)
        tern_mistake(app, "csrf: out of memory");
    else
        own->trusted = tern_origins_new(app, "csrf: .trusted_origins", own->o.trusted_origins);
}

static tern_reply run(tern_ctx *c, void *options)
{
    if (!is_safe(tern_method(c))) {
        const char *why = refusal(c, options);
        if (why != NULL)
            tern_fail(c, 403, "%s", why);
        tern_set_local(c, csrf_passed, options);
    }
    return tern_next(c);
}

void tern_csrf_check(tern_ctx *c)
{
    static const csrf strict = {0};
    const char *why =
        is_safe(tern_method(c)) || tern_local(c, csrf_passed) != NULL ? NULL : refusal(c, &strict);
    if (why != NULL)
        tern_fail(c, 403, "%s", why);
}

tern_middleware tern_csrf_with(const tern_csrf_options *options)
{
    const csrf own = {.o = *options};
    return (tern_middleware){.name = "csrf",
                             .run = run,
                             .options = tern_keep(&own, sizeof own),
                             .skip = options->skip,
                             .prepare = prepare,
                             .answers = "403",
                             .stage = TERN_STAGE_CSRF};
}

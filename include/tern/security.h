/**
 * What protects users in their browsers: safe headers, content security policies, CORS, CSRF, hosts, https, redirects.
 *
 *     tern_use(app, tern_hosts(.allow = "example.org, .example.org"), tern_https_redirect(),
 *              tern_cors(.origins = "https://app.example.org"), tern_csrf());
 *
 * Safe headers need no line: every reply has them. Which proxies are believed is a setting (--trusted-proxies).
 * docs/security.md has whole programs, and what happens for bad input.
 */
#ifndef TERN_SECURITY_H
#define TERN_SECURITY_H

#include <tern/context.h>
#include <tern/middleware.h>
#include <tern/reply.h>

#include <stdbool.h>

/* -- safe headers -- */

/** The headers that every reply has, joined once at start. NULL is the default in the comment, "" leaves it out. */
typedef struct tern_safe_headers_options {
    /* of every reply */
    const char *content_type_options; /* X-Content-Type-Options: "nosniff" */
    const char *resource_policy;      /* Cross-Origin-Resource-Policy: "same-origin" */
    /* of pages: HTML, XHTML, XML and SVG */
    const char *frame_options;   /* X-Frame-Options: "SAMEORIGIN" */
    const char *referrer_policy; /* Referrer-Policy: "same-origin" */
    const char *opener_policy;   /* Cross-Origin-Opener-Policy: "same-origin" */
    const char *embedder_policy; /* Cross-Origin-Embedder-Policy: none */
    /* Permissions-Policy: "camera=(), geolocation=(), microphone=(), payment=(), usb=()" */
    const char *permissions_policy;
    /* Content-Security-Policy: TERN_SAFE_CSP. Where it has {nonce} is the nonce of tern_csp_nonce, if there is one. */
    const char *csp;
    bool off; /* none of them */
} tern_safe_headers_options;

#define TERN_SAFE_CSP                                                                                         \
    "default-src 'self'; base-uri 'self'; form-action 'self'; frame-ancestors 'self'; img-src 'self' data:; " \
    "object-src 'none'; script-src 'self' {nonce}; script-src-attr 'none'; style-src 'self' 'unsafe-inline'"

/**
 * Changes the safe headers of an application: `tern_safe_headers(app, .frame_options = "DENY", .csp = "")`.
 *
 * A handler's own header (tern_set_header) replaces the one of the same name, and a value of "" leaves it out of that
 * reply. A value that a header cannot have, and headers of more than 4096 bytes in all, are mistakes that tern_run
 * reports. Strict-Transport-Security is a setting, --hsts, as only the operator knows whether all of the host has TLS.
 */
#define tern_safe_headers(app, ...) tern_safe_headers_with(app, &(tern_safe_headers_options){__VA_ARGS__})
void tern_safe_headers_with(tern_app *app, const tern_safe_headers_options *options);
/** The application's safe header of that name, as it was declared: of Content-Security-Policy with its {nonce}. NULL if
 * it has none. */
const char *tern_safe_header(tern_ctx *c, const char *name);

typedef struct tern_csp_options {
    const char *policy;      /* instead of the application's; NULL: the application's, "": none */
    const char *report_only; /* another one, whose violations are reported and not prevented */
    const char *reports;     /* where browsers POST violations: a path or https URL; both policies get it */
    bool (*skip)(tern_ctx *c);
} tern_csp_options;
tern_middleware tern_csp_with(const tern_csp_options *options);
/** A content security policy of its own for pages of an application, group or route: `.use = TERN_USE(tern_csp(.policy =
 * "default-src 'self'; script-src 'self' {nonce}"))`. The innermost one counts, and a handler's own header wins. */
#define tern_csp(...) tern_csp_with(&(tern_csp_options){__VA_ARGS__})
/**
 * This request's nonce, 22 random characters: `<script nonce="...">` runs, and other inline scripts do not.
 *
 * The first call makes it, so only pages that ask for one pay. It puts 'nonce-...' where the policy of the request has
 * {nonce}, and sets `Cache-Control: private, no-cache` unless that is set. Fails with 503 without randomness or memory.
 */
const char *tern_csp_nonce(tern_ctx *c);

/* -- other origins -- */

/**
 * A list of origins: "https://example.org, https://.example.com, http://localhost:*".
 *
 * An origin is scheme://host or scheme://host:port, as browsers send it: no path, no '/' at the end, no default port.
 * "https://.example.com" is every sub-domain of example.com, and not example.com itself; "*.example.com" after the slashes means
 * the same. A port of '*' is any. "null" is never an element: every sandboxed page has this origin.
 */
typedef struct tern_origins tern_origins;
/** Reads a list, for `prepare` of middleware; NULL, with tern_mistake about `piece`, for a malformed one. NULL and "" are
 * the empty list. It lives as long as the process. */
const tern_origins *tern_origins_new(tern_app *app, const char *piece, const char *list);
/** Whether the value of an Origin header is one of them. False for NULL, "null" and anything that is not an origin. */
bool tern_origins_have(const tern_origins *origins, const char *origin);
/** Whether an origin's host and port are those of the request (tern_host). Its scheme is not compared: a proxy in front
 * may have another one. */
bool tern_is_own_origin(tern_ctx *c, const char *origin);
/** The methods that have a route for the request's path: "GET, HEAD, POST, OPTIONS"; "" without any. */
const char *tern_methods_of_path(tern_ctx *c);

typedef struct tern_cors_options {
    const char *origins; /* a list as of tern_origins, or "*" for any; default none */
    bool (*allow)(tern_ctx *c, const char *origin); /* asked about valid origins that are not listed */
    bool credentials; /* scripts may send cookies and HTTP's own logins, and read the replies; not with "*" */
    const char *methods; /* default: those that have a route for the path */
    const char *headers; /* request headers; default: those that the browser asks for */
    const char *expose;  /* reply headers that scripts may read besides the usual ones: "X-Total, Link" */
    int max_age_s; /* how long browsers keep the answer to a preflight; default 600; negative: not at all */
    bool private_network; /* pages of the public internet may ask this service in a private network */
    bool (*skip)(tern_ctx *c);
} tern_cors_options;
tern_middleware tern_cors_with(const tern_cors_options *options);
/**
 * Lets scripts of other origins read replies (CORS): `tern_use(app, tern_cors(.origins = "https://app.example.org"))`.
 *
 * Answers preflight requests with 204, or with 403 and a reason for an origin that is not allowed. Every other reply has
 * the headers, errors as well. CORS takes no right away: what a plain form can send, every site can (see tern_csrf).
 * Fetch standard, section 3.2.
 */
#define tern_cors(...) tern_cors_with(&(tern_cors_options){__VA_ARGS__})

typedef struct tern_csrf_options {
    const char *trusted_origins; /* a list as of tern_origins, whose pages may send anything; default none */
    /* requests of browsers too old to say where they come from need the token of tern_csrf_token; without it they pass */
    bool tokens;
    bool (*skip)(tern_ctx *c);
} tern_csrf_options;
tern_middleware tern_csrf_with(const tern_csrf_options *options);
/**
 * Refuses with 403 what another site made a browser send: `tern_use(app, tern_csrf())`.
 *
 * GET, HEAD and OPTIONS pass: a handler of theirs must not change anything. Others pass if the browser says that they
 * come from this origin or from the user (Sec-Fetch-Site); without that header, if their Origin is this host; without
 * both, unless .tokens, for then it is not a browser of the last years.
 */
#define tern_csrf(...) tern_csrf_with(&(tern_csrf_options){__VA_ARGS__})
/** Fails with 403 where tern_csrf would, unless a tern_csrf around the handler has let this request pass. For pieces that
 * take a credential which browsers send by themselves: a cookie. */
void tern_csrf_check(tern_ctx *c);
/**
 * A token for forms of pages that .tokens protects: `<input type="hidden" name="csrf_token" value="...">`. Scripts send
 * it as X-CSRF-Token.
 *
 * It is another text for every reply, so that compression cannot leak it (BREACH), and goes with a cookie that the first
 * call sets: __Host-csrf with TLS, csrf without. Fails with 503 without randomness or memory.
 */
const char *tern_csrf_token(tern_ctx *c);
/** The first field of that name in a form body (application/x-www-form-urlencoded or multipart/form-data), decoded; NULL
 * without one, for another body, and for a body that the handler streams. */
const char *tern_form_field(tern_ctx *c, const char *name);

/* -- hosts, https, early data -- */

typedef struct tern_hosts_options {
    /* "example.org, .example.com", up to 64: a leading dot is the domain and all below it; needed */
    const char *allow;
    bool (*skip)(tern_ctx *c);
} tern_hosts_options;
tern_middleware tern_hosts_with(const tern_hosts_options *options);
/** Refuses with 400 requests for other hosts, so that links and caches never have a client's invention: "example.org",
 * ".example.com", "192.0.2.1", "[2001:db8::1]", "example.org:8443" for that port alone. /healthz and /readyz pass. */
#define tern_hosts(...) tern_hosts_with(&(tern_hosts_options){__VA_ARGS__})

typedef struct tern_https_redirect_options {
    int status; /* 301, 302, 307 or 308; default 308, which keeps method and body */
    int port;   /* of the https address; default 443 */
    bool (*skip)(tern_ctx *c);
} tern_https_redirect_options;
tern_middleware tern_https_redirect_with(const tern_https_redirect_options *options);
/** Redirects clients without TLS to the same address with https. Behind a proxy that ends TLS it needs
 * --trusted-proxies. Paths below /.well-known/acme-challenge/ pass. --redirect-https does it for all of a program. */
#define tern_https_redirect(...) tern_https_redirect_with(&(tern_https_redirect_options){__VA_ARGS__})

typedef struct tern_early_data_options {
    bool (*skip)(tern_ctx *c);
} tern_early_data_options;
tern_middleware tern_early_data_with(const tern_early_data_options *options);
/** Answers 425 to requests that change something and that a proxy took in TLS early data (Early-Data: 1): anybody could
 * have replayed them. The client sends them again after the handshake. RFC 8470. */
#define tern_early_data(...) tern_early_data_with(&(tern_early_data_options){__VA_ARGS__})

/* -- redirects to where a client says -- */

/**
 * Whether a target that came from a client is on this service: a path ("/orders?page=2"), or an https or http address of
 * the request's own scheme and host.
 *
 * False for all that a browser may take for another site: "//evil.example", "/\evil.example", "https:evil.example",
 * "javascript:...", and whatever has a tab, a line break, a space, a backslash or a byte beyond ASCII.
 */
bool tern_is_local_target(tern_ctx *c, const char *target);
/** 302 to `target` if it is on this service, and to `fallback`, which is yours, otherwise:
 * `return tern_redirect_local(c, tern_query(c, "next"), "/")`. */
tern_reply tern_redirect_local(tern_ctx *c, const char *target, const char *fallback) TERN_TO_RETURN_;

#endif

/**
 * Who is asking, and what they may do: the one place where all ways of signing in meet all checks.
 *
 *     tern_get (app, "/me",         me,         .requires = TERN_SIGNED_IN);
 *     tern_post(app, "/books",      add_book,   .requires = "books.write");
 *     tern_post(app, "/me/payout",  pay,        .requires = TERN_FRESH_LOGIN ", payouts.make");
 *     tern_group *admin = tern_group_new(app, "/admin", .requires = "admin");
 *
 * A way of signing in (tern/auth.h, tern_basic_auth, tern_key_auth, or a piece of the application) sets the identity of
 * the request. Routes, groups, resources and the application say by `.requires` what they need; a handler asks by
 * tern_may. A route without `.requires` costs nothing. docs/permissions.md has whole programs.
 */
#ifndef TERN_IDENTITY_H
#define TERN_IDENTITY_H

#include <tern/app.h>

#include <stdbool.h>
#include <stdint.h>

typedef struct tern_identity tern_identity;

/** The user of a request, or a client that acts for itself. */
struct tern_identity {
    const char *id;   /* a stable text: "42" */
    const char *name; /* for logs and people, what tern_user(c) returns; NULL: the id */
    const char *way;  /* how it was found out: "session", "jwt", "api key" */
    const char
        *scopes;   /* "books.read books.write": it may do no more than these; NULL: not limited by scopes */
    int64_t since; /* Unix seconds when the user last proved who they are; 0: unknown */
    unsigned factors; /* that were proved: 1 or 2; 0: unknown */
    /* whether it has the permission; NULL: the scopes decide alone, and without scopes it may do everything */
    bool (*may)(tern_ctx *c, const tern_identity *who, const char *permission);
    const void *data; /* of the way */
};

/** Who is asking. NULL: nobody is signed in. */
const tern_identity *tern_identity_of(tern_ctx *c);
/** Sets who is asking, and tern_user(c); NULL: nobody. Copies the struct; its texts must live as long as the request.
 * Fails with 503 without memory. */
void tern_set_identity(tern_ctx *c, const tern_identity *who);

/* -- permissions -- */

/*
 * A permission is a word of visible ASCII without comma, '"' and '\': "books.write", "orders:read", "https://example.org/x". Which
 * ones exist is up to the application. Those of Tern begin with '@':
 */
#define TERN_SIGNED_IN   "@user"        /* somebody is signed in: 401 */
#define TERN_ANYBODY     "@anybody"     /* frees a route of what its groups and the application require */
#define TERN_TWO_FACTORS "@two-factors" /* who proved a second factor: 401 */
#define TERN_FRESH_LOGIN "@fresh" /* who proved who they are in the last 15 minutes: 401 (tern_login_page) */

/** Whether the identity has the permission: its scopes have it, if it is limited by scopes, and its `may` says so, if it
 * has one. Also one of Tern's own words. False when nobody is signed in, except for TERN_ANYBODY. */
bool tern_may(tern_ctx *c, const char *permission);
/**
 * Ends the handler unless tern_may: what `.requires` does, for a permission that depends on the request.
 *
 * With nobody signed in: 401 with the challenges of the ways around the route (RFC 9110 section 11.6.1); where a browser
 * navigates and a login page is known, 303 to it. With somebody who lacks the permission: 403, which names it (RFC 6750
 * section 3.1). TERN_TWO_FACTORS and TERN_FRESH_LOGIN are 401 with `insufficient_user_authentication` (RFC 9470).
 */
void tern_require(tern_ctx *c, const char *permission);
/** Ends the handler as tern_require does with nobody signed in, with this detail. A way of signing in calls it for a
 * wrong credential, with its challenge: "Bearer error=\"invalid_token\""; NULL: those of all ways. */
_Noreturn void tern_fail_unknown(tern_ctx *c, const char *challenge, const char *detail);

typedef struct tern_login_page_options {
    unsigned fresh_s; /* how long a login is fresh for TERN_FRESH_LOGIN; default 900 */
} tern_login_page_options;
void tern_login_page_with(tern_app *app, const char *path, const tern_login_page_options *options);
/**
 * Names the page where users sign in: `tern_login_page(app, "/account/login")`.
 *
 * A browser that navigates (Sec-Fetch-Mode: navigate; without that header, Accept that prefers text/html) then gets 303
 * to "/account/login?next=%2Forders" instead of 401. `next` is the path and query that were asked for, and left out for
 * methods other than GET and HEAD; redirect to it by tern_redirect_local alone. Where somebody is signed in, but TERN_TWO_FACTORS or
 * TERN_FRESH_LOGIN refused, "&need=two-factors" or "&need=fresh" follows.
 *
 * @param path  begins with '/'. Copied. A path that is not one is a mistake that tern_run reports.
 */
#define tern_login_page(app, path, ...)                                                                      \
    tern_login_page_with(app, path, &(tern_login_page_options){__VA_ARGS__})

#endif

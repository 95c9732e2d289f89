/**
 * Accounts: users who sign up, log in and look after themselves, by pages for browsers and JSON for programs.
 *
 *     TERN_USER_MODEL(User, (const char *, company, .optional = true))
 *
 *     TERN_HANDLER(hello)
 *     {
 *         User *user = tern_account(c, User);
 *         return tern_textf(c, "hello %s", user->email);
 *     }
 *     tern_accounts(app, TERN_TYPE(User), .site = "Shop", .base_url = "https://shop.example");   // in main
 *     tern_get(app, "/hello", hello, .requires = TERN_SIGNED_IN);
 *
 * docs/accounts.md lists the routes, and has whole programs.
 */
#ifndef TERN_ACCOUNT_H
#define TERN_ACCOUNT_H

#include <tern/auth.h>
#include <tern/data.h>
#include <tern/model.h>

/* clang-format off */
/** The fields that the model of a user needs: `TERN_MODEL(User, TERN_USER_FIELDS, (const char *, company))`. E-mail addresses
 * are kept in lower case. `token_epoch` ends the links of mails that were sent before it was raised. */
#define TERN_USER_FIELDS                                                                                     \
    (int64_t, id, .key = true, .read_only = true),                                                           \
    (const char *, email, .format = "email", .max_length = 254, .unique = true),                             \
    (const char *, name, .optional = true, .max_length = 64, .unique = true,                                 \
     .pattern = "^[^@\\s][^@]*$", .message = "must be without '@'"),                                         \
    (const char *, password, .optional = true, .secret = true),                                              \
    (bool, is_active, .fallback = "true", .read_only = true),                                                \
    (tern_datetime, email_verified, .optional = true, .read_only = true),                                    \
    (tern_datetime, created, .created = true, .read_only = true),                                            \
    (tern_datetime, last_login, .optional = true, .read_only = true),                                        \
    (int64_t, token_epoch, .fallback = "0", .secret = true)
/* clang-format on */

/** A model of users with fields of its own, `TERN_USER_MODEL(User, (const char *, company))`; its table is "users". */
#define TERN_USER_MODEL(Name, ...)                                                                           \
    TERN_MODEL_WITH(Name, (.table = "users"), TERN_USER_FIELDS __VA_OPT__(, ) __VA_ARGS__)

typedef struct tern_accounts_options {
    const char *prefix; /* of the routes; default "/account" */
    const char *site;   /* the name of the service, in pages and mails; default: the address of `base_url` */
    /* "https://shop.example": what links in mails begin with. Needed, except in development, where it is the address of the
     * request: a client chooses the Host that it sends, so it must not decide where a link with a secret leads. */
    const char *base_url;
    const char *from;             /* the sender of mails; default: that of --mail-from */
    const char *after_login;      /* where browsers go after a login that began without ?next=; default "/" */
    const char *stylesheet;       /* the address of one more style sheet for the pages, of this service */
    bool without_sign_up;         /* users are made by the application alone */
    bool without_verification;    /* users may log in before they have proved that the address is theirs */
    bool without_second_factor;   /* no routes of tern/factors.h, and no tables for them */
    void (*signed_up)(tern_ctx *c, void *user);   /* after the row was inserted, in the same transaction */
    void (*signed_in)(tern_ctx *c, void *user);   /* after the session has begun */
    bool (*may_sign_in)(tern_ctx *c, void *user); /* false: answered as a wrong password is */
    /* Gives a page of its own around `content`, which is HTML; NULL: Tern's */
    tern_reply (*page)(tern_ctx *c, const char *title, const char *content);
} tern_accounts_options;
void tern_accounts_with(tern_app *app, tern_type *user, const tern_accounts_options *options);
/**
 * Gives the application accounts of a model of users; once, in main, after tern_sessions if the application calls it.
 *
 * Adds the table, the routes below the prefix, the way TERN_SESSIONS() and the login page (tern_login_page). A model without a
 * field of TERN_USER_FIELDS, or with one of another type, is a mistake that tern_run reports.
 */
#define tern_accounts(app, User, ...)                                                                        \
    tern_accounts_with(app, User, &(tern_accounts_options){__VA_ARGS__})

/** The signed-in user: `User *user = tern_account(c, User)`; NULL when nobody is, and of a user that is not active or was
 * removed. Loaded once a request. */
#define tern_account(c, User) ((User *)tern_account_of(c, TERN_TYPE(User)))
void *tern_account_of(tern_ctx *c, const tern_type *type);

/** For tern_auth: whoever is signed in by a session (tern/session.h). Of an application with tern_accounts the identity is that
 * of a user who is there and active; tern_accounts uses it by itself. */
#define TERN_SESSIONS() tern_way_of_sessions_()
tern_way tern_way_of_sessions_(void);

#endif

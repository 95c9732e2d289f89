/** Accounts: what their files share. A process has one application, and so one set of accounts. */
#ifndef AUTH_ACCOUNT_ACCOUNT_H
#define AUTH_ACCOUNT_ACCOUNT_H

#include <tern/account.h>
#include <tern/identity.h>
#include <tern/limits.h>

/** Where the fields of TERN_USER_FIELDS are in the application's model. */
typedef struct account_fields {
    const tern_field *id, *email, *name, *password, *is_active, *email_verified, *last_login, *token_epoch;
} account_fields;

typedef struct account_setup {
    tern_app *app; /* NULL: the application has no accounts */
    tern_accounts_options o;
    const tern_type *type;
    tern_type sign_up; /* the same struct, with the fields that a client may give */
    account_fields field;
} account_setup;
extern account_setup accounts;

/* user.c */
void *account_find(tern_ctx *c, const tern_field *by, const char *text);
void *account_by_id(tern_ctx *c, const char *id, bool for_update);
/** Writes the named fields of the row. */
void account_write(tern_ctx *c, void *user, const char *fields);
const char *account_text(const void *user, const tern_field *field);
int64_t account_number(const void *user, const tern_field *field);
bool account_is_set(const void *user, const tern_field *field);
bool account_is_active(const void *user);
void account_set_text(void *user, const tern_field *field, const char *text);
void account_set_number(void *user, const tern_field *field, int64_t number);
void account_set_now(void *user, const tern_field *field);
const char *account_id(tern_ctx *c, const void *user);
/** The text with A-Z in lower case, without white space around it. */
const char *account_lower(tern_ctx *c, const char *text);
/** The signed-in user; the routes that ask have .requires. */
void *account_self(tern_ctx *c);

/** Whether a group of the user gives the permission. (may.c) */
bool account_may(tern_ctx *c, const tern_identity *who, const char *permission);
/** One line for whoever audits: "login", and what about it. (note.c) */
void account_note(tern_ctx *c, const char *event, const char *user, const char *detail);

/* limit.c: how often what may be tried */
void account_limits_prepare(tern_app *app);
/** Counts a try at a password; fails with 429 when there were too many. `user` is NULL for an unknown one. */
void account_try(tern_ctx *c, const char *login, const void *user);
/** Takes the try back, which was right. */
void account_try_was_right(tern_ctx *c, const char *login, const void *user);
/** Remembers that the browser has signed this user in. */
void account_know_device(tern_ctx *c, const void *user);
/** Counts a mail; false when the address has had enough. Fails with 429 when the network asks for too many. */
bool account_may_mail(tern_ctx *c, const char *address);

/* link.c: links with a token, by mail */
#define ACCOUNT_VERIFY "account: verify"
#define ACCOUNT_RESET  "account: reset"
#define ACCOUNT_EMAIL  "account: new address"
/** Sends a text after the reply, so that nobody learns from its time whether there was a mail. */
void account_mail(tern_ctx *c, const char *to, const char *subject, const char *text);
/** A link to `path` that counts for `user` as it is now; `more` is kept in it, or NULL. */
const char *account_link(tern_ctx *c, const char *path, const char *purpose, const void *user, const char *more,
                         uint64_t expires_s);
/** In a transaction: the user of a token, locked, whose epoch is raised in the row, not yet written. Fails with 400. */
void *account_use_token(tern_ctx *c, const char *purpose, const char *token, const char **more);

/* login.c */
/** Begins the session of a user who has proved who they are. */
void account_begin(tern_ctx *c, void *user, unsigned factors, bool remember);
/** Whether the password is that of the signed-in user; else fails with 422. */
void account_check_password(tern_ctx *c, void *user, const char *password);
/** Sets the password, hashed, after its rules; also raises the epoch. The row is not written. */
void account_set_password(tern_ctx *c, void *user, const char *password);

void account_add_sign_up(tern_group *at);
void account_add_login(tern_group *at);
void account_add_password(tern_group *at);
void account_add_self(tern_group *at);

#endif

/** Forgotten and changed passwords. */
#include "auth/account/page.h"

#include <tern/session.h>

enum { RESET_S = 3600 };

TERN_MODEL_WITH(account_forgot, (.ignore_unknown = true), (const char *, email, .max_length = 254, .format = "email"))
TERN_MODEL_WITH(account_reset, (.ignore_unknown = true),
    (const char *, token,    .max_length = 2000),
    (const char *, password, .max_length = 4096, .write_only = true))
TERN_MODEL_WITH(account_password_change, (.ignore_unknown = true),
    (const char *, old_password, .max_length = 4096, .write_only = true),
    (const char *, password,     .max_length = 4096, .write_only = true))

TERN_HANDLER(account_forgotten, account_forgot, in)
{
    const char *email = account_lower(c, in->email);
    void *user = account_find(c, accounts.field.email, email);
    /* counted for unknown addresses as well: the answer is the same */
    if (account_may_mail(c, email) && user != NULL && account_is_active(user)) {
        account_note(c, "forgotten password", account_id(c, user), NULL);
        account_mail(c, email, tern_sprintf(c, "A new password for %s", accounts.o.site),
                     tern_sprintf(c,
                                  "Open this link to choose a new password, in the next hour:\n\n%s\n\n"
                                  "If you have not asked for it, do nothing: your password stays.\n",
                                  account_link(c, "/reset", ACCOUNT_RESET, user, NULL, RESET_S)));
    }
    return account_done(c, "/login", "Check your mail: we have sent you a link.", "{\"need\":\"mail\"}");
}

static void tell(tern_ctx *c, void *user)
{
    const char *email = account_text(user, accounts.field.email);
    account_mail(c, email, tern_sprintf(c, "Your password for %s was changed", accounts.o.site),
                 "The password of your account was changed. If it was not you, ask for a new one at once.\n");
}

TERN_HANDLER(account_reset_, account_reset, in)
{
    void *user = NULL;
    tern_transaction (c) {
        user = account_use_token(c, ACCOUNT_RESET, in->token, NULL);
        account_set_password(c, user, in->password);
        if (!account_is_set(user, accounts.field.email_verified)) /* the link was read at the address */
            account_set_now(user, accounts.field.email_verified);
        account_write(c, user, "password, token_epoch, email_verified");
    }
    tern_sessions_end(c, account_id(c, user), false);
    account_note(c, "password reset", account_id(c, user), NULL);
    tell(c, user);
    return account_done(c, "/login", "Your new password counts from now on. Log in now.", "{\"need\":\"login\"}");
}

TERN_HANDLER(account_change_password, account_password_change, in)
{
    void *user = account_self(c);
    account_check_password(c, user, in->old_password);
    account_set_password(c, user, in->password);
    account_write(c, user, "password, token_epoch");
    tern_sessions_end(c, account_id(c, user), true);
    tern_session_renew(c);
    account_note(c, "password changed", account_id(c, user), NULL);
    tell(c, user);
    return account_done(c, "/me", "The password was changed.", NULL);
}

TERN_HANDLER(account_show_forgot)
{
    return account_form_page(c, "/forgot", NULL);
}

TERN_HANDLER(account_show_reset)
{
    return account_form_page(c, "/reset", NULL);
}

TERN_HANDLER(account_show_password)
{
    return account_form_page(c, "/password", NULL);
}

void account_add_password(tern_group *at)
{
    tern_get(at, "/forgot", account_show_forgot, .requires = TERN_ANYBODY, .hidden = true);
    tern_post(at, "/forgot", account_forgotten, .requires = TERN_ANYBODY, .tags = "account",
              .summary = "Have a link for a new password sent");
    tern_get(at, "/reset", account_show_reset, .requires = TERN_ANYBODY, .hidden = true);
    tern_post(at, "/reset", account_reset_, .requires = TERN_ANYBODY, .tags = "account",
              .summary = "Choose a new password by the token of a mail");
    tern_get(at, "/password", account_show_password, .requires = TERN_SIGNED_IN, .hidden = true);
    tern_post(at, "/password", account_change_password, .requires = TERN_SIGNED_IN, .tags = "account", .status = 204,
              .summary = "Change the password");
}

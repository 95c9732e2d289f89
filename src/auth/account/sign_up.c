/** Signing up, and proving that the address is one's own. */
#include "auth/account/page.h"

#include <tern/data.h>
#include <tern/password.h>

#include <string.h>

enum { VERIFY_S = 3 * 24 * 3600 };

TERN_MODEL_WITH(account_token, (.ignore_unknown = true), (const char *, token, .max_length = 2000))

static void mail_verification(tern_ctx *c, const void *user)
{
    const char *email = account_text(user, accounts.field.email);
    if (!account_may_mail(c, email))
        return;
    account_mail(c, email, tern_sprintf(c, "Confirm your address for %s", accounts.o.site),
                 tern_sprintf(c,
                              "Somebody, probably you, has signed up for %s with this address.\n\n"
                              "Open this link to confirm it, in the next three days:\n\n%s\n\n"
                              "If it was not you, do nothing.\n",
                              accounts.o.site,
                              account_link(c, "/verify", ACCOUNT_VERIFY, user, NULL, VERIFY_S)));
}

static void mail_taken(tern_ctx *c, const char *email)
{
    if (!account_may_mail(c, email))
        return;
    account_mail(c, email, tern_sprintf(c, "You have an account for %s", accounts.o.site),
                 tern_sprintf(c,
                              "Somebody, probably you, has tried to sign up for %s with this address, which has an "
                              "account.\n\nLog in, or ask for a new password there. If it was not you, do nothing.\n",
                              accounts.o.site));
}

/** Fields that a client cannot give have no value yet: the table's fallbacks count. */
static void clear_others(void *user)
{
    for (unsigned i = 0; i < accounts.type->field_count; i++) {
        const tern_field *f = &accounts.type->fields[i];
        bool is_given = false;
        for (unsigned k = 0; k < accounts.sign_up.field_count; k++)
            is_given |= strcmp(accounts.sign_up.fields[k].name, f->name) == 0;
        if (!is_given)
            *((uint8_t *)user + f->state_offset) = TERN_STATE_ABSENT;
    }
}

/** True when the user is new. The address may have been taken meanwhile, by another request. */
static bool insert(tern_ctx *c, void *user)
{
    tern_data_error error = {0};
    bool is_in = false;
    tern_transaction (c) {
        is_in = tern_insert_of(c, accounts.type, user, &(tern_write){.row = user, .error = &error});
        if (is_in && accounts.o.signed_up != NULL)
            accounts.o.signed_up(c, user);
    }
    if (is_in || (error.fault == TERN_DATA_UNIQUE && strcmp(error.field, accounts.field.email->name) == 0))
        return is_in;
    if (error.fault == TERN_DATA_UNIQUE)
        tern_fail_field(c, 422, error.field[0] != '\0' ? error.field : NULL, "taken", "is taken");
    tern_fail(c, 503, "the account was not made: try again");
}

/* A taken address gets the same answer after the same work: only its owner learns of it. */
TERN_HANDLER(account_sign_up_)
{
    void *user = tern_bind(c, &accounts.sign_up);
    const char *password = account_text(user, accounts.field.password);
    clear_others(user);
    account_set_text(user, accounts.field.email, account_lower(c, account_text(user, accounts.field.email)));
    const char *name = account_text(user, accounts.field.name);
    if (name == NULL || name[0] == '\0')
        account_set_text(user, accounts.field.name, NULL);
    else if (account_find(c, accounts.field.name, name) != NULL)
        tern_fail_field(c, 422, "name", "taken", "is taken");
    account_set_password(c, user, password);
    const char *email = account_text(user, accounts.field.email);
    bool is_new = account_find(c, accounts.field.email, email) == NULL && insert(c, user);
    if (!is_new) {
        mail_taken(c, email);
        account_note(c, "sign-up of a taken address", NULL, email);
    } else {
        account_note(c, "sign-up", account_id(c, user), email);
        if (!accounts.o.without_verification)
            mail_verification(c, user);
    }
    tern_reply reply =
        accounts.o.without_verification
            ? account_done(c, "/login", "You may log in now.", "{\"need\":\"login\"}")
            : account_done(c, "/login", "Check your mail: we have sent you a link.", "{\"need\":\"verification\"}");
    return reply.status == 200 ? tern_with_status(reply, 202) : reply;
}

TERN_HANDLER(account_verify, account_token, in)
{
    tern_transaction (c) {
        void *user = account_use_token(c, ACCOUNT_VERIFY, in->token, NULL);
        account_set_now(user, accounts.field.email_verified);
        account_write(c, user, "email_verified, token_epoch");
        account_note(c, "address confirmed", account_id(c, user), NULL);
    }
    return account_done(c, "/login", "Your address is confirmed. Log in now.", "{\"need\":\"login\"}");
}

TERN_HANDLER(account_show_sign_up)
{
    return account_form_page(c, "/sign-up", NULL);
}

/* A program that reads mail opens links too: so opening it changes nothing, and a button does. */
TERN_HANDLER(account_show_verify)
{
    return account_form_page(c, "/verify", NULL);
}

void account_add_sign_up(tern_group *at)
{
    if (!accounts.o.without_sign_up) {
        tern_handler handler = *account_sign_up_;
        handler.name = "account_sign_up";
        handler.input = &accounts.sign_up;
        tern_get(at, "/sign-up", account_show_sign_up, .requires = TERN_ANYBODY, .hidden = true);
        tern_route(at, "POST", "/sign-up", &handler,
                   &(tern_route_options){.file = __FILE__,
                                         .line = __LINE__,
                                         .requires = TERN_ANYBODY,
                                         .tags = "account",
                                         .status = 202,
                                         .summary = "Sign up"});
    }
    tern_get(at, "/verify", account_show_verify, .requires = TERN_ANYBODY, .hidden = true);
    tern_post(at, "/verify", account_verify, .requires = TERN_ANYBODY, .tags = "account",
              .summary = "Confirm an address by the token of a mail");
}

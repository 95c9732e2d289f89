/** Logging in and out, and the second factor. */
#include "auth/account/page.h"

#include <tern/json.h>
#include <tern/password.h>
#include <tern/security.h>
#include <tern/session.h>
#include <tern/totp.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* In the session, between the password and the second factor: "id epoch since remember next". */
#define PENDING "account.pending"
enum { PENDING_S = 600 };

TERN_MODEL_WITH(account_login, (.ignore_unknown = true),
    (const char *, login,    .max_length = 254, .help = "an e-mail address, or a name"),
    (const char *, password, .max_length = 4096, .write_only = true),
    (bool,         remember, .fallback = "false"),
    (const char *, next,     .optional = true, .max_length = 2000, .help = "a path of this service"))
TERN_MODEL_WITH(account_code, (.ignore_unknown = true), (const char *, code, .max_length = 64))

static void *find_login(tern_ctx *c, const char *login)
{
    bool is_address = strchr(login, '@') != NULL;
    return is_address ? account_find(c, accounts.field.email, account_lower(c, login))
                      : account_find(c, accounts.field.name, login);
}

/** Where the browser goes after the login: `next`, a path of this service, or the standard. */
static tern_reply go_on(tern_ctx *c, void *user, const char *next)
{
    if (!tern_prefers_html(c))
        return tern_json_of(c, accounts.type, user, false);
    tern_reply reply = tern_redirect_local(c, next, accounts.o.after_login);
    return tern_with_status(reply, 303);
}

void account_begin(tern_ctx *c, void *user, unsigned factors, bool remember)
{
    const char *id = account_id(c, user);
    tern_session_remove(c, PENDING);
    tern_session_sign_in(c, id, .factors = factors, .remember = remember);
    account_know_device(c, user);
    account_set_now(user, accounts.field.last_login);
    account_write(c, user, "last_login");
    account_note(c, "login", id, factors > 1 ? "two factors" : "one factor");
    if (accounts.o.signed_in != NULL)
        accounts.o.signed_in(c, user);
}

void account_set_password(tern_ctx *c, void *user, const char *password)
{
    const char *email = account_text(user, accounts.field.email), *name = account_text(user, accounts.field.name);
    tern_password_fault_list faults = tern_password_faults(c, password, email, name, accounts.o.site);
    if (faults.count != 0)
        tern_fail_with(c, &(tern_problem){.status = 422, .faults = faults.items, .fault_count = faults.count});
    account_set_text(user, accounts.field.password, tern_password_hash(c, password));
    account_set_number(user, accounts.field.token_epoch, account_number(user, accounts.field.token_epoch) + 1);
}

/** Whether the password is right; an old hash is replaced. Counts the try. */
static bool is_right(tern_ctx *c, void *user, const char *login, const char *password)
{
    account_try(c, login, user);
    const char *hash = user != NULL ? account_text(user, accounts.field.password) : NULL;
    tern_password_result result = tern_password_check(c, password, hash);
    bool may = user != NULL && result != TERN_PASSWORD_WRONG && account_is_active(user) &&
               (accounts.o.may_sign_in == NULL || accounts.o.may_sign_in(c, user));
    if (!may)
        return false;
    account_try_was_right(c, login, user);
    if (result == TERN_PASSWORD_RIGHT_BUT_OLD) {
        account_set_text(user, accounts.field.password, tern_password_hash(c, password));
        account_write(c, user, "password");
    }
    return true;
}

void account_check_password(tern_ctx *c, void *user, const char *password)
{
    if (!is_right(c, user, account_text(user, accounts.field.email), password))
        tern_fail_field(c, 422, "old_password", "wrong", "is wrong");
}

static bool has_second_factor(tern_ctx *c, void *user)
{
    return !accounts.o.without_second_factor && tern_has_totp(c, account_id(c, user));
}

/** The user has a second factor: the session says who waits for it, and nobody is signed in yet. */
static tern_reply ask_second(tern_ctx *c, void *user, const account_login *in)
{
    if (tern_session_user(c) != NULL)
        tern_session_sign_out(c);
    tern_session_set(c, PENDING,
                     tern_sprintf(c, "%s %" PRId64 " %" PRId64 " %d %s", account_id(c, user),
                                  account_number(user, accounts.field.token_epoch), (int64_t)time(NULL),
                                  in->remember, in->next != NULL ? in->next : ""));
    return account_done(c, "/login/second-factor", NULL, "{\"need\":\"second-factor\"}");
}

TERN_HANDLER(account_log_in, account_login, in)
{
    void *user = find_login(c, in->login);
    if (!is_right(c, user, account_lower(c, in->login), in->password)) {
        account_note(c, "login failed", user != NULL ? account_id(c, user) : NULL, in->login);
        tern_fail(c, 401, "the name or the password is wrong");
    }
    const char *email = account_text(user, accounts.field.email);
    if (!accounts.o.without_verification && !account_is_set(user, accounts.field.email_verified)) {
        if (account_may_mail(c, email))
            account_mail(c, email, tern_sprintf(c, "Confirm your address for %s", accounts.o.site),
                         tern_sprintf(c, "Open this link to confirm your address:\n\n%s\n",
                                      account_link(c, "/verify", ACCOUNT_VERIFY, user, NULL, 3 * 24 * 3600)));
        tern_fail(c, 403, "the address is not confirmed yet: open the link in the mail");
    }
    if (has_second_factor(c, user))
        return ask_second(c, user, in);
    account_begin(c, user, 1, in->remember);
    return go_on(c, user, in->next);
}

TERN_HANDLER(account_second_factor, account_code, in)
{
    const char *pending = tern_session_get(c, PENDING);
    long long id = 0, epoch = 0, since = 0;
    int remember = 0, len = 0;
    if (pending == NULL || sscanf(pending, "%lld %lld %lld %d %n", &id, &epoch, &since, &remember, &len) != 4 ||
        since + PENDING_S < (long long)time(NULL))
        tern_fail(c, 401, "log in by your password first");
    const char *user_id = tern_sprintf(c, "%lld", id);
    void *user = account_by_id(c, user_id, false);
    if (user == NULL || !account_is_active(user) || account_number(user, accounts.field.token_epoch) != epoch)
        tern_fail(c, 401, "log in by your password first");
    if (!tern_totp_check(c, user_id, in->code) && !tern_recovery_code_use(c, user_id, in->code)) {
        account_note(c, "second factor failed", user_id, NULL);
        tern_fail_field(c, 422, "code", "wrong", "is not the code that the app shows now, nor a recovery code");
    }
    account_begin(c, user, 2, remember != 0);
    return go_on(c, user, len != 0 && pending[len] != '\0' ? pending + len : NULL);
}

TERN_HANDLER(account_log_out)
{
    const char *id = tern_session_user(c);
    if (id != NULL)
        account_note(c, "logout", id, NULL);
    tern_session_sign_out(c);
    return account_done(c, "/login", NULL, NULL);
}

TERN_HANDLER(account_show_login)
{
    return account_form_page(c, "/login", NULL);
}

TERN_HANDLER(account_show_second)
{
    return account_form_page(c, "/login/second-factor", NULL);
}

void account_add_login(tern_group *at)
{
    tern_get(at, "/login", account_show_login, .requires = TERN_ANYBODY, .hidden = true);
    tern_post(at, "/login", account_log_in, .requires = TERN_ANYBODY, .tags = "account", .summary = "Log in");
    tern_post(at, "/logout", account_log_out, .requires = TERN_ANYBODY, .tags = "account", .status = 204,
              .summary = "Log out");
    if (accounts.o.without_second_factor)
        return;
    tern_get(at, "/login/second-factor", account_show_second, .requires = TERN_ANYBODY, .hidden = true);
    tern_post(at, "/login/second-factor", account_second_factor, .requires = TERN_ANYBODY, .tags = "account",
              .summary = "Log in by the second factor");
}

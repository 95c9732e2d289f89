/** What users see and change of their own accounts: who they are, the address, sessions, the end. */
#include "auth/account/page.h"

#include <tern/groups.h>
#include <tern/json.h>
#include <tern/session.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { EMAIL_S = 24 * 3600 };

TERN_MODEL(account_session,
    (const char *,  id),
    (const char *,  device),
    (const char *,  address),
    (tern_datetime, since),
    (tern_datetime, seen),
    (bool,          is_this))
TERN_MODEL_WITH(account_email_change, (.ignore_unknown = true),
    (const char *, email,        .format = "email", .max_length = 254),
    (const char *, old_password, .max_length = 4096, .write_only = true))
TERN_MODEL_WITH(account_proof, (.ignore_unknown = true), (const char *, old_password, .max_length = 4096, .write_only = true))
TERN_MODEL_WITH(account_new_address, (.ignore_unknown = true), (const char *, token, .max_length = 2000))

/* -- who one is -- */

TERN_HANDLER(account_me)
{
    void *user = account_self(c);
    tern_vary(c, "Accept");
    if (!tern_prefers_html(c))
        return tern_json_of(c, accounts.type, user, false);
    static const struct {
        const char *path, *text;
    } links[] = {{"/password", "Change the password"},
                 {"/email", "Change the address"},
                 {"/sessions", "Where you are logged in"},
                 {"/two-factor", "Two-factor authentication"},
                 {"/delete", "Delete the account"}};
    const char *content = tern_sprintf(c, "<p>%s</p>\n<ul>\n", tern_escape_html(c, account_text(user, accounts.field.email)));
    for (size_t i = 0; i < sizeof links / sizeof *links; i++)
        if (strcmp(links[i].path, "/two-factor") != 0 || !accounts.o.without_second_factor)
            content = tern_sprintf(c, "%s<li><a href=\"%s\">%s</a></li>\n", content, account_address(c, links[i].path),
                                   account_say(c, links[i].text));
    return account_page(c, "Your account",
                        tern_sprintf(c, "%s</ul>\n%s", content, account_button(c, "/logout", "Log out")));
}

/* -- sessions -- */

TERN_HANDLER(account_sessions)
{
    size_t count = 0;
    const tern_user_session *found = tern_sessions_of_user(c, account_id(c, account_self(c)), &count);
    tern_vary(c, "Accept");
    if (!tern_prefers_html(c)) {
        account_session_list list = {.items = tern_alloc(c, (count + 1) * sizeof *list.items), .count = count};
        for (size_t i = 0; i < count; i++)
            list.items[i] = (account_session){.id = found[i].id,
                                              .device = found[i].device,
                                              .address = found[i].address,
                                              .since = {found[i].since * 1000000},
                                              .seen = {found[i].seen * 1000000},
                                              .is_this = found[i].is_this};
        return tern_json_list(c, account_session, list);
    }
    const char *content = "<ul>\n";
    for (size_t i = 0; i < count; i++) {
        const char *device = found[i].device[0] != '\0' ? tern_escape_html(c, found[i].device) : account_say(c, "unknown device");
        const char *end = tern_sprintf(c, "/sessions/%s/end", found[i].id);
        content = tern_sprintf(c, "%s<li>%s, %s%s%s</li>\n", content, device, tern_escape_html(c, found[i].address),
                               found[i].is_this ? " &ndash; " : "",
                               found[i].is_this ? account_say(c, "this browser") : account_button(c, end, "Log out"));
    }
    return account_page(c, "Where you are logged in",
                        tern_sprintf(c, "%s</ul>\n%s", content,
                                     account_button(c, "/sessions/end", "Log out everywhere else")));
}

TERN_HANDLER(account_end_session)
{
    const char *id = account_id(c, account_self(c));
    if (!tern_session_end(c, id, tern_param(c, "id")))
        tern_fail(c, 404, "there is no such session");
    account_note(c, "session ended", id, NULL);
    return account_done(c, "/sessions", "The session has ended.", NULL);
}

TERN_HANDLER(account_end_others)
{
    const char *id = account_id(c, account_self(c));
    tern_sessions_end(c, id, true);
    account_note(c, "other sessions ended", id, NULL);
    return account_done(c, "/sessions", "The other sessions have ended.", NULL);
}

/* -- the address -- */

/* A taken address gets the same answer, and no link. */
TERN_HANDLER(account_change_email, account_email_change, in)
{
    void *user = account_self(c);
    account_check_password(c, user, in->old_password);
    const char *email = account_lower(c, in->email);
    if (account_may_mail(c, email) && account_find(c, accounts.field.email, email) == NULL)
        account_mail(c, email, tern_sprintf(c, "Confirm your new address for %s", accounts.o.site),
                     tern_sprintf(c, "Open this link to use this address from now on:\n\n%s\n",
                                  account_link(c, "/email/confirm", ACCOUNT_EMAIL, user, email, EMAIL_S)));
    return account_done(c, "/me", "Check your mail: we have sent you a link.", "{\"need\":\"verification\"}");
}

TERN_HANDLER(account_confirm_email, account_new_address, in)
{
    const char *email = NULL, *old = NULL;
    void *user = NULL;
    tern_transaction (c) {
        user = account_use_token(c, ACCOUNT_EMAIL, in->token, &email);
        if (account_find(c, accounts.field.email, email) != NULL)
            tern_fail(c, 400, "the link is not valid any more");
        old = account_text(user, accounts.field.email);
        account_set_text(user, accounts.field.email, email);
        account_set_now(user, accounts.field.email_verified);
        account_write(c, user, "email, email_verified, token_epoch");
    }
    account_note(c, "address changed", account_id(c, user), email);
    account_mail(c, old, tern_sprintf(c, "Your address for %s was changed", accounts.o.site),
                 tern_sprintf(c, "Your account has the address %s from now on. If it was not you, tell us.\n", email));
    return account_done(c, "/me", "The address was changed.", "{\"changed\":true}");
}

/* -- the end -- */

TERN_HANDLER(account_delete, account_proof, in)
{
    void *user = account_self(c);
    account_check_password(c, user, in->old_password);
    const char *id = account_id(c, user);
    if (!tern_remove_of(c, accounts.type, TERN_ARGS(account_number(user, accounts.field.id))))
        tern_fail(c, 404, "the account was closed");
    tern_user_revoke_all(c, strtoll(id, NULL, 10));
    tern_sessions_end(c, id, true);
    tern_session_sign_out(c);
    account_note(c, "account deleted", id, NULL);
    return account_done(c, "/login", NULL, NULL);
}

TERN_HANDLER(account_show_email)
{
    return account_form_page(c, "/email", NULL);
}

TERN_HANDLER(account_show_confirm)
{
    return account_form_page(c, "/email/confirm", NULL);
}

TERN_HANDLER(account_show_delete)
{
    return account_form_page(c, "/delete", NULL);
}

void account_add_self(tern_group *at)
{
    tern_get(at, "/me", account_me, .requires = TERN_SIGNED_IN, .returns = (tern_type *)(uintptr_t)accounts.type,
             .tags = "account", .summary = "The signed-in user");
    tern_get(at, "/sessions", account_sessions, .requires = TERN_SIGNED_IN, .returns = TERN_LIST(account_session),
             .tags = "account", .summary = "Where the user is signed in");
    tern_post(at, "/sessions/end", account_end_others, .requires = TERN_SIGNED_IN, .tags = "account", .status = 204,
              .summary = "End all other sessions");
    tern_delete(at, "/sessions/{id}", account_end_session, .requires = TERN_SIGNED_IN, .tags = "account", .status = 204,
                .summary = "End a session", .name = "account_remove_session");
    tern_post(at, "/sessions/{id}/end", account_end_session, .requires = TERN_SIGNED_IN, .hidden = true);
    tern_get(at, "/email", account_show_email, .requires = TERN_SIGNED_IN, .hidden = true);
    tern_post(at, "/email", account_change_email, .requires = TERN_SIGNED_IN, .tags = "account", .summary = "Change the address");
    tern_get(at, "/email/confirm", account_show_confirm, .requires = TERN_ANYBODY, .hidden = true);
    tern_post(at, "/email/confirm", account_confirm_email, .requires = TERN_ANYBODY, .tags = "account",
              .summary = "Confirm the new address by the token of a mail");
    tern_get(at, "/delete", account_show_delete, .requires = TERN_SIGNED_IN, .hidden = true);
    tern_post(at, "/delete", account_delete, .requires = TERN_SIGNED_IN, .tags = "account", .status = 204,
              .summary = "Delete the account");
}

/** Mails with links, and their tokens: signed, for one purpose, and for a user whose epoch has not risen since. */
#include "auth/account/account.h"

#include <tern/log.h>
#include <tern/mail.h>
#include <tern/secret.h>
#include <tern/tls.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

typedef struct letter {
    const char *to, *subject, *text;
} letter;

static void send_letter(tern_ctx *c, void *arg)
{
    const letter *l = arg;
    tern_mail_error error;
    if (!tern_mail(c, .to = l->to, .from = accounts.o.from, .subject = l->subject, .text = l->text, .error = &error))
        tern_log(TERN_LOG_ERROR, "accounts: the mail \"%s\" was not sent: %s", l->subject, error.message);
}

void account_mail(tern_ctx *c, const char *to, const char *subject, const char *text)
{
    letter *l = tern_alloc(c, sizeof *l);
    *l = (letter){.to = tern_mail_address(c, NULL, to), .subject = subject, .text = text};
    tern_after(c, send_letter, l);
}

const char *account_link(tern_ctx *c, const char *path, const char *purpose, const void *user, const char *more,
                         uint64_t expires_s)
{
    const char *text = tern_sprintf(c, "%s.%" PRId64 ".%s", account_id(c, user),
                                    account_number(user, accounts.field.token_epoch), more != NULL ? more : "");
    /* sealed, so that an address in it is not read from the browser's history */
    const char *token = tern_seal(c, purpose, text, .expires_s = expires_s);
    if (accounts.o.base_url != NULL)
        return tern_sprintf(c, "%s%s%s?token=%s", accounts.o.base_url, accounts.o.prefix, path, token);
    return tern_sprintf(c, "%s://%s%s%s?token=%s", tern_scheme(c), tern_host(c), accounts.o.prefix, path, token);
}

void *account_use_token(tern_ctx *c, const char *purpose, const char *token, const char **more)
{
    const char *text = tern_unseal(c, purpose, token);
    const char *dot = text != NULL ? strchr(text, '.') : NULL;
    if (dot == NULL)
        tern_fail(c, 400, "the link is not valid any more");
    char *id = tern_strdup(c, text), *end = NULL;
    id[dot - text] = '\0';
    int64_t epoch = strtoll(dot + 1, &end, 10);
    void *user = account_by_id(c, id, true);
    if (user == NULL || !account_is_active(user) || account_number(user, accounts.field.token_epoch) != epoch)
        tern_fail(c, 400, "the link is not valid any more");
    account_set_number(user, accounts.field.token_epoch, epoch + 1);
    if (more != NULL)
        *more = *end == '.' ? end + 1 : "";
    return user;
}

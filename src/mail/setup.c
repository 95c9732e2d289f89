/* tern_mail_setup: from main's declaration to what is checked at start. */
#include "mail/carrier.h"

#include "app/command.h"

static tern_mail_settings set_up; /* by tern_mail_setup; one application in a process */

mail_setup mail_setup_of(const tern_app *app)
{
    const char *url = app_mail_url(app), *from = app_mail_from(app);
    return (mail_setup){.url = url != NULL ? url : set_up.url,
                        .from = from != NULL ? from : set_up.from,
                        .timeout_ms = set_up.timeout_ms,
                        .ca_file = set_up.ca_file};
}

static bool prepare(void *arg, buf *problems)
{
    const tern_app *app = arg;
    mail_setup setup = mail_setup_of(app);
    if (setup.url != NULL && app->testing == NULL && !mail_url_check(setup.url, problems))
        return false;
    const char *problem = NULL;
    mail_addresses sender;
    arena memory;
    arena_init(&memory, NULL, 0, 64 * 1024);
    bool is_right = mail_addresses_read(setup.from, 1, &memory, &sender, &problem);
    if (!is_right)
        buf_add_printf(problems, "mail: the sender of --mail-from or TERN_MAIL_FROM: %s\n", problem);
    arena_free(&memory);
    return is_right;
}

/** Before it serves: a program that sends mail must know where to. */
static bool check(void *arg, const app_launching *how, buf *problems)
{
    const tern_app *app = arg;
    mail_setup setup = mail_setup_of(app);
    if (app->testing != NULL || how->is_command || (setup.url != NULL && setup.from != NULL))
        return true;
    buf_add_printf(
        problems,
        "mail: this program sends mail, but has no %s; start it with --mail-url smtp://user:password@host:587 "
        "--mail-from \"Shop <shop@example.org>\", or --mail-url file:mails to write it to files\n",
        setup.url == NULL ? "server for it" : "sender");
    return false;
}

static void keep(tern_app *app, const char **into, const char *given)
{
    if (given != NULL)
        *into = app_keep_text(app, given);
}

void tern_mail_setup_with(tern_app *app, const tern_mail_settings *settings)
{
    bool is_first = true;
    for (const app_hook *hook = app->hooks; hook != NULL; hook = hook->next)
        is_first &= hook->prepare != prepare;
    if (is_first)
        set_up = (tern_mail_settings){0};
    keep(app, &set_up.url, settings->url);
    keep(app, &set_up.from, settings->from);
    keep(app, &set_up.ca_file, settings->ca_file);
    if (settings->timeout_ms != 0)
        set_up.timeout_ms = settings->timeout_ms;
    if (!is_first)
        return;
    app_add_hook(app, &(app_hook){.prepare = prepare, .arg = app});
    app_add_launch(app, &(app_launch){.check = check, .arg = app});
}

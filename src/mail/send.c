/* tern_mail: a message from a handler to its carrier. */
#include "mail/carrier.h"

#include "base/log_limit.h"
#include "runtime/loop.h"

#include <tern/log.h>

#include <stdio.h>
#include <string.h>

enum { TIMEOUT_MS = 30000, LINES_A_SECOND = 10 };

static const struct {
    int status;
    const char *detail;
} answers[] = {
    [TERN_MAIL_WRONG] = {500, NULL},
    [TERN_MAIL_UNREACHABLE] = {503, "mail cannot be sent at the moment"},
    [TERN_MAIL_REFUSED] = {502, "mail that this request needs was refused"},
    [TERN_MAIL_TIMEOUT] = {504, "mail that this request needs was not sent in time"},
    [TERN_MAIL_BROKEN] = {503, "mail cannot be sent at the moment"},
    [TERN_MAIL_NO_MEMORY] = {503, "out of memory"},
};

static tern_mail_fault carry(tern_ctx *c, const tern_mail_options *o, const mail_setup *setup,
                             const mail_message *message, const char **problem)
{
    if (c->app->testing != NULL)
        return mail_keep(c, o, message, problem);
    const char *folder = mail_url_folder(setup->url);
    if (folder != NULL)
        return mail_folder_send(c, folder, message, problem);
    unsigned timeout_ms = o->timeout_ms != 0 ? o->timeout_ms : setup->timeout_ms;
    return mail_smtp_send(c, setup, message, timeout_ms != 0 ? timeout_ms : TIMEOUT_MS, problem);
}

/** Whether there is somewhere to send to. Tests keep their mail, and need neither a server nor a sender. */
static bool complete(tern_ctx *c, tern_mail_options *o, mail_setup *setup, const char **problem)
{
    bool has_login;
    *setup = mail_setup_of(c->app);
    if (o->from == NULL)
        o->from = setup->from;
    if (c->app->testing != NULL) {
        o->from = o->from != NULL ? o->from : "test@example.org";
        return true;
    }
    if (setup->url == NULL)
        *problem =
            "there is no server for mail; start with --mail-url smtp://user:password@host:587, or --mail-url "
            "file:mails to write it to files";
    else if (mail_url_folder(setup->url) == NULL && !mail_url_is_smtp(setup->url, &has_login))
        *problem = "the URL of --mail-url or TERN_MAIL_URL must begin with smtp://, smtps:// or file:";
    return *problem == NULL;
}

static tern_mail_fault send_message(tern_ctx *c, const tern_mail_options *given, const char **problem)
{
    tern_mail_options o = *given;
    mail_setup setup;
    mail_marks marks;
    mail_message message = {0};
    if (!complete(c, &o, &setup, problem))
        return TERN_MAIL_WRONG;
    if (!mail_marks_make(&marks)) {
        *problem = "the kernel gives no random bytes";
        return TERN_MAIL_BROKEN;
    }
    if (!mail_message_build(&o, &marks, ctx_arena(c), &message, problem))
        return *problem == mail_no_memory ? TERN_MAIL_NO_MEMORY : TERN_MAIL_WRONG;
    return carry(c, &o, &setup, &message, problem);
}

static void report(tern_ctx *c, tern_mail_fault fault, const char *problem)
{
    static log_limit limit;
    char label[160];
    if (!log_limit_allows(&limit, LINES_A_SECOND, loop_self.now_ms))
        return;
    tern_log(fault == TERN_MAIL_WRONG ? TERN_LOG_ERROR : TERN_LOG_WARN, "%s: mail: %s%s",
             ctx_route_label(c, label, sizeof label), problem,
             limit.left_out > 0 ? " (other failures were not logged)" : "");
    limit.left_out = 0;
}

bool tern_mail_with(tern_ctx *c, const tern_mail_options *options)
{
    const char *problem = NULL;
    tern_mail_fault fault = send_message(c, options, &problem);
    if (options->error != NULL) {
        options->error->fault = fault;
        snprintf(options->error->message, sizeof options->error->message, "%s",
                 problem != NULL && fault != TERN_MAIL_OK ? problem : "");
        return fault == TERN_MAIL_OK;
    }
    if (fault == TERN_MAIL_OK)
        return true;
    report(c, fault, problem);
    ctx_fail(c, answers[fault].status, answers[fault].detail);
}

const char *tern_mail_address(tern_ctx *c, const char *name, const char *email)
{
    if (name == NULL || *name == '\0')
        return email;
    char *out = tern_alloc(c, 2 * strlen(name) + strlen(email) + 6), *at = out;
    *at++ = '"';
    for (; *name != '\0'; name++) {
        if (*name == '"' || *name == '\\')
            *at++ = '\\';
        *at++ = *name;
    }
    memcpy(at, "\" <", 3);
    at += 3;
    size_t len = strlen(email);
    memcpy(at, email, len);
    memcpy(at + len, ">", 2);
    return out;
}

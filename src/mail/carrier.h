/** Ways that a message can take. Each returns TERN_MAIL_OK, or a fault with a `*problem` in the request's memory or
 * static; it may leave the handler when the request is cancelled. */
#ifndef MAIL_CARRIER_H
#define MAIL_CARRIER_H

#include "app/ctx.h"
#include "mail/message.h"

/** The settings of the application: what was set up, and what its operator gives. */
typedef struct mail_setup {
    const char *url, *from; /* NULL: not given */
    unsigned timeout_ms;
    const char *ca_file;
} mail_setup;
mail_setup mail_setup_of(const tern_app *app);

/** Whether the URL names a carrier; false with a line in `problem`, which has no password in it. */
bool mail_url_check(const char *url, buf *problem);

/** The folder of "file:FOLDER"; NULL for other URLs. */
const char *mail_url_folder(const char *url);
/** Whether the URL is of SMTP; `*has_login` says whether it names a user. */
bool mail_url_is_smtp(const char *url, bool *has_login);

/* smtp.c, by libcurl; smtp_absent.c without it */
bool mail_smtp_check(const char *url, buf *problem);
tern_mail_fault mail_smtp_send(tern_ctx *c, const mail_setup *setup, const mail_message *message,
                               unsigned timeout_ms, const char **problem);

/** Writes the message to a new file of the folder, which is made if it does not exist. (folder.c) */
tern_mail_fault mail_folder_send(tern_ctx *c, const char *folder, const mail_message *message,
                                 const char **problem);

/** Keeps the message for the test that runs. (kept.c) */
tern_mail_fault mail_keep(tern_ctx *c, const tern_mail_options *options, const mail_message *message,
                          const char **problem);

#endif

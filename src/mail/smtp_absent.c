/* SMTP in a build without libcurl's headers: it says what is missing, at start where it can. */
#include "mail/carrier.h"

static const char missing[] =
    "Tern was built without libcurl: install libcurl4-openssl-dev and build it again";

bool mail_smtp_check(const char *url, buf *problem)
{
    (void)url;
    buf_add_printf(problem, "mail: %s\n", missing);
    return false;
}

tern_mail_fault mail_smtp_send(tern_ctx *c, const mail_setup *setup, const mail_message *message,
                               unsigned timeout_ms, const char **problem)
{
    (void)c, (void)setup, (void)message, (void)timeout_ms;
    *problem = missing;
    return TERN_MAIL_WRONG;
}

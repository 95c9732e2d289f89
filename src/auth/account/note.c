/** What happened to an account, for whoever audits. */
#include "auth/account/account.h"

#include <tern/log.h>

void account_note(tern_ctx *c, const char *event, const char *user, const char *detail)
{
    const tern_log_field fields[] = {{.name = "event", .text = event},
                                     {.name = "user", .text = user != NULL ? user : ""},
                                     {.name = "detail", .text = detail != NULL ? detail : ""},
                                     {.name = "address", .text = tern_remote_address(c)},
                                     {.name = "request_id", .text = tern_request_id(c)}};
    tern_log_event(TERN_LOG_INFO, "account", fields, sizeof fields / sizeof *fields);
}

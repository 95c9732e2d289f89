/** What happened to an account, in the audit log. */
#include "auth/account/account.h"

#include <tern/audit.h>
#include <tern/session.h>
#include <tern/value.h>

#include <stdlib.h>
#include <string.h>

void account_note(tern_ctx *c, const char *event, const char *user, const char *detail)
{
    const char *self = tern_session_user(c), *details = NULL;
    bool is_by_user = user != NULL && self != NULL && strcmp(user, self) == 0;
    if (detail != NULL) {
        tern_value *object = tern_value_object(c);
        tern_value_set(c, object, "detail", tern_value_of_text(c, detail));
        details = tern_value_print(c, object, 0);
    }
    tern_audit(c, event, .user = is_by_user ? strtoll(user, NULL, 10) : 0,
               .object = user != NULL ? tern_sprintf(c, "user:%s", user) : NULL, .details = details);
}

/** Permissions of users: those of tern/groups.h. */
#include "auth/account/account.h"

#include <tern/groups.h>

#include <stdlib.h>

bool account_may(tern_ctx *c, const tern_identity *who, const char *permission)
{
    return tern_user_may(c, strtoll(who->id, NULL, 10), permission);
}

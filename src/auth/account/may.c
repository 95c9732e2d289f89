/** Permissions of users, where no groups give them any. */
#include "auth/account/account.h"

bool account_may(tern_ctx *c, const tern_identity *who, const char *permission)
{
    (void)c;
    (void)who;
    (void)permission;
    return false;
}

/** What the files of groups share. */
#ifndef AUTH_GROUP_GROUP_H
#define AUTH_GROUP_GROUP_H

#include <tern/context.h>

/** Fails with 500 without tern_groups. */
void group_needs_tables(tern_ctx *c);
/** Fails with 422 unless it is a permission that can be granted. */
void group_check_permission(tern_ctx *c, const char *permission);
/** Called before a change: what this request knows of users' permissions is out of date, and it asks from now on. */
void group_forget(tern_ctx *c);

#endif

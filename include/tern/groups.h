/**
 * Groups and permissions of users, in the application's database.
 *
 *     tern_groups(app);                                            in main
 *
 *     tern_user_group_new(c, "editors");
 *     tern_user_group_grant(c, "editors", "books.*");
 *     tern_user_group_add(c, "editors", user->id);
 *     tern_user_grant(c, user->id, "orders.read");
 *
 *     static bool may(tern_ctx *c, const tern_identity *who, const char *permission)
 *     {
 *         return tern_user_may(c, atoll(who->id), permission);     the `may` of tern/identity.h
 *     }
 *
 * A user has the permissions that were granted to them, and those of their groups. A granted permission may end in '*',
 * alone ("*": everything, for a superuser) or after '.', ':' or '/' ("books.*" is "books.read" and "books.covers.write",
 * not "books"). The users themselves are the application's: here they are numbers. docs/permissions.md has whole programs.
 *
 * Calls that change something fail with 422 for a malformed name or permission, with 404 for a group that does not exist,
 * and as all calls of tern/data.h do.
 */
#ifndef TERN_GROUPS_H
#define TERN_GROUPS_H

#include <tern/data.h>

/** Has the application keep groups and permissions: the tables `account_group`, `account_group_permission`,
 * `account_member` and `account_permission`. In `main`. */
void tern_groups(tern_app *app);
/** Whether tern_groups was called. */
bool tern_has_groups(void);

TERN_MODEL_WITH(tern_user_group, (.table = "account_group"),
    (int64_t,      id,   .key = true),
    (const char *, name, .unique = true, .min_length = 1, .max_length = 100))

TERN_MODEL_WITH(tern_group_permission, (.table = "account_group_permission"),
    (int64_t,      group_id,   .key = true, .references = TERN_TYPE(tern_user_group), .on_delete = TERN_CASCADE),
    (const char *, permission, .key = true, .max_length = 200))

TERN_MODEL_WITH(tern_group_member, (.table = "account_member"),
    (int64_t, group_id, .key = true, .references = TERN_TYPE(tern_user_group), .on_delete = TERN_CASCADE),
    (int64_t, user_id,  .key = true, .index = true))

TERN_MODEL_WITH(tern_user_permission, (.table = "account_permission"),
    (int64_t,      user_id,    .key = true),
    (const char *, permission, .key = true, .max_length = 200))

/* -- asking -- */

/** What the user has been granted, directly and by groups: each once, in order. One query for each request and user; in a
 * request that has changed permissions, one for each call. Empty without tern_groups. */
tern_text_list tern_permissions_of(tern_ctx *c, int64_t user_id);
/** Whether the user has the permission. False for the words of tern/identity.h that begin with '@', whatever was granted,
 * and without tern_groups. */
bool tern_user_may(tern_ctx *c, int64_t user_id, const char *permission);
/** Whether a granted permission covers one that is needed: "books.*" covers "books.read". */
bool tern_permission_covers(const char *granted, const char *needed);

/* -- permissions of a user -- */

/** False when the user had it already. */
bool tern_user_grant(tern_ctx *c, int64_t user_id, const char *permission);
/** False when it was not granted to the user directly; groups may still grant it. */
bool tern_user_revoke(tern_ctx *c, int64_t user_id, const char *permission);
/** What was granted to the user directly, in order. */
tern_text_list tern_user_permissions(tern_ctx *c, int64_t user_id);
/** Removes all that was granted to a user, and their memberships: for one who is deleted. */
void tern_user_revoke_all(tern_ctx *c, int64_t user_id);

/* -- groups -- */

/** False when a group of this name exists. Names have 1 to 100 characters without control characters; case counts. */
bool tern_user_group_new(tern_ctx *c, const char *name);
/** Removes a group with its permissions and memberships; false without such a group. */
bool tern_user_group_remove(tern_ctx *c, const char *name);
/** False when the group had the permission already. */
bool tern_user_group_grant(tern_ctx *c, const char *name, const char *permission);
/** False when the group did not have it. */
bool tern_user_group_revoke(tern_ctx *c, const char *name, const char *permission);
/** Makes the user a member; false when they were one. That the user exists is not checked. */
bool tern_user_group_add(tern_ctx *c, const char *name, int64_t user_id);
/** Ends a membership; false when the user was not a member. */
bool tern_user_group_drop(tern_ctx *c, const char *name, int64_t user_id);
/** All groups, by name. */
tern_user_group_list tern_user_groups(tern_ctx *c);
/** The groups of a user, by name. */
tern_user_group_list tern_user_groups_of(tern_ctx *c, int64_t user_id);
/** What the group grants, in order. */
tern_text_list tern_user_group_permissions(tern_ctx *c, const char *name);
/** Members after the user `after` (0: from the first) by number, at most `most`: pages of a long list. */
tern_int64_list tern_user_group_members(tern_ctx *c, const char *name, int64_t after, unsigned most);

#endif

/**
 * Permissions of users: what was granted, and what that covers.
 *
 * Hot path: tern_user_may, once for each route that requires something. The first call of a request asks the database.
 */
#include "auth/group/group.h"

#include <tern/groups.h>
#include <tern/sql.h>

#include <string.h>

/* What a request knows of a user. */
typedef struct known_user {
    struct known_user *next;
    int64_t user_id;
    tern_text_list permissions;
} known_user;

typedef struct known_users {
    known_user *first;
    bool
        is_changing; /* the request changes permissions, perhaps in a transaction that is rolled back: it asks each time */
} known_users;

TERN_LOCAL(known_users, permissions_known)

enum { PERMISSION_MOST = 200 };

static bool is_declared;

void tern_groups(tern_app *app)
{
    is_declared = true;
    tern_tables_of(app, "tern_groups",
                   (tern_type *const[]){TERN_TYPE(tern_user_group), TERN_TYPE(tern_group_permission),
                                        TERN_TYPE(tern_group_member), TERN_TYPE(tern_user_permission), NULL});
}

bool tern_has_groups(void)
{
    return is_declared;
}

void group_needs_tables(tern_ctx *c)
{
    if (!is_declared)
        tern_fail(c, 500, "the application keeps no groups: add tern_groups(app) in main");
}

/* -- the words -- */

static bool is_separator(char byte)
{
    return byte == '.' || byte == ':' || byte == '/';
}

static const char *problem_of(const char *permission)
{
    size_t len = permission != NULL ? strnlen(permission, PERMISSION_MOST + 1) : 0;
    if (len == 0 || len > PERMISSION_MOST)
        return "has 1 to 200 characters";
    if (permission[0] == '@')
        return "does not begin with '@': such words are Tern's";
    for (size_t i = 0; i < len; i++)
        if (permission[i] <= ' ' || permission[i] > '~' || strchr(",\"\\", permission[i]) != NULL)
            return "is visible ASCII without ',', '\"' and '\\'";
    const char *star = strchr(permission, '*');
    if (star != NULL && (star[1] != '\0' || (star != permission && !is_separator(star[-1]))))
        return "has '*' at its end alone, after '.', ':' or '/': \"books.*\"";
    return NULL;
}

void group_check_permission(tern_ctx *c, const char *permission)
{
    const char *problem = problem_of(permission);
    if (problem != NULL)
        tern_fail(c, 422, "a permission %s", problem);
}

bool tern_permission_covers(const char *granted, const char *needed)
{
    size_t len = strlen(granted);
    if (needed[0] == '@' || needed[0] == '\0' || len == 0)
        return false;
    if (granted[len - 1] != '*')
        return strcmp(granted, needed) == 0;
    if (len == 1)
        return true;
    return is_separator(granted[len - 2]) && strncmp(granted, needed, len - 1) == 0 &&
           needed[len - 1] != '\0';
}

/* -- what a user has -- */

static known_users *known_of(tern_ctx *c)
{
    known_users *known = tern_local(c, permissions_known);
    if (known == NULL) {
        known = tern_alloc(c, sizeof *known);
        tern_set_local(c, permissions_known, known);
    }
    return known;
}

void group_forget(tern_ctx *c)
{
    *known_of(c) = (known_users){.is_changing = true};
}

static tern_text_list read_all(tern_ctx *c, int64_t user_id)
{
    return tern_sql_pluck(c, tern_text,
                          "select permission from account_permission where user_id = ? "
                          "union select p.permission from account_group_permission p "
                          "join account_member m on m.group_id = p.group_id where m.user_id = ? order by 1",
                          user_id, user_id);
}

tern_text_list tern_permissions_of(tern_ctx *c, int64_t user_id)
{
    if (!is_declared)
        return (tern_text_list){0};
    known_users *known = known_of(c);
    for (known_user *user = known->first; user != NULL; user = user->next)
        if (user->user_id == user_id)
            return user->permissions;
    tern_text_list permissions = read_all(c, user_id);
    if (known->is_changing) /* perhaps only since the query began, by another task */
        return permissions;
    known_user *user = tern_alloc(c, sizeof *user);
    *user = (known_user){.next = known->first, .user_id = user_id, .permissions = permissions};
    known->first = user;
    return permissions;
}

bool tern_user_may(tern_ctx *c, int64_t user_id, const char *permission)
{
    if (permission == NULL || permission[0] == '@')
        return false;
    tern_text_list permissions = tern_permissions_of(c, user_id);
    for (size_t i = 0; i < permissions.count; i++)
        if (tern_permission_covers(permissions.items[i], permission))
            return true;
    return false;
}

/* -- changes -- */

bool tern_user_grant(tern_ctx *c, int64_t user_id, const char *permission)
{
    group_needs_tables(c);
    group_check_permission(c, permission);
    group_forget(c);
    return tern_sql_run(
               c, "insert into account_permission (user_id, permission) values (?, ?) on conflict do nothing",
               user_id, permission) == 1;
}

bool tern_user_revoke(tern_ctx *c, int64_t user_id, const char *permission)
{
    group_needs_tables(c);
    group_check_permission(c, permission);
    group_forget(c);
    return tern_sql_run(c, "delete from account_permission where user_id = ? and permission = ?", user_id,
                        permission) == 1;
}

tern_text_list tern_user_permissions(tern_ctx *c, int64_t user_id)
{
    group_needs_tables(c);
    return tern_sql_pluck(c, tern_text,
                          "select permission from account_permission where user_id = ? order by permission",
                          user_id);
}

void tern_user_revoke_all(tern_ctx *c, int64_t user_id)
{
    group_needs_tables(c);
    group_forget(c);
    tern_transaction (c) {
        tern_sql_run(c, "delete from account_permission where user_id = ?", user_id);
        tern_sql_run(c, "delete from account_member where user_id = ?", user_id);
    }
}

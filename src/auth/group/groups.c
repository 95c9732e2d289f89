/** Groups of users: their names, permissions and members. */
#include "auth/group/group.h"

#include <tern/groups.h>
#include <tern/sql.h>

#include <string.h>

enum { NAME_MOST = 100 };

/* Its length in characters; 0: not a name. Bytes that are not UTF-8 are refused by the data layer. */
static size_t name_len(const char *name)
{
    size_t len = 0;
    for (const char *at = name != NULL ? name : ""; *at != '\0'; at++) {
        if ((unsigned char)*at < ' ' || *at == 0x7f)
            return 0;
        len += ((unsigned char)*at & 0xc0) != 0x80;
    }
    return len;
}

static void check_name(tern_ctx *c, const char *name)
{
    size_t len = name_len(name);
    if (len == 0 || len > NAME_MOST)
        tern_fail(c, 422, "the name of a group has 1 to %d characters, without control characters",
                  NAME_MOST);
}

static int64_t id_of(tern_ctx *c, const char *name)
{
    int64_t id;
    group_needs_tables(c);
    check_name(c, name);
    if (!tern_sql_value(c, &id, "select id from account_group where name = ?", name))
        tern_fail(c, 404, "there is no group \"%s\"", name);
    return id;
}

bool tern_user_group_new(tern_ctx *c, const char *name)
{
    group_needs_tables(c);
    check_name(c, name);
    return tern_sql_run(c, "insert into account_group (name) values (?) on conflict do nothing", name) == 1;
}

bool tern_user_group_remove(tern_ctx *c, const char *name)
{
    group_needs_tables(c);
    check_name(c, name);
    group_forget(c);
    return tern_sql_run(c, "delete from account_group where name = ?", name) == 1;
}

bool tern_user_group_grant(tern_ctx *c, const char *name, const char *permission)
{
    group_check_permission(c, permission);
    int64_t id = id_of(c, name);
    group_forget(c);
    return tern_sql_run(c,
                        "insert into account_group_permission (group_id, permission) values (?, ?) "
                        "on conflict do nothing",
                        id, permission) == 1;
}

bool tern_user_group_revoke(tern_ctx *c, const char *name, const char *permission)
{
    group_check_permission(c, permission);
    int64_t id = id_of(c, name);
    group_forget(c);
    return tern_sql_run(c, "delete from account_group_permission where group_id = ? and permission = ?", id,
                        permission) == 1;
}

bool tern_user_group_add(tern_ctx *c, const char *name, int64_t user_id)
{
    int64_t id = id_of(c, name);
    group_forget(c);
    return tern_sql_run(c,
                        "insert into account_member (group_id, user_id) values (?, ?) on conflict do nothing",
                        id, user_id) == 1;
}

bool tern_user_group_drop(tern_ctx *c, const char *name, int64_t user_id)
{
    int64_t id = id_of(c, name);
    group_forget(c);
    return tern_sql_run(c, "delete from account_member where group_id = ? and user_id = ?", id, user_id) == 1;
}

tern_user_group_list tern_user_groups(tern_ctx *c)
{
    group_needs_tables(c);
    return tern_select(c, tern_user_group, .order_by = "name");
}

tern_user_group_list tern_user_groups_of(tern_ctx *c, int64_t user_id)
{
    group_needs_tables(c);
    return tern_sql(c, tern_user_group,
                    "select g.id, g.name from account_group g join account_member m on m.group_id = g.id "
                    "where m.user_id = ? order by g.name",
                    user_id);
}

tern_text_list tern_user_group_permissions(tern_ctx *c, const char *name)
{
    return tern_sql_pluck(
        c, tern_text,
        "select permission from account_group_permission where group_id = ? order by permission",
        id_of(c, name));
}

tern_int64_list tern_user_group_members(tern_ctx *c, const char *name, int64_t after, unsigned most)
{
    return tern_sql_pluck(c, tern_int64,
                          "select user_id from account_member where group_id = ? and user_id > ? "
                          "order by user_id limit ?",
                          id_of(c, name), after, most);
}

/** `APP users grant`, `revoke` and `group`: what users may do. */
#include "auth/command/users.h"

#include <tern/audit.h>
#include <tern/groups.h>
#include <tern/value.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { PAGE = 500 };

static int usage(const char *text)
{
    users_say("%s", text);
    return USERS_USAGE;
}

static bool has_groups(void)
{
    if (!tern_has_groups())
        users_say("this program keeps no groups and permissions: it needs tern_groups(app)");
    return tern_has_groups();
}

static const char *name_of_user(tern_ctx *c, const void *row)
{
    return users_shown(c, user_row_text(row, users_model.email));
}

static void note(tern_ctx *c, const char *action, const char *object, const char *member, const char *value)
{
    tern_value *details = tern_value_object(c);
    tern_value_set(c, details, member, tern_value_of_text(c, value));
    tern_audit(c, action, .actor = users_actor(c), .object = object,
               .details = tern_value_print(c, details, 0));
}

static const char *object_of(tern_ctx *c, int64_t id)
{
    return tern_sprintf(c, "user:%" PRId64, id);
}

/* -- permissions of a user -- */

/* Prints what became of each permission, once all are stored. */
static void print_changes(tern_ctx *c, const char *who, char **permissions, const bool *changed, int count,
                          const char *const words[2])
{
    for (int i = 0; i < count; i++)
        printf("%s %s %s\n", users_shown(c, who), words[changed[i]], permissions[i]);
}

static int change_user(tern_ctx *c, int count, char **words, bool grants)
{
    static const char *const granted[] = {"had already", "now has"};
    static const char *const revoked[] = {"was not granted", "no longer has, of their own,"};
    if (count < 2)
        return usage(grants ? "users grant USER PERMISSION...: `users grant ann@example.org \"books.*\"`"
                            : "users revoke USER PERMISSION...: `users revoke ann@example.org \"books.*\"`");
    void *row = has_groups() ? user_row_find(c, words[0]) : NULL;
    if (row == NULL)
        return USERS_FAILED;
    int64_t id = user_row_id(row);
    bool *changed = tern_alloc(c, (size_t)count * sizeof *changed);
    tern_transaction (c) {
        for (int i = 1; i < count; i++) {
            changed[i] = grants ? tern_user_grant(c, id, words[i]) : tern_user_revoke(c, id, words[i]);
            if (changed[i])
                note(c, grants ? "user.grant" : "user.revoke", object_of(c, id), "permission", words[i]);
        }
    }
    print_changes(c, user_row_text(row, users_model.email), words + 1, changed + 1, count - 1,
                  grants ? granted : revoked);
    return USERS_DONE;
}

int users_grant(tern_ctx *c, int count, char **words)
{
    return change_user(c, count, words, true);
}

int users_revoke(tern_ctx *c, int count, char **words)
{
    return change_user(c, count, words, false);
}

/* -- groups -- */

static int list(tern_ctx *c, int count, char **words)
{
    (void)words;
    if (count != 0)
        return usage("users group list takes no words");
    tern_user_group_list groups = tern_user_groups(c);
    for (size_t i = 0; i < groups.count; i++) {
        printf("%s", users_shown(c, groups.items[i].name));
        tern_text_list permissions = tern_user_group_permissions(c, groups.items[i].name);
        for (size_t p = 0; p < permissions.count; p++)
            printf("%s%s", p == 0 ? ": " : ", ", users_shown(c, permissions.items[p]));
        printf("\n");
    }
    return USERS_DONE;
}

static int make(tern_ctx *c, int count, char **words)
{
    if (count != 1)
        return usage("users group new NAME");
    if (!tern_user_group_new(c, words[0])) {
        users_say("there is a group \"%s\" already", users_shown(c, words[0]));
        return USERS_FAILED;
    }
    note(c, "group.new", "group", "name", words[0]);
    printf("made the group %s\n", users_shown(c, words[0]));
    return USERS_DONE;
}

static int remove_one(tern_ctx *c, int count, char **words)
{
    if (count != 1)
        return usage("users group remove NAME");
    if (!tern_user_group_remove(c, words[0])) {
        users_say("there is no group \"%s\"; `users group list` lists them", users_shown(c, words[0]));
        return USERS_FAILED;
    }
    note(c, "group.remove", "group", "name", words[0]);
    printf("removed the group %s\n", users_shown(c, words[0]));
    return USERS_DONE;
}

static int show(tern_ctx *c, int count, char **words)
{
    if (count != 1)
        return usage("users group show NAME");
    tern_text_list permissions = tern_user_group_permissions(c, words[0]);
    for (size_t i = 0; i < permissions.count; i++)
        printf("permission  %s\n", users_shown(c, permissions.items[i]));
    int64_t after = 0;
    tern_int64_list members;
    do {
        members = tern_user_group_members(c, words[0], after, PAGE);
        for (size_t i = 0; i < members.count; i++) {
            const void *row = tern_find_of(c, users_model.type, TERN_ARGS(members.items[i]));
            printf("member      %" PRId64 "  %s\n", members.items[i],
                   row != NULL ? name_of_user(c, row) : "(removed)");
            after = members.items[i];
        }
    } while (members.count == PAGE);
    return USERS_DONE;
}

static int change_permissions(tern_ctx *c, int count, char **words, bool grants)
{
    static const char *const granted[] = {"had already", "now has"};
    static const char *const revoked[] = {"did not have", "no longer has"};
    if (count < 2)
        return usage(grants ? "users group grant NAME PERMISSION..."
                            : "users group revoke NAME PERMISSION...");
    bool *changed = tern_alloc(c, (size_t)count * sizeof *changed);
    const char *object = tern_sprintf(c, "group:%s", words[0]);
    tern_transaction (c) {
        for (int i = 1; i < count; i++) {
            changed[i] = grants ? tern_user_group_grant(c, words[0], words[i])
                                : tern_user_group_revoke(c, words[0], words[i]);
            if (changed[i])
                note(c, grants ? "group.grant" : "group.revoke", object, "permission", words[i]);
        }
    }
    print_changes(c, words[0], words + 1, changed + 1, count - 1, grants ? granted : revoked);
    return USERS_DONE;
}

static int grant(tern_ctx *c, int count, char **words)
{
    return change_permissions(c, count, words, true);
}

static int revoke(tern_ctx *c, int count, char **words)
{
    return change_permissions(c, count, words, false);
}

static int change_members(tern_ctx *c, int count, char **words, bool adds)
{
    static const char *const added[] = {"was in already", "is now in"};
    static const char *const dropped[] = {"was not in", "is no longer in"};
    if (count < 2)
        return usage(adds ? "users group add NAME USER..." : "users group drop NAME USER...");
    for (int i = 1; i < count; i++) {
        const void *row = user_row_find(c, words[i]);
        if (row == NULL)
            return USERS_FAILED;
        int64_t id = user_row_id(row);
        bool is_changed = adds ? tern_user_group_add(c, words[0], id) : tern_user_group_drop(c, words[0], id);
        if (is_changed)
            note(c, adds ? "group.add" : "group.drop", object_of(c, id), "group", words[0]);
        printf("%s %s %s\n", name_of_user(c, row), (adds ? added : dropped)[is_changed],
               users_shown(c, words[0]));
    }
    return USERS_DONE;
}

static int add(tern_ctx *c, int count, char **words)
{
    return change_members(c, count, words, true);
}

static int drop(tern_ctx *c, int count, char **words)
{
    return change_members(c, count, words, false);
}

int users_group(tern_ctx *c, int count, char **words)
{
    static const struct {
        const char *name;
        int (*run)(tern_ctx *c, int count, char **words);
    } commands[] = {{"list", list},   {"new", make},      {"remove", remove_one}, {"show", show},
                    {"grant", grant}, {"revoke", revoke}, {"add", add},           {"drop", drop}};
    if (!has_groups())
        return USERS_FAILED;
    if (count == 0)
        return list(c, 0, words);
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        if (strcmp(words[0], commands[i].name) == 0)
            return commands[i].run(c, count - 1, words + 1);
    return usage("users group is followed by list, new, remove, show, grant, revoke, add or drop");
}

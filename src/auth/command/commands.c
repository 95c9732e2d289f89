/** `APP users`: users of the application, made and changed on its command line. */
#include "auth/command/users.h"

#include <tern/audit.h>
#include <tern/groups.h>
#include <tern/json.h>
#include <tern/middleware.h>
#include <tern/password.h>
#include <tern/user_commands.h>
#include <tern/value.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PAGE = 500, EMAIL_MOST = 254 };

TERN_MODEL(tern_user_address, (const char *, email, .format = "email", .max_length = 254))

static const char usage_text[] =
    "users [list] [--json]\n"
    "       users show USER\n"
    "       users create EMAIL [--name NAME] [--superuser]\n"
    "       users passwd | disable | enable USER\n"
    "       users grant | revoke USER PERMISSION...\n"
    "       users group [list | new | remove | show | grant | revoke | add | drop] ...\n"
    "USER is an address, a number, or a name where names are unique";

static int usage(void)
{
    users_say("%s", usage_text);
    return USERS_USAGE;
}

static void note(tern_ctx *c, const char *action, const void *row)
{
    tern_audit(c, action, .actor = users_actor(c),
               .object = tern_sprintf(c, "user:%" PRId64, user_row_id(row)));
}

static const char *email_of(tern_ctx *c, const void *row)
{
    return users_shown(c, user_row_text(row, users_model.email));
}

/* -- passwords -- */

/* The hash of a password that was asked for; NULL after a line on standard error. */
static const char *new_hash(tern_ctx *c, const char *email, const char *name, int *code)
{
    const char *password = ask_password(c, code);
    if (password == NULL)
        return NULL;
    tern_password_fault_list faults = tern_password_faults(c, password, email, name);
    for (size_t i = 0; i < faults.count; i++)
        users_say("the password %s", faults.items[i].message);
    return faults.count == 0 ? tern_password_hash(c, password) : NULL;
}

static int set_password(tern_ctx *c, int count, char **words)
{
    int code = USERS_FAILED;
    if (count != 1)
        return usage();
    if (users_model.password == NULL) {
        users_say("the model %s has no field `password`", users_model.type->name);
        return USERS_FAILED;
    }
    void *row = user_row_find(c, words[0]);
    if (row == NULL)
        return USERS_FAILED;
    const char *hash =
        new_hash(c, user_row_text(row, users_model.email), user_row_text(row, users_model.name), &code);
    if (hash == NULL)
        return code;
    user_row_set_text(row, users_model.password, hash);
    user_row_end_tokens(row);
    user_row_update(c, row, users_model.token_epoch != NULL ? "password, token_epoch" : "password");
    note(c, "user.passwd", row);
    printf("changed the password of %s\n", email_of(c, row));
    return USERS_DONE;
}

/* -- create -- */

typedef struct new_user {
    const char *email, *name;
    bool is_superuser;
} new_user;

static bool read_words(new_user *user, int count, char **words)
{
    for (int i = 0; i < count; i++)
        if (strcmp(words[i], "--superuser") == 0)
            user->is_superuser = true;
        else if (strcmp(words[i], "--name") == 0 && i + 1 < count)
            user->name = words[++i];
        else if (words[i][0] != '-' && user->email == NULL)
            user->email = words[i];
        else
            return false;
    return user->email != NULL;
}

/* Small letters, as people type an address in either case. */
static char *lowered(tern_ctx *c, const char *email)
{
    char *copy = tern_strdup(c, email);
    for (char *at = copy; *at != '\0'; at++)
        if (*at >= 'A' && *at <= 'Z')
            *at = (char)(*at + ('a' - 'A'));
    return copy;
}

/* What the model says of an address and a name; NULL: they are right. */
static const char *fault_of(tern_ctx *c, const tern_type *type, const char *email, const char *name)
{
    const char *problem = NULL;
    tern_value *given = tern_value_object(c);
    tern_value_set(c, given, "email", tern_value_of_text(c, email));
    if (name != NULL)
        tern_value_set(c, given, "name", tern_value_of_text(c, name));
    const char *json = tern_value_print(c, given, 0);
    return tern_json_parse_of(c, type, (tern_str){json, strlen(json)}, &problem) == NULL ? problem : NULL;
}

static bool is_address(tern_ctx *c, const char *email)
{
    return fault_of(c, TERN_TYPE(tern_user_address), email, NULL) == NULL;
}

/* The fault of the name alone: the model may have fields that a command does not know. */
static const char *name_fault(tern_ctx *c, const new_user *user)
{
    const char *fault = fault_of(c, users_model.type, user->email, user->name);
    bool is_of_name = user->name != NULL && fault != NULL && strstr(fault, "name") != NULL;
    return is_of_name ? fault : NULL;
}

/* Whether such a user can be made; otherwise a line says why not. */
static bool may_create(tern_ctx *c, const new_user *user)
{
    const char *fault;
    if (strlen(user->email) > EMAIL_MOST || !is_address(c, user->email))
        users_say("\"%s\" is not an address: give one like ann@example.org", users_shown(c, user->email));
    else if (user->name != NULL && users_model.name == NULL)
        users_say("the model %s has no field `name`", users_model.type->name);
    else if ((fault = name_fault(c, user)) != NULL)
        users_say("%s", users_shown(c, fault));
    else if (user->is_superuser && !tern_has_groups())
        users_say("this program keeps no groups and permissions: --superuser needs tern_groups(app)");
    else if (user_row_by_email(c, user->email) != NULL)
        users_say("there is a user %s already", users_shown(c, user->email));
    else
        return true;
    return false;
}

static bool insert(tern_ctx *c, const new_user *user, void *row)
{
    tern_data_error error = {0};
    bool is_there = false;
    tern_transaction (c) {
        is_there = tern_insert_of(c, users_model.type, row, &(tern_write){.row = row, .error = &error});
        if (is_there && user->is_superuser)
            tern_user_grant(c, user_row_id(row), "*");
        if (is_there)
            note(c, "user.create", row);
    }
    if (!is_there)
        users_say("the user cannot be made: %s%s%s", error.field, error.field[0] != '\0' ? ": " : "",
                  error.message);
    return is_there;
}

static int create(tern_ctx *c, int count, char **words)
{
    new_user user = {0};
    int code = USERS_FAILED;
    if (!read_words(&user, count, words))
        return usage();
    user.email = lowered(c, user.email);
    if (!may_create(c, &user))
        return USERS_FAILED;
    void *row = user_row_new(c);
    user_row_set_text(row, users_model.email, user.email);
    if (user.name != NULL)
        user_row_set_text(row, users_model.name, user.name);
    if (users_model.is_active != NULL)
        user_row_set_active(row, true);
    if (users_model.email_verified != NULL)
        user_row_set_now(row, users_model.email_verified); /* whoever runs the service vouches for it */
    if (users_model.password != NULL) {
        const char *hash = new_hash(c, user.email, user.name, &code);
        if (hash == NULL)
            return code;
        user_row_set_text(row, users_model.password, hash);
    }
    if (!insert(c, &user, row))
        return USERS_FAILED;
    printf("made the user %" PRId64 ", %s\n", user_row_id(row), email_of(c, row));
    return USERS_DONE;
}

/* -- disable and enable -- */

static int set_active(tern_ctx *c, int count, char **words, bool is_active)
{
    if (count != 1)
        return usage();
    if (users_model.is_active == NULL) {
        users_say("the model %s has no field `is_active`", users_model.type->name);
        return USERS_FAILED;
    }
    void *row = user_row_find(c, words[0]);
    if (row == NULL)
        return USERS_FAILED;
    if (user_row_is_active(row) != is_active) {
        user_row_set_active(row, is_active);
        if (!is_active)
            user_row_end_tokens(row);
        user_row_update(c, row, users_model.token_epoch != NULL ? "is_active, token_epoch" : "is_active");
        note(c, is_active ? "user.enable" : "user.disable", row);
    }
    printf("%s is %s\n", email_of(c, row), is_active ? "enabled" : "disabled");
    return USERS_DONE;
}

static int disable(tern_ctx *c, int count, char **words)
{
    return set_active(c, count, words, false);
}

static int enable(tern_ctx *c, int count, char **words)
{
    return set_active(c, count, words, true);
}

/* -- list and show -- */

static tern_value *value_of(tern_ctx *c, const void *row)
{
    tern_value *value = tern_value_object(c);
    tern_value_set(c, value, "id", tern_value_of_int(c, user_row_id(row)));
    tern_value_set(c, value, "email", tern_value_of_text(c, user_row_text(row, users_model.email)));
    if (users_model.name != NULL)
        tern_value_set(c, value, "name", tern_value_of_text(c, user_row_text(row, users_model.name)));
    tern_value_set(c, value, "is_active", tern_value_of_bool(c, user_row_is_active(row)));
    return value;
}

static void print_row(tern_ctx *c, const void *row)
{
    enum { EMAIL_COLUMN = 32 };
    const char *email = email_of(c, row), *name = users_shown(c, user_row_text(row, users_model.name));
    int width = users_width(email);
    printf("%8" PRId64 "  %-8s  %s", user_row_id(row), user_row_is_active(row) ? "enabled" : "disabled",
           email);
    if (name[0] != '\0')
        printf("%*s  %s", width < EMAIL_COLUMN ? EMAIL_COLUMN - width : 0, "", name);
    printf("\n");
}

static int list(tern_ctx *c, int count, char **words)
{
    bool is_json = count == 1 && strcmp(words[0], "--json") == 0;
    if (count != 0 && !is_json)
        return usage();
    int64_t after = INT64_MIN;
    size_t found, printed = 0;
    printf(is_json ? "[" : "%8s  %-8s  %-32s  %s\n", "ID", "STATE", "EMAIL", "NAME");
    do {
        const char *rows = user_rows_after(c, after, PAGE, &found);
        for (size_t i = 0; i < found; i++, printed++) {
            const void *row = rows + i * users_model.type->size;
            after = user_row_id(row);
            if (is_json)
                printf("%s\n%s", printed != 0 ? "," : "", tern_value_print(c, value_of(c, row), 0));
            else
                print_row(c, row);
        }
    } while (found == PAGE);
    if (is_json)
        printf("\n]\n");
    return USERS_DONE;
}

static int show(tern_ctx *c, int count, char **words)
{
    if (count != 1)
        return usage();
    const void *row = user_row_find(c, words[0]);
    if (row == NULL)
        return USERS_FAILED;
    print_row(c, row);
    if (!tern_has_groups())
        return USERS_DONE;
    tern_user_group_list groups = tern_user_groups_of(c, user_row_id(row));
    for (size_t i = 0; i < groups.count; i++)
        printf("group       %s\n", users_shown(c, groups.items[i].name));
    tern_text_list permissions = tern_permissions_of(c, user_row_id(row));
    for (size_t i = 0; i < permissions.count; i++)
        printf("permission  %s\n", users_shown(c, permissions.items[i]));
    return USERS_DONE;
}

static int users(tern_ctx *c, int count, char **words)
{
    static const struct {
        const char *name;
        int (*run)(tern_ctx *c, int count, char **words);
    } commands[] = {{"list", list},           {"show", show},           {"create", create},
                    {"passwd", set_password}, {"disable", disable},     {"enable", enable},
                    {"grant", users_grant},   {"revoke", users_revoke}, {"group", users_group}};
    if (count == 0)
        return list(c, 0, words);
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        if (strcmp(words[0], commands[i].name) == 0)
            return commands[i].run(c, count - 1, words + 1);
    return usage();
}

/* -- start -- */

static const tern_field *field_of(const tern_type *type, const char *name, tern_kind kind)
{
    for (unsigned i = 0; i < type->field_count; i++)
        if (strcmp(type->fields[i].name, name) == 0)
            return type->fields[i].type != NULL && type->fields[i].type->kind == kind ? &type->fields[i]
                                                                                      : NULL;
    return NULL;
}

void tern_user_commands(tern_app *app, tern_type *user)
{
    users_model = (user_fields){.type = user,
                                .id = field_of(user, "id", TERN_KIND_INT),
                                .email = field_of(user, "email", TERN_KIND_TEXT),
                                .name = field_of(user, "name", TERN_KIND_TEXT),
                                .password = field_of(user, "password", TERN_KIND_TEXT),
                                .is_active = field_of(user, "is_active", TERN_KIND_BOOL),
                                .email_verified = field_of(user, "email_verified", TERN_KIND_DATETIME),
                                .token_epoch = field_of(user, "token_epoch", TERN_KIND_INT)};
    const tern_field *id = users_model.id, *epoch = users_model.token_epoch;
    if (id == NULL || !id->key || id->type->size != sizeof(int64_t) || users_model.email == NULL)
        tern_mistake(
            app,
            "tern_user_commands: the model %s needs (int64_t, id, .key = true) and (const char *, email)",
            user->name);
    if (epoch != NULL && epoch->type->size != sizeof(int64_t) && epoch->type->size != sizeof(int32_t))
        users_model.token_epoch = NULL;
    tern_tables_of(app, "tern_user_commands", (tern_type *const[]){user, NULL});
    tern_command(app, "users", "list, make and change users: `users --help`", users);
}

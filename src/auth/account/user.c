/** Rows of the application's model of users, by the fields that it must have. */
#include "auth/account/account.h"

#include <tern/session.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

TERN_LOCAL(void, account_loaded)

static void *at(const void *user, size_t offset)
{
    return (char *)(uintptr_t)user + offset;
}

const char *account_text(const void *user, const tern_field *field)
{
    return *(const char **)at(user, field->offset);
}

int64_t account_number(const void *user, const tern_field *field)
{
    return *(int64_t *)at(user, field->offset);
}

bool account_is_active(const void *user)
{
    return *(bool *)at(user, accounts.field.is_active->offset);
}

bool account_is_set(const void *user, const tern_field *field)
{
    uint8_t state = *(uint8_t *)at(user, field->state_offset);
    return state == TERN_STATE_VALUE || state == TERN_STATE_GIVEN;
}

static void mark(void *user, const tern_field *field, uint8_t state)
{
    *(uint8_t *)at(user, field->state_offset) = state;
}

void account_set_text(void *user, const tern_field *field, const char *text)
{
    *(const char **)at(user, field->offset) = text;
    mark(user, field, text != NULL ? TERN_STATE_VALUE : TERN_STATE_NULL);
}

void account_set_number(void *user, const tern_field *field, int64_t number)
{
    *(int64_t *)at(user, field->offset) = number;
    mark(user, field, TERN_STATE_VALUE);
}

void account_set_now(void *user, const tern_field *field)
{
    account_set_number(user, field, (int64_t)time(NULL) * 1000000); /* a tern_datetime is its microseconds */
}

const char *account_id(tern_ctx *c, const void *user)
{
    return tern_sprintf(c, "%" PRId64, account_number(user, accounts.field.id));
}

const char *account_lower(tern_ctx *c, const char *text)
{
    text += strspn(text, " \t\r\n");
    char *lower = tern_strdup(c, text);
    size_t len = strlen(lower);
    while (len != 0 && strchr(" \t\r\n", lower[len - 1]) != NULL)
        lower[--len] = '\0';
    for (char *letter = lower; *letter != '\0'; letter++)
        if (*letter >= 'A' && *letter <= 'Z')
            *letter = (char)(*letter - 'A' + 'a');
    return lower;
}

void *account_find(tern_ctx *c, const tern_field *by, const char *text)
{
    const char *where = tern_sprintf(c, "%s = ?", by->column != NULL ? by->column : by->name);
    return tern_first_of(c, accounts.type,
                         &(tern_selection){.where = where, .args = TERN_ARGS(text), .trusted_sql = true});
}

void *account_by_id(tern_ctx *c, const char *id, bool for_update)
{
    char *end = NULL;
    int64_t number = strtoll(id, &end, 10);
    if (end == id || *end != '\0')
        return NULL;
    const char *column = accounts.field.id->column;
    const char *where = tern_sprintf(c, "%s = ?", column != NULL ? column : "id");
    return tern_first_of(c, accounts.type,
                         &(tern_selection){.where = where,
                                           .args = TERN_ARGS(number),
                                           .for_update = for_update,
                                           .trusted_sql = true});
}

void account_write(tern_ctx *c, void *user, const char *fields)
{
    if (!tern_update_of(c, accounts.type, user, &(tern_write){.row = user, .fields = fields}))
        tern_fail(c, 409, "the account was removed meanwhile");
}

/* -- the user of a request -- */

void *tern_account_of(tern_ctx *c, const tern_type *type)
{
    if (accounts.app == NULL || type->size != accounts.type->size)
        tern_fail(c, 500, "tern_account: call tern_accounts(app, TERN_TYPE(%s)) in main", type->name);
    const tern_identity *who = tern_identity_of(c);
    if (who == NULL)
        return NULL;
    void *user = tern_local(c, account_loaded);
    if (user != NULL && strcmp(account_id(c, user), who->id) == 0)
        return user;
    user = account_by_id(c, who->id, false);
    if (user == NULL || !account_is_active(user))
        return NULL;
    tern_set_local(c, account_loaded, user);
    return user;
}

void *account_self(tern_ctx *c)
{
    void *user = tern_account_of(c, accounts.type);
    if (user == NULL)
        tern_fail_unknown(c, NULL, "the account was closed");
    return user;
}

static tern_way_result identify(tern_ctx *c, void *unused, tern_identity *who)
{
    (void)unused;
    const char *id = tern_session_user(c);
    if (id == NULL)
        return TERN_WAY_NONE;
    who->id = id;
    who->since = tern_session_since(c);
    who->factors = tern_session_factors(c);
    if (accounts.app == NULL)
        return TERN_WAY_FOUND;
    void *user = account_by_id(c, id, false);
    if (user == NULL || !account_is_active(user))
        return TERN_WAY_NONE;
    tern_set_local(c, account_loaded, user);
    who->name = account_text(user, accounts.field.email);
    who->may = account_may;
    return TERN_WAY_FOUND;
}

tern_way tern_way_of_sessions_(void)
{
    return (tern_way){.name = "session",
                      .identify = identify,
                      .security = {.type = TERN_SECURITY_API_KEY_COOKIE, .key = "session"}};
}

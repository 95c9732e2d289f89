/** Rows of the application's model of users, whose fields are known by name alone. */
#include "auth/command/users.h"

#include <tern/data.h>

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

user_fields users_model;

static void *at(void *row, const tern_field *field)
{
    return (char *)row + field->offset;
}

static const void *seen(const void *row, const tern_field *field)
{
    return (const char *)row + field->offset;
}

static void mark(void *row, const tern_field *field)
{
    ((uint8_t *)row)[field->state_offset] = TERN_STATE_VALUE;
}

static const char *column_of(const tern_field *field)
{
    return field->column != NULL ? field->column : field->name;
}

void *user_row_new(tern_ctx *c)
{
    const tern_type *type = users_model.type;
    char *row = tern_alloc(c, type->size);
    for (unsigned i = 0; i < type->field_count; i++)
        row[type->fields[i].state_offset] = TERN_STATE_ABSENT;
    mark(row, users_model.id);
    return row;
}

/* As any Model_list. */
typedef struct row_list {
    void *items;
    size_t count;
} row_list;

static void *find_by(tern_ctx *c, const char *where, const char *email)
{
    return tern_first_of(c, users_model.type,
                         &(tern_selection){.where = where,
                                           .args = TERN_ARGS(email),
                                           .order_by = users_model.id->name,
                                           .trusted_sql = true}); /* a column of the model */
}

void *user_row_by_email(tern_ctx *c, const char *email)
{
    const char *column = column_of(users_model.email);
    void *row = find_by(c, tern_sprintf(c, "%s = ?", column), email);
    return row != NULL ? row : find_by(c, tern_sprintf(c, "lower(%s) = lower(?)", column), email);
}

void *user_row_find(tern_ctx *c, const char *word)
{
    char *end;
    errno = 0;
    long long id = strtoll(word, &end, 10);
    bool is_number = *word >= '0' && *word <= '9' && *end == '\0' && errno == 0;
    bool is_name = strchr(word, '@') == NULL && users_model.name != NULL && users_model.name->unique;
    void *row = is_number ? tern_find_of(c, users_model.type, TERN_ARGS((int64_t)id))
                : is_name ? find_by(c, tern_sprintf(c, "%s = ?", column_of(users_model.name)), word)
                          : user_row_by_email(c, word);
    if (row == NULL)
        users_say("there is no user \"%s\"; `users list` lists them", users_shown(c, word));
    return row;
}

void *user_rows_after(tern_ctx *c, int64_t after, unsigned most, size_t *count)
{
    const char *where = tern_sprintf(c, "%s > ?", column_of(users_model.id));
    const row_list *found = tern_select_of(c, users_model.type,
                                           &(tern_selection){.where = where,
                                                             .args = TERN_ARGS(after),
                                                             .order_by = users_model.id->name,
                                                             .limit = most,
                                                             .trusted_sql = true});
    *count = found->count;
    return found->items;
}

int64_t user_row_id(const void *row)
{
    int64_t id;
    memcpy(&id, seen(row, users_model.id), sizeof id);
    return id;
}

const char *user_row_text(const void *row, const tern_field *field)
{
    return field != NULL ? *(const char *const *)seen(row, field) : NULL;
}

bool user_row_is_active(const void *row)
{
    return users_model.is_active == NULL || *(const bool *)seen(row, users_model.is_active);
}

void user_row_set_text(void *row, const tern_field *field, const char *text)
{
    *(const char **)at(row, field) = text;
    mark(row, field);
}

void user_row_set_now(void *row, const tern_field *field)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    *(tern_datetime *)at(row, field) = (tern_datetime){(int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000};
    mark(row, field);
}

void user_row_set_active(void *row, bool is_active)
{
    *(bool *)at(row, users_model.is_active) = is_active;
    mark(row, users_model.is_active);
}

void user_row_end_tokens(void *row)
{
    const tern_field *field = users_model.token_epoch;
    if (field == NULL)
        return;
    if (field->type->size == sizeof(int64_t))
        ++*(int64_t *)at(row, field);
    else
        ++*(int32_t *)at(row, field);
    mark(row, field);
}

void user_row_update(tern_ctx *c, void *row, const char *fields)
{
    if (!tern_update_of(c, users_model.type, row, &(tern_write){.row = row, .fields = fields}))
        tern_fail(c, 404, "the user has been removed meanwhile");
}

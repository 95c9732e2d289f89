/* Shared by inserts and updates. */
#include "data/write.h"
#include "base/random.h"
#include "data/misuse.h"
#include "data/transaction.h"
#include "schema/scalar.h"

#include <string.h>
#include <time.h>

enum { VALUES_MOST = 32000 }; /* SQLite accepts 32,766 values in a statement, PostgreSQL 65,535 */

unsigned write_batch(size_t count, size_t values)
{
    unsigned most =
        VALUES_MOST / values < WRITE_BATCH_MOST ? (unsigned)(VALUES_MOST / values) : WRITE_BATCH_MOST;
    unsigned rows = count < most ? (unsigned)count : most;
    unsigned step = 1;
    while (rows / step >= 8)
        step *= 2;
    return rows > step ? rows - rows % step : 1;
}

bool write_whole_begin(tern_ctx *c, write_whole *whole, bool needs_one, tern_data_error *error)
{
    whole->is_own = needs_one && data_transaction_here(data_request_of(c)) == NULL;
    return !whole->is_own || data_transaction_begin(c, &(tern_transaction_options){0}, &whole->block, error);
}

bool write_whole_end(tern_ctx *c, write_whole *whole, bool is_done, tern_data_error *error)
{
    data_transaction *open = is_done ? NULL : data_transaction_here(data_request_of(c));
    if (open != NULL)
        open->is_broken = true;
    return (!whole->is_own || data_transaction_end(&whole->block, is_done ? error : NULL)) && is_done;
}

column_set write_columns_named(tern_ctx *c, const data_table *table, const char *fields)
{
    column_set set = {{0}, false};
    for (const char *at = fields; *at != '\0';) {
        at += strspn(at, ", ");
        size_t len = strcspn(at, ", ");
        const data_column *column = data_table_column(table, at, len);
        if (column == NULL && len != 0)
            data_misuse(c, "\"%.*s\" is not a field of %s that a table stores", (int)len, at,
                        table->type->name);
        if (column != NULL)
            column_set_add(&set, (unsigned)(column - table->columns));
        at += len;
    }
    return set;
}

tern_datetime write_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (tern_datetime){(int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000};
}

/** A UUID of version 7 (RFC 9562 section 5.7): milliseconds followed by random bits, so that new rows are
 * adjacent in the index. */
static void draw_uuid(tern_ctx *c, tern_uuid *out)
{
    uint64_t ms = (uint64_t)write_now().microseconds / 1000;
    if (!random_bytes(out->bytes, sizeof out->bytes))
        tern_fail(c, 503, "the system has no random numbers");
    for (int i = 0; i < 6; i++)
        out->bytes[i] = (uint8_t)(ms >> (40 - 8 * i));
    out->bytes[6] = (uint8_t)(0x70 | (out->bytes[6] & 0x0f));
    out->bytes[8] = (uint8_t)(0x80 | (out->bytes[8] & 0x3f));
}

static void set_int(const data_column *column, void *row, int64_t value)
{
    void *at = plan_value(column->plan, row);
    switch (column->plan->type->size) {
    case 1:
        *(uint8_t *)at = (uint8_t)value;
        break;
    case 2:
        *(uint16_t *)at = (uint16_t)value;
        break;
    case 4:
        *(uint32_t *)at = (uint32_t)value;
        break;
    default:
        *(int64_t *)at = value;
    }
    *plan_state(column->plan, row) = TERN_STATE_VALUE;
}

static void set_time(const data_column *column, void *row, tern_datetime now)
{
    *(tern_datetime *)plan_value(column->plan, row) = now;
    *plan_state(column->plan, row) = TERN_STATE_VALUE;
}

static bool is_zero(const field_plan *f, const void *row)
{
    const char *value = plan_value(f, row);
    for (size_t i = 0; i < f->type->size; i++)
        if (value[i] != 0)
            return false;
    return true;
}

/** Marks empty fields for related rows as absent, as in a struct that the program filled itself: otherwise
 * the reply would show a row of zeros. */
static void settle_related(const data_table *table, void *row)
{
    const type_plan *plan = plan_of(table->type);
    for (unsigned i = 0; i < table->type->field_count; i++) {
        const field_plan *f = &plan->fields[i];
        const tern_field *field = f->field;
        bool is_place = field->via != NULL || field->by != NULL || field->through != NULL;
        if (is_place && *plan_state(f, row) == TERN_STATE_VALUE && is_zero(f, row))
            *plan_state(f, row) = TERN_STATE_ABSENT;
    }
}

/** Truncates to microseconds, as a column stores: then the caller shows what is stored. */
static void cut_to_microseconds(tern_time *time)
{
    time->nanosecond -= time->nanosecond % 1000;
}

void write_settle(const data_table *table, void *row)
{
    if (table->column_count != table->type->field_count)
        settle_related(table, row);
    for (unsigned i = 0; i < table->column_count; i++) {
        const field_plan *f = table->columns[i].plan;
        uint8_t *state = plan_state(f, row);
        if (table->columns[i].kind == TERN_ARG_TIME)
            cut_to_microseconds(plan_value(f, row));
        if (*state != TERN_STATE_NULL && *state != TERN_STATE_ABSENT) {
            if (data_column_is_null(&table->columns[i], row))
                *state = plan_lacking_state(f);
        } else if (!is_zero(f, row)) {
            *state = TERN_STATE_VALUE;
        }
    }
}

void write_complete(tern_ctx *c, const data_table *table, void *row)
{
    static const tern_uuid no_uuid;
    write_settle(table, row);
    for (unsigned i = 0; i < table->column_count; i++) {
        const data_column *column = &table->columns[i];
        const field_plan *f = column->plan;
        uint8_t *state = plan_state(f, row);
        if (*state == TERN_STATE_ABSENT && f->fallback != NULL) {
            memcpy(plan_value(f, row), f->fallback, f->type->size);
            *state = TERN_STATE_VALUE;
        } else if (*state == TERN_STATE_ABSENT && column->is_nullable) {
            *state = plan_lacking_state(f);
        }
        if (column->is_key && column->kind == TERN_ARG_UUID && column->references == NULL &&
            memcmp(plan_value(f, row), &no_uuid, sizeof no_uuid) == 0) {
            draw_uuid(c, plan_value(f, row));
            *state = TERN_STATE_VALUE;
        }
    }
    const tern_datetime now =
        table->created != NULL || table->updated != NULL ? write_now() : (tern_datetime){0};
    if (table->created != NULL)
        set_time(table->created, row, now);
    if (table->updated != NULL)
        set_time(table->updated, row, now);
    if (table->version != NULL)
        set_int(table->version, row, 1);
}

/** The one column that the database may number; NULL when the table has none. */
static const data_column *automatic_key(const data_table *table)
{
    const data_column *key = table->key_count == 1 ? &table->columns[table->keys[0]] : NULL;
    return key != NULL && key->is_automatic ? key : NULL;
}

bool write_wants_key(const data_table *table, const void *row)
{
    const data_column *key = automatic_key(table);
    return key != NULL && scalar_int(key->plan->type, plan_value(key->plan, row)) == 0;
}

void write_set_key(tern_ctx *c, const data_table *table, void *row, int64_t value)
{
    const data_column *key = automatic_key(table);
    set_int(key, row, value);
    if (scalar_int(key->plan->type, plan_value(key->plan, row)) != value)
        data_misuse(c, "the key %lld of a new %s does not fit its field", (long long)value,
                    table->type->name);
}

void write_raise_version(const data_table *table, void *row)
{
    const data_column *version = table->version;
    if (version != NULL)
        set_int(version, row, scalar_int(version->plan->type, plan_value(version->plan, row)) + 1);
}

bool write_arg(tern_ctx *c, const data_table *table, const data_column *column, const void *row,
               tern_arg *out, tern_data_error *error)
{
    data_error why;
    return data_column_arg(column, row, ctx_arena(c), out, &why) || data_answer(c, &why, table, error);
}

/* Converts values of rows to bound values. */
#include "data/table/table.h"
#include "data/text.h"

#include "schema/json/json.h"
#include "schema/scalar.h"
#include "schema/time/calendar.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

tern_arg_kind data_kind_of(const tern_type *type)
{
    static const tern_arg_kind kinds[] = {
        [TERN_KIND_BOOL] = TERN_ARG_BOOL,         [TERN_KIND_INT] = TERN_ARG_INT,
        [TERN_KIND_UINT] = TERN_ARG_INT,          [TERN_KIND_FLOAT] = TERN_ARG_DOUBLE,
        [TERN_KIND_TEXT] = TERN_ARG_TEXT,         [TERN_KIND_BYTES] = TERN_ARG_BYTES,
        [TERN_KIND_UUID] = TERN_ARG_UUID,         [TERN_KIND_DATE] = TERN_ARG_DATE,
        [TERN_KIND_TIME] = TERN_ARG_TIME,         [TERN_KIND_DATETIME] = TERN_ARG_DATETIME,
        [TERN_KIND_DURATION] = TERN_ARG_DURATION, [TERN_KIND_DECIMAL] = TERN_ARG_DECIMAL,
        [TERN_KIND_ANY] = TERN_ARG_JSON,          [TERN_KIND_UPLOAD] = TERN_ARG_NULL,
        [TERN_KIND_ENUM] = TERN_ARG_TEXT,         [TERN_KIND_MODEL] = TERN_ARG_JSON,
        [TERN_KIND_LIST] = TERN_ARG_JSON,         [TERN_KIND_MAP] = TERN_ARG_JSON,
    };
    if (type->item != NULL && data_kind_of(type->item) == TERN_ARG_NULL)
        return TERN_ARG_NULL;
    return kinds[type->kind];
}

static bool is_zero(const tern_type *type, const char *value)
{
    for (size_t i = 0; i < type->size; i++)
        if (value[i] != 0)
            return false;
    return true;
}

/** Whether the value is that of a field that was never set, and not a value of the column: not a date, or a
 * reference to an impossible row. */
static bool is_no_value(const data_column *column, const void *value)
{
    const tern_date *date = value;
    switch (column->plan->type->kind) {
    case TERN_KIND_DATE:
        return date->month == 0 || date->day == 0;
    case TERN_KIND_INT:
    case TERN_KIND_UINT:
    case TERN_KIND_UUID:
    case TERN_KIND_TEXT:
        return column->references != NULL && is_zero(column->plan->type, value);
    default:
        return false;
    }
}

bool data_column_is_null(const data_column *column, const void *row)
{
    uint8_t state = *plan_state(column->plan, row);
    const void *value = plan_value(column->plan, row);
    if (!column->is_nullable)
        return false;
    if (is_no_value(column, value))
        return true;
    if (state != TERN_STATE_NULL && state != TERN_STATE_ABSENT)
        return false;
    if (column->plan->type->kind == TERN_KIND_ANY && state == TERN_STATE_NULL)
        return true; /* the value is then JSON's null */
    return is_zero(column->plan->type, value);
}

static bool refuse(const data_column *column, data_error *error, tern_data_fault kind, const char *why)
{
    data_refuse(error, kind, "%s %s", column->name, why);
    snprintf(error->columns, sizeof error->columns, "%s", column->name);
    return false;
}

static bool real_arg(const data_column *column, const void *value, tern_arg *out, data_error *error)
{
    float small;
    double real;
    if (column->plan->type->size == sizeof small) {
        memcpy(&small, value, sizeof small);
        real = (double)small;
    } else {
        memcpy(&real, value, sizeof real);
    }
    if (!isfinite(real))
        return refuse(column, error, TERN_DATA_BAD_VALUE, "is not a finite number");
    *out = tern_arg_double(real);
    return true;
}

static bool enum_arg(const data_column *column, const void *value, tern_arg *out, data_error *error)
{
    int number;
    memcpy(&number, value, sizeof number);
    const char *name = scalar_enum_name(column->plan->type, number);
    if (*name == '\0')
        return refuse(column, error, TERN_DATA_BAD_VALUE, "is not a value of its enum");
    *out = tern_arg_text(name);
    return true;
}

static bool date_arg(const data_column *column, const tern_date *value, tern_arg *out, data_error *error)
{
    if (!calendar_is_day(value->year, value->month, value->day))
        return refuse(column, error, TERN_DATA_BAD_VALUE, "is not a day");
    *out = tern_arg_date(*value);
    return true;
}

static bool time_arg(const data_column *column, tern_time value, tern_arg *out, data_error *error)
{
    if (!calendar_is_time(value))
        return refuse(column, error, TERN_DATA_BAD_VALUE, "is not a time of day");
    *out = tern_arg_time(value);
    return true;
}

static bool datetime_arg(const data_column *column, tern_datetime value, tern_arg *out, data_error *error)
{
    if (!calendar_has(value))
        return refuse(column, error, TERN_DATA_BAD_VALUE, "is outside of the years 0 to 9999");
    *out = tern_arg_datetime(value);
    return true;
}

/* What PostgreSQL's jsonb cannot store, SQLite must not store either. */
static bool sound_json(const data_column *column, tern_arg *out, data_error *error)
{
    return out->is_null || data_json_is_sound(out->text.data, out->text.len) ||
           refuse(column, error, TERN_DATA_BAD_VALUE, "has U+0000 or half a surrogate pair in a text");
}

static const char *const refusals[] = {
    [JSON_TOO_DEEP] = "is nested too deeply",
    [JSON_NOT_FINITE] = "has a number in it that is not finite",
    [JSON_OUT_OF_YEARS] = "has a date-time in it outside of the years 0 to 9999",
    [JSON_NOT_NULLABLE] = "has a NULL in it where a value is required",
    [JSON_NAMELESS] = "has a value in it that is not in its enum",
};

static bool json_arg(const data_column *column, const void *value, arena *a, tern_arg *out, data_error *error)
{
    const tern_type *type = column->plan->type;
    json_out json;
    if (type->kind == TERN_KIND_ANY) {
        *out = tern_arg_json(*(const tern_any *)value);
        return sound_json(column, out, error);
    }
    json_out_init(&json, a, plan_of(type)->least_bytes + 64);
    if (json_encode(type, value, &json)) {
        *out = tern_arg_json((tern_any){json.data, json.len});
        return sound_json(column, out, error);
    }
    if (json.refusal != JSON_NOT_REFUSED)
        return refuse(column, error, TERN_DATA_BAD_VALUE, refusals[json.refusal]);
    return refuse(column, error, TERN_DATA_BUSY, "ran out of memory for its JSON");
}

/** Values that are bound in place from the row. */
static tern_arg plain_arg(tern_kind kind, const void *value)
{
    switch (kind) {
    case TERN_KIND_BOOL:
        return tern_arg_bool(*(const bool *)value);
    case TERN_KIND_TEXT:
        return tern_arg_text(*(const char *const *)value);
    case TERN_KIND_BYTES:
        return tern_arg_bytes(*(const tern_bytes *)value);
    case TERN_KIND_UUID:
        return tern_arg_uuid(*(const tern_uuid *)value);
    case TERN_KIND_DURATION:
        return tern_arg_duration(*(const tern_duration *)value);
    case TERN_KIND_DECIMAL:
        return tern_arg_decimal(*(const tern_decimal *)value);
    default:
        return tern_arg_null(NULL);
    }
}

bool data_column_arg(const data_column *column, const void *row, arena *a, tern_arg *out, data_error *error)
{
    const tern_type *type = column->plan->type;
    const void *value = plan_value(column->plan, row);
    if (data_column_is_null(column, row)) {
        *out = (tern_arg){.kind = column->kind, .is_null = true};
        return true;
    }
    switch (type->kind) {
    case TERN_KIND_INT:
        *out = tern_arg_int(scalar_int(type, value));
        return true;
    case TERN_KIND_UINT:
        *out = tern_arg_uint((uint64_t)scalar_int(type, value));
        return out->kind != TERN_ARG_TOO_BIG ||
               refuse(column, error, TERN_DATA_BAD_VALUE, "is above 9223372036854775807");
    case TERN_KIND_FLOAT:
        return real_arg(column, value, out, error);
    case TERN_KIND_ENUM:
        return enum_arg(column, value, out, error);
    case TERN_KIND_DATE:
        return date_arg(column, value, out, error);
    case TERN_KIND_TIME:
        return time_arg(column, *(const tern_time *)value, out, error);
    case TERN_KIND_DATETIME:
        return datetime_arg(column, *(const tern_datetime *)value, out, error);
    case TERN_KIND_ANY:
    case TERN_KIND_MODEL:
    case TERN_KIND_LIST:
    case TERN_KIND_MAP:
        return json_arg(column, value, a, out, error);
    default:
        *out = plain_arg(type->kind, value);
        return true;
    }
}

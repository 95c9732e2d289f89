/* Hot path: runs for every statement. Allocates nothing for eight values or fewer. */
#include "data/postgres/params.h"

#include "data/items.h"
#include "data/postgres/items.h"
#include "data/postgres/wire.h"
#include "data/text.h"
#include "schema/scalar.h"
#include "schema/time/calendar.h"

#include <limits.h>

enum { VALUES_MOST = 65535 }; /* limit of a statement: a 16-bit count */

_Static_assert(PARAM_BYTES >= 1 + 20 + 1 + 19, "a decimal fits, with its NUL");

/* By tern_arg_kind. */
static const struct {
    Oid oid;
    bool is_binary;
} types[] = {
    [TERN_ARG_NULL] = {OID_UNKNOWN_YET, false}, [TERN_ARG_BOOL] = {OID_BOOL, true},
    [TERN_ARG_INT] = {OID_INT8, true},          [TERN_ARG_DOUBLE] = {OID_FLOAT8, true},
    [TERN_ARG_TEXT] = {OID_UNKNOWN_YET, false}, [TERN_ARG_BYTES] = {OID_BYTEA, true},
    [TERN_ARG_UUID] = {OID_UUID, true},         [TERN_ARG_DATE] = {OID_DATE, true},
    [TERN_ARG_TIME] = {OID_TIME, true},         [TERN_ARG_DATETIME] = {OID_TIMESTAMPTZ, true},
    [TERN_ARG_DURATION] = {OID_INTERVAL, true}, [TERN_ARG_DECIMAL] = {OID_NUMERIC, false},
    [TERN_ARG_JSON] = {OID_JSONB, false},       [TERN_ARG_TOO_BIG] = {OID_INT8, true},
};

void params_types(const data_statement *statement, Oid *out)
{
    for (unsigned i = 0; i < statement->arg_count; i++)
        out[i] = items_is_list(statement->kinds[i]) ? items_array_type(items_kind(statement->kinds[i]))
                                                    : types[statement->kinds[i]].oid;
}

static bool make_room(params *to, data_run *run, unsigned count)
{
    to->count = (int)count;
    to->values = to->inline_values;
    to->lengths = to->inline_lengths;
    to->formats = to->inline_formats;
    to->scratch = to->inline_scratch;
    if (count <= PARAMS_INLINE)
        return true;
    if (count > VALUES_MOST)
        return data_refuse(&run->error, TERN_DATA_REFUSED,
                           "a statement has %u values; at most %d can be sent", count, VALUES_MOST);
    to->values = arena_alloc(run->memory, count * sizeof *to->values);
    to->lengths = arena_alloc(run->memory, count * sizeof *to->lengths);
    to->formats = arena_alloc(run->memory, count * sizeof *to->formats);
    to->scratch = arena_alloc(run->memory, count * sizeof *to->scratch);
    if (to->values != NULL && to->lengths != NULL && to->formats != NULL && to->scratch != NULL)
        return true;
    data_refuse(&run->error, TERN_DATA_BUSY, "out of memory");
    return false;
}

/* Each writes a value's bytes to `at` and returns their number, or -1 with `*problem`. */

static int put_64(char *at, int64_t value)
{
    wire_put_64(at, (uint64_t)value);
    return 8;
}

static int put_date(char *at, tern_date date, const char **problem)
{
    if (!calendar_is_day(date.year, date.month, date.day)) {
        *problem = "not a day of the calendar";
        return -1;
    }
    int64_t days = calendar_days(date.year, date.month, date.day) - WIRE_EPOCH_DAYS;
    wire_put_32(at, (uint32_t)(int32_t)days);
    return 4;
}

static int put_time(char *at, tern_time time, const char **problem)
{
    if (!calendar_is_time(time)) {
        *problem = "not a time of day";
        return -1;
    }
    int64_t seconds = (time.hour * 60 + time.minute) * 60 + time.second;
    return put_64(at, seconds * 1000000 + time.nanosecond / 1000);
}

static int put_datetime(char *at, tern_datetime moment, const char **problem)
{
    if (!calendar_has(moment)) {
        *problem = "not in the years 0 to 9999";
        return -1;
    }
    return put_64(at, moment.microseconds - WIRE_EPOCH_US);
}

static int put_duration(char *at, tern_duration span)
{
    put_64(at, span.microseconds);
    memset(at + 8, 0, 8); /* days and months, which have no fixed length */
    return 16;
}

static int put_decimal(char *at, tern_decimal number, const char **problem)
{
    char text[SCALAR_PRINT_BYTES];
    size_t len = scalar_print(TERN_TYPE(tern_decimal), &number, text);
    if (len >= PARAM_BYTES) {
        *problem = "a decimal of too many digits";
        return -1;
    }
    memcpy(at, text, len);
    at[len] = '\0';
    return (int)len;
}

int params_put(char *at, const tern_arg *arg, const char **problem)
{
    uint64_t bits;
    switch (arg->kind) {
    case TERN_ARG_BOOL:
        *at = arg->boolean;
        return 1;
    case TERN_ARG_INT:
        return put_64(at, arg->integer);
    case TERN_ARG_DOUBLE:
        memcpy(&bits, &arg->real, sizeof bits);
        return put_64(at, (int64_t)bits);
    case TERN_ARG_UUID:
        memcpy(at, arg->uuid.bytes, sizeof arg->uuid.bytes);
        return sizeof arg->uuid.bytes;
    case TERN_ARG_DATE:
        return put_date(at, arg->date, problem);
    case TERN_ARG_TIME:
        return put_time(at, arg->time, problem);
    case TERN_ARG_DATETIME:
        return put_datetime(at, arg->datetime, problem);
    case TERN_ARG_DURATION:
        return put_duration(at, arg->duration);
    case TERN_ARG_DECIMAL:
        return put_decimal(at, arg->decimal, problem);
    default:
        *problem = "a whole number above 9223372036854775807";
        return -1;
    }
}

/* Text is sent with a NUL after it, which a slice may lack, so it is copied. */
static const char *text_of(const tern_arg *arg, data_run *run, const char **problem)
{
    size_t len = arg->text.len;
    char *copy = arena_alloc(run->memory, len + 1);
    if (copy == NULL || data_text_copy(copy, arg->text.data, len))
        return copy;
    *problem =
        memchr(arg->text.data, '\0', len) != NULL ? "a text with a NUL inside" : "a text that is not UTF-8";
    return NULL;
}

static bool is_slice(tern_arg_kind kind)
{
    return kind == TERN_ARG_TEXT || kind == TERN_ARG_JSON || kind == TERN_ARG_BYTES;
}

static bool bind_list(params *to, unsigned i, data_run *run, size_t *total)
{
    const char *problem = NULL;
    pg_array array;
    if (!items_as_array(&run->args[i], PARAMS_MESSAGE_MOST - *total, run->memory, &array, &problem))
        return problem != NULL ? data_refuse(&run->error, TERN_DATA_BAD_VALUE,
                                             "value %u has an item that is %s", i + 1, problem)
                               : data_refuse(&run->error, TERN_DATA_BUSY, "out of memory");
    to->formats[i] = array.is_binary;
    to->values[i] = array.data;
    to->lengths[i] = (int)array.len;
    *total += array.len;
    return true;
}

static bool bind_one(params *to, unsigned i, data_run *run, size_t *total)
{
    const tern_arg *arg = &run->args[i];
    const char *problem = NULL;
    if (items_is_list(arg->kind))
        return bind_list(to, i, run, total);
    to->formats[i] = types[arg->kind].is_binary;
    to->values[i] = NULL;
    to->lengths[i] = 0;
    if (arg->kind == TERN_ARG_NULL || arg->is_null)
        return true;
    if (!is_slice(arg->kind)) {
        to->values[i] = to->scratch[i];
        to->lengths[i] = params_put(to->scratch[i], arg, &problem);
    } else if (arg->text.len > PARAMS_MESSAGE_MOST - *total) {
        problem = "more bytes than a message holds";
    } else if (arg->kind == TERN_ARG_JSON && !data_json_is_sound(arg->text.data, arg->text.len)) {
        problem = "JSON with U+0000 or half a surrogate pair in it";
    } else if (arg->kind == TERN_ARG_BYTES || arg->text.len == 0) {
        to->values[i] = arg->text.len > 0 ? arg->text.data : "";
        to->lengths[i] = (int)arg->text.len;
    } else {
        to->values[i] = text_of(arg, run, &problem);
        to->lengths[i] = (int)arg->text.len;
        if (to->values[i] == NULL && problem == NULL)
            return data_refuse(&run->error, TERN_DATA_BUSY, "out of memory");
    }
    if (problem != NULL)
        return data_refuse(&run->error, TERN_DATA_BAD_VALUE, "value %u is %s", i + 1, problem);
    *total += (size_t)to->lengths[i];
    return true;
}

bool params_bind(params *to, data_run *run)
{
    size_t total = run->statement->sql_len;
    if (!make_room(to, run, run->statement->arg_count))
        return false;
    for (unsigned i = 0; i < run->statement->arg_count; i++)
        if (!bind_one(to, i, run, &total))
            return false;
    return true;
}

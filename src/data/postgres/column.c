/*
 * Reads columns of a row into C values, from PostgreSQL's binary formats.
 *
 * Hot path: pg_column_read runs for every column of every row. Every result was asked for in binary format.
 */
#include "data/postgres/foreign.h"
#include "data/postgres/numeric.h"
#include "data/postgres/pool.h"
#include "data/postgres/wire.h"
#include "data/text.h"
#include "schema/json/json.h"
#include "schema/scalar.h"
#include "schema/time/calendar.h"

#include <math.h>

static const char *const no_memory = "smaller: out of memory";

/* One value of a column that is not null. */
typedef struct cell {
    Oid oid;
    const char *data; /* followed by a NUL, which libpq adds */
    size_t len;
} cell;

const char *pg_column_name(const data_row *row, unsigned column)
{
    return libpq.fname(row->handle, (int)column);
}

static bool is_text(Oid oid)
{
    switch (oid) {
    case OID_TEXT:
    case OID_VARCHAR:
    case OID_BPCHAR:
    case OID_NAME:
    case OID_CHAR:
    case OID_UNKNOWN:
    case OID_XML:
    case OID_JSON:
        return true;
    default: /* enums, citext and similar: their binary format is their text */
        return oid >= OID_FIRST_OF_USERS;
    }
}

/* The text of a JSON column; NULL for other types. */
static const char *json_of(const cell *c, size_t *len)
{
    bool has_version = c->oid == OID_JSONB && c->len > 0 && c->data[0] == 1;
    if (!has_version && !is_text(c->oid))
        return NULL;
    *len = c->len - has_version;
    return c->data + has_version;
}

/* -- one function for each kind: NULL, or what the column should have been -- */

static const char *read_bool(const cell *c, bool *out)
{
    if (c->oid != OID_BOOL || c->len != 1)
        return "a boolean";
    *out = c->data[0] != 0;
    return NULL;
}

static bool whole_number(const cell *c, int64_t *out)
{
    switch (c->oid) {
    case OID_INT8:
        return c->len == 8 ? (*out = (int64_t)wire_get_64(c->data), true) : false;
    case OID_INT4:
        return c->len == 4 ? (*out = (int32_t)wire_get_32(c->data), true) : false;
    case OID_INT2:
        return c->len == 2 ? (*out = (int16_t)wire_get_16(c->data), true) : false;
    case OID_OID:
        return c->len == 4 ? (*out = (int64_t)wire_get_32(c->data), true) : false;
    case OID_NUMERIC:
        return numeric_to_i64(c->data, c->len, out);
    default:
        return false;
    }
}

static const char *read_int(const cell *c, const tern_type *type, void *out)
{
    int64_t value;
    size_t bits = 8 * type->size;
    bool is_signed = type->kind == TERN_KIND_INT;
    if (!whole_number(c, &value))
        return scalar_int_range(type);
    int64_t most = bits == 64 ? INT64_MAX : (int64_t)((UINT64_C(1) << (is_signed ? bits - 1 : bits)) - 1);
    if (value > most || value < (is_signed ? -most - 1 : 0))
        return scalar_int_range(type);
    memcpy(out, &value, type->size); /* little-endian: see the assertion below */
    return NULL;
}

_Static_assert(__BYTE_ORDER == __LITTLE_ENDIAN, "read_int takes the low bytes first");

static bool real_number(const cell *c, double *out, arena *a)
{
    uint32_t bits_32;
    uint64_t bits_64;
    int64_t whole;
    float narrow;
    switch (c->oid) {
    case OID_FLOAT8:
        bits_64 = c->len == 8 ? wire_get_64(c->data) : 0;
        memcpy(out, &bits_64, sizeof bits_64);
        return c->len == 8;
    case OID_FLOAT4:
        bits_32 = c->len == 4 ? wire_get_32(c->data) : 0;
        memcpy(&narrow, &bits_32, sizeof bits_32);
        *out = (double)narrow;
        return c->len == 4;
    case OID_NUMERIC:
        return numeric_to_double(c->data, c->len, out, a);
    default:
        if (!whole_number(c, &whole))
            return false;
        *out = (double)whole;
        return true;
    }
}

static const char *read_float(const cell *c, const tern_type *type, void *out, arena *a)
{
    double value;
    if (!real_number(c, &value, a))
        return "a number";
    if (type->size == sizeof(double)) {
        memcpy(out, &value, sizeof value);
        return NULL;
    }
    float narrow = (float)value;
    if (isinf(narrow) && !isinf(value))
        return "a number that a float holds";
    memcpy(out, &narrow, sizeof narrow);
    return NULL;
}

static const char *read_text(const cell *c, const char **out, arena *a)
{
    size_t len;
    const char *data = json_of(c, &len);
    if (data == NULL)
        return foreign_text(c->oid, c->data, c->len, out, a);
    char *copy = arena_alloc(a, len + 1);
    *out = copy;
    if (copy == NULL)
        return no_memory;
    if (data_text_copy(copy, data, len))
        return NULL;
    /* hstore and similar: types of extensions whose binary format is not their text */
    return c->oid >= OID_FIRST_OF_USERS ? foreign_problem(c->oid, "text", a) : "text of UTF-8";
}

static const char *read_bytes(const cell *c, tern_bytes *out, arena *a)
{
    if (c->oid != OID_BYTEA)
        return "bytes (bytea)";
    out->data = (const uint8_t *)arena_text(a, c->data, c->len);
    out->len = c->len;
    return out->data != NULL ? NULL : no_memory;
}

static const char *read_uuid(const cell *c, tern_uuid *out)
{
    if (c->oid != OID_UUID || c->len != sizeof out->bytes)
        return "a UUID";
    memcpy(out->bytes, c->data, sizeof out->bytes);
    return NULL;
}

/* Reports a value outside the field's range by its day: year 0 is 1 BC. */
static const char *beyond_years(const char *kind, int64_t days, arena *a)
{
    int year, month, day;
    calendar_day(days, &year, &month, &day);
    const char *text = arena_printf(a, "%s of the years 0 to 9999 but %04d-%02d-%02d%s", kind,
                                    year > 0 ? year : 1 - year, month, day, year > 0 ? "" : " BC");
    return text != NULL ? text : no_memory;
}

static const char *read_date(const cell *c, tern_date *out, arena *a)
{
    int year, month, day;
    if (c->oid != OID_DATE || c->len != 4)
        return "a date (date)";
    int32_t days = (int32_t)wire_get_32(c->data);
    if (days == INT32_MAX || days == INT32_MIN)
        return days > 0 ? "a date other than infinity" : "a date other than -infinity";
    int64_t since_1970 = days + WIRE_EPOCH_DAYS;
    if (since_1970 < calendar_days(0, 1, 1) || since_1970 > calendar_days(CALENDAR_LAST_YEAR, 12, 31))
        return beyond_years("a date", since_1970, a);
    calendar_day(since_1970, &year, &month, &day);
    *out = (tern_date){(int16_t)year, (uint8_t)month, (uint8_t)day};
    return NULL;
}

static const char *read_time(const cell *c, tern_time *out)
{
    if (c->oid != OID_TIME || c->len != 8)
        return "a time of day without a zone";
    uint64_t us = wire_get_64(c->data);
    if (us >= (uint64_t)WIRE_DAY_US)
        return "a time of day from 00:00:00 to 23:59:59.999999 but 24:00:00";
    uint64_t seconds = us / 1000000;
    *out = (tern_time){(uint8_t)(seconds / 3600), (uint8_t)(seconds / 60 % 60), (uint8_t)(seconds % 60),
                       (uint32_t)(us % 1000000 * 1000)};
    return NULL;
}

/* The session's zone is UTC: a timestamp without a zone is in UTC. */
static const char *read_datetime(const cell *c, tern_datetime *out, arena *a)
{
    if ((c->oid != OID_TIMESTAMPTZ && c->oid != OID_TIMESTAMP) || c->len != 8)
        return "a date and time (timestamptz or timestamp)";
    int64_t us = (int64_t)wire_get_64(c->data);
    if (us == INT64_MAX || us == INT64_MIN)
        return us > 0 ? "a date and time other than infinity" : "a date and time other than -infinity";
    if (!__builtin_add_overflow(us, WIRE_EPOCH_US, &out->microseconds) && calendar_has(*out))
        return NULL;
    int64_t days = us / WIRE_DAY_US - (us % WIRE_DAY_US < 0);
    return beyond_years("a date and time", days + WIRE_EPOCH_DAYS, a);
}

static const char *read_duration(const cell *c, tern_duration *out)
{
    int64_t us;
    if (c->oid != OID_INTERVAL || c->len != 16)
        return "a span of time (interval)";
    int32_t days = (int32_t)wire_get_32(c->data + 8), months = (int32_t)wire_get_32(c->data + 12);
    if (months != 0)
        return "a span of days to microseconds: months and years have no fixed length";
    if (__builtin_mul_overflow((int64_t)days, WIRE_DAY_US, &us) ||
        __builtin_add_overflow(us, (int64_t)wire_get_64(c->data), &out->microseconds))
        return "a span that 64 bits of microseconds hold";
    return NULL;
}

static const char *read_decimal(const cell *c, tern_decimal *out)
{
    static const int64_t most = 999999999999999999;
    int64_t whole;
    if (c->oid == OID_NUMERIC)
        return numeric_to_decimal(c->data, c->len, out) ? NULL : "a decimal of at most 18 digits";
    if (!whole_number(c, &whole) || whole > most || whole < -most)
        return "a decimal of at most 18 digits";
    *out = (tern_decimal){whole, 0};
    return NULL;
}

static const char *read_any(const cell *c, tern_any *out, arena *a)
{
    const char *data = json_of(c, &out->len);
    if (data == NULL || (c->oid != OID_JSON && c->oid != OID_JSONB))
        return "JSON (json or jsonb)";
    out->data = arena_text(a, data, out->len);
    return out->data != NULL ? NULL : no_memory;
}

static const char *read_model(const cell *c, const tern_type *type, void *out, arena *a)
{
    static const place outside = {NULL, "column", 0};
    tern_faults faults;
    size_t len;
    if (type->kind == TERN_KIND_LIST && foreign_is_array(c->oid, c->data, c->len))
        return foreign_array(c->data, c->len, type, out, a);
    const char *data = json_of(c, &len);
    if (data == NULL)
        return type->kind == TERN_KIND_LIST ? "an array, or JSON (json or jsonb)" : "JSON (json or jsonb)";
    char *text = arena_text(a, data, len); /* of our own: the decoder writes into it */
    if (text == NULL)
        return no_memory;
    faults_init(&faults, a);
    if (json_decode(type, out, (tern_str){text, len}, NULL, &outside, a, &faults))
        return NULL;
    memset(out, 0, type->size);
    return faults_wanted(&faults, a);
}

static const char *read_kind(const cell *c, const tern_type *type, void *out, arena *a)
{
    switch (type->kind) {
    case TERN_KIND_BOOL:
        return read_bool(c, out);
    case TERN_KIND_INT:
    case TERN_KIND_UINT:
        return read_int(c, type, out);
    case TERN_KIND_FLOAT:
        return read_float(c, type, out, a);
    case TERN_KIND_TEXT:
        return read_text(c, out, a);
    case TERN_KIND_BYTES:
        return read_bytes(c, out, a);
    case TERN_KIND_UUID:
        return read_uuid(c, out);
    case TERN_KIND_DATE:
        return read_date(c, out, a);
    case TERN_KIND_TIME:
        return read_time(c, out);
    case TERN_KIND_DATETIME:
        return read_datetime(c, out, a);
    case TERN_KIND_DURATION:
        return read_duration(c, out);
    case TERN_KIND_DECIMAL:
        return read_decimal(c, out);
    case TERN_KIND_ANY:
        return read_any(c, out, a);
    case TERN_KIND_MODEL:
    case TERN_KIND_LIST:
    case TERN_KIND_MAP:
        return read_model(c, type, out, a);
    default: /* an enum is text, which read_other reads; an upload is never stored */
        return type->kind == TERN_KIND_ENUM ? scalar_enum_names(type, a) : "something that a column holds";
    }
}

/* Reads text that is a number, a date, or an enum's name. */
static bool is_scalar_text(const cell *c, const tern_type *type)
{
    return type->kind != TERN_KIND_TEXT && type->kind != TERN_KIND_ANY && type->kind != TERN_KIND_MODEL &&
           type->kind != TERN_KIND_LIST && type->kind != TERN_KIND_MAP && type->kind != TERN_KIND_UPLOAD &&
           is_text(c->oid);
}

/* Reads a column of any type. It is noinline, because its buffers would make the compiler guard the frame of
 * the hot path. */
__attribute__((noinline)) const char *pg_value_read(Oid oid, const char *data, size_t len,
                                                    const tern_type *type, void *out, arena *a)
{
    const cell c = {oid, data, len};
    const char *problem =
        is_scalar_text(&c, type) ? scalar_read(type, data, len, out, a) : read_kind(&c, type, out, a);
    if (problem == NULL)
        return NULL;
    memset(out, 0, type->size);
    return type->kind != TERN_KIND_TEXT && foreign_has(oid) ? foreign_problem(oid, problem, a) : problem;
}

/* Handles the common case: columns of the types that migrations give to fields. */
const char *pg_column_read(const data_row *row, unsigned column, const tern_type *type, void *out,
                           bool *is_null, arena *a)
{
    const PGresult *result = row->handle;
    size_t len = (size_t)libpq.getlength(result, row->number, (int)column);
    *is_null = len == 0 && libpq.getisnull(result, row->number, (int)column);
    if (*is_null) {
        memset(out, 0, type->size);
        return NULL;
    }
    Oid oid = libpq.ftype(result, (int)column);
    const char *data = libpq.getvalue(result, row->number, (int)column);
    uint64_t value;
    switch (type->kind) {
    case TERN_KIND_INT:
        if (oid == OID_INT8 && len == 8 && type->size == 8) {
            value = wire_get_64(data);
            memcpy(out, &value, sizeof value);
            return NULL;
        }
        break;
    case TERN_KIND_FLOAT:
        if (oid == OID_FLOAT8 && len == 8 && type->size == 8) {
            value = wire_get_64(data);
            memcpy(out, &value, sizeof value);
            return NULL;
        }
        break;
    case TERN_KIND_TEXT:
        if (oid == OID_TEXT) {
            char *copy = arena_alloc(a, len + 1);
            if (copy != NULL && data_text_copy(copy, data, len)) {
                memcpy(out, &copy, sizeof copy);
                return NULL;
            }
        }
        break;
    default:
        break;
    }
    return pg_value_read(oid, data, len, type, out, a);
}

/*
 * Reads columns into C types, by the forms of README.md's table.
 *
 * Hot path: sqlite_column_read of values in Tern's stored form. Values that other programs stored in another
 * form (a number as text, a whole number as a real one) are converted where nothing is lost.
 */
#include "data/sqlite/internal.h"
#include "data/text.h"

#include "schema/faults.h"
#include "schema/json/json.h"
#include "schema/scalar.h"

#include <math.h>
#include <string.h>

static const char out_of_memory[] = "smaller: the request's memory is used up";

typedef struct source {
    sqlite3_value *value;
    int stored; /* SQLITE_INTEGER, ... */
    const char *name;
    const tern_type *type;
    arena *arena;
} source;

static tern_str text_of(const source *s)
{
    const char *data = (const char *)sqlite3_value_text(s->value);
    return (tern_str){data, data != NULL ? (size_t)sqlite3_value_bytes(s->value) : 0};
}

/* -- whole numbers -- */

/* Stores it in the type's size; false when it does not fit. */
static inline bool store_int(const tern_type *type, int64_t value, void *out)
{
    bool is_signed = type->kind == TERN_KIND_INT;
    switch (type->size) {
    case 1:
        *(uint8_t *)out = (uint8_t)value;
        return is_signed ? value == (int8_t)value : value == (uint8_t)value;
    case 2:
        *(uint16_t *)out = (uint16_t)value;
        return is_signed ? value == (int16_t)value : value == (uint16_t)value;
    case 4:
        *(uint32_t *)out = (uint32_t)value;
        return is_signed ? value == (int32_t)value : value == (uint32_t)value;
    default:
        *(uint64_t *)out = (uint64_t)value;
        return is_signed || value >= 0;
    }
}

/* A real number that is a whole one, exactly. */
static bool whole_of(double value, int64_t *out)
{
    if (!(value >= -0x1p63 && value < 0x1p63) || value != trunc(value))
        return false;
    *out = (int64_t)value;
    return true;
}

/* Any value but an integer where a scalar is expected: a text is parsed as one. */
static const char *read_as_text(const source *s, void *out)
{
    tern_str text = text_of(s);
    return scalar_read(s->type, text.data != NULL ? text.data : "", text.len, out, s->arena);
}

static const char *read_int(const source *s, void *out)
{
    int64_t value;
    if (s->stored == SQLITE_INTEGER)
        value = sqlite3_value_int64(s->value);
    else if (s->stored != SQLITE_FLOAT || !whole_of(sqlite3_value_double(s->value), &value))
        return s->stored == SQLITE_TEXT ? read_as_text(s, out) : scalar_int_range(s->type);
    return store_int(s->type, value, out) ? NULL : scalar_int_range(s->type);
}

static const char *read_bool(const source *s, void *out)
{
    int64_t value = s->stored == SQLITE_INTEGER ? sqlite3_value_int64(s->value) : -1;
    *(bool *)out = value == 1;
    if (value == 0 || value == 1)
        return NULL;
    return s->stored == SQLITE_TEXT ? read_as_text(s, out) : "true or false (1 or 0)";
}

static const char *read_duration(const source *s, void *out)
{
    if (s->stored == SQLITE_TEXT)
        return read_as_text(s, out);
    if (s->stored != SQLITE_INTEGER)
        return "a whole number of microseconds";
    ((tern_duration *)out)->microseconds = sqlite3_value_int64(s->value);
    return NULL;
}

/* -- other numbers -- */

static const char *read_float(const source *s, void *out)
{
    if (s->stored == SQLITE_TEXT)
        return read_as_text(s, out);
    if (s->stored == SQLITE_BLOB)
        return "a number";
    double value = sqlite3_value_double(s->value);
    int64_t whole;
    if (s->stored == SQLITE_INTEGER && (!whole_of(value, &whole) || whole != sqlite3_value_int64(s->value)))
        return "a number that a double holds exactly";
    if (s->type->size == sizeof(double)) {
        *(double *)out = value;
        return NULL;
    }
    *(float *)out = (float)value;
    return isfinite(value) && !isfinite(*(float *)out) ? "a number that a float can hold" : NULL;
}

static const char *read_decimal(const source *s, void *out)
{
    char text[SCALAR_PRINT_BYTES];
    if (s->stored == SQLITE_TEXT)
        return read_as_text(s, out);
    if (s->stored == SQLITE_INTEGER) {
        size_t len = number_print_i64(sqlite3_value_int64(s->value), text);
        return scalar_read(s->type, text, len, out, NULL);
    }
    double value = s->stored == SQLITE_FLOAT ? sqlite3_value_double(s->value) : (double)NAN;
    if (!isfinite(value))
        return "a decimal number";
    return scalar_read(s->type, text, number_print_double(value, text), out, NULL);
}

/* -- texts and bytes -- */

/* Its length is sqlite3_value_bytes, as usual. */
static inline const char *copy_text(sqlite3_value *value, arena *a, const char **out)
{
    const char *text = (const char *)sqlite3_value_text(value);
    size_t len = (size_t)sqlite3_value_bytes(value);
    char *copy = text != NULL ? arena_alloc(a, len + 1) : NULL;
    *out = copy;
    if (copy == NULL)
        return out_of_memory;
    return data_text_copy(copy, text, len) ? NULL : "a text: UTF-8 without a NUL inside";
}

static const char *read_text(const source *s, void *out)
{
    if (s->stored == SQLITE_TEXT)
        return copy_text(s->value, s->arena, out);
    if (s->stored == SQLITE_BLOB)
        return "a text";
    char text[SCALAR_PRINT_BYTES];
    double value = sqlite3_value_double(s->value);
    if (s->stored == SQLITE_FLOAT && !isfinite(value))
        return "a text";
    size_t len = s->stored == SQLITE_INTEGER ? number_print_i64(sqlite3_value_int64(s->value), text)
                                             : number_print_double(value, text);
    *(const char **)out = arena_text(s->arena, text, len);
    return *(const char **)out != NULL ? NULL : out_of_memory;
}

static const char *read_bytes(const source *s, void *out)
{
    if (s->stored != SQLITE_BLOB && s->stored != SQLITE_TEXT)
        return "bytes";
    const void *data = sqlite3_value_blob(s->value);
    size_t len = (size_t)sqlite3_value_bytes(s->value);
    char *copy = arena_text(s->arena, data, len);
    *(tern_bytes *)out = (tern_bytes){(const uint8_t *)copy, copy != NULL ? len : 0};
    return copy != NULL ? NULL : out_of_memory;
}

static const char *read_enum(const source *s, void *out)
{
    return s->stored == SQLITE_TEXT ? read_as_text(s, out) : scalar_enum_names(s->type, s->arena);
}

/* -- fixed forms -- */

static const char *read_uuid(const source *s, void *out)
{
    if (s->stored == SQLITE_BLOB && sqlite3_value_bytes(s->value) == (int)sizeof(tern_uuid)) {
        memcpy(out, sqlite3_value_blob(s->value), sizeof(tern_uuid));
        return NULL;
    }
    return s->stored == SQLITE_TEXT ? read_as_text(s, out) : "a UUID";
}

static const char *read_moment(const source *s, void *out)
{
    if (s->stored == SQLITE_TEXT)
        return read_as_text(s, out);
    return s->type->kind == TERN_KIND_DATE ? "a date like 2026-11-23" : "a time like 17:30:00";
}

/* Reads Tern's form, or that of SQLite's own functions: "2026-11-24 17:30:00", which is in UTC. */
static const char *read_datetime(const source *s, void *out)
{
    enum { SECONDS = 19, LONGEST = 40, DAY = 10 };
    static const char what[] = "a date and time like 2026-11-24T17:30:00Z";
    char fixed[LONGEST + 2];
    tern_str text = text_of(s);
    if (s->stored != SQLITE_TEXT || text.data == NULL)
        return what;
    if (datetime_read(text.data, text.len, out))
        return NULL;
    if (text.len < SECONDS || text.len > LONGEST)
        return what;
    memcpy(fixed, text.data, text.len);
    fixed[DAY] = fixed[DAY] == ' ' ? 'T' : fixed[DAY];
    fixed[text.len] = 'Z';
    return datetime_read(fixed, text.len + 1, out) ? NULL : what;
}

/* -- JSON -- */

static const char *read_any(const source *s, void *out)
{
    tern_any *any = out;
    size_t offset;
    const char *problem = read_text(s, &any->data);
    if (problem != NULL)
        return s->stored == SQLITE_TEXT ? problem : "JSON";
    any->len = strlen(any->data);
    return json_check((tern_str){any->data, any->len}, NULL, &offset) == NULL ? NULL : "JSON";
}

static const char *read_json(const source *s, void *out)
{
    const place here = {NULL, s->name, 0};
    const char *text;
    tern_faults faults;
    if (s->stored != SQLITE_TEXT)
        return "JSON";
    const char *problem = copy_text(s->value, s->arena, &text);
    if (problem != NULL)
        return problem;
    faults_init(&faults, s->arena);
    if (json_decode(s->type, out, (tern_str){text, strlen(text)}, NULL, &here, s->arena, &faults))
        return NULL;
    return faults_wanted(&faults, s->arena);
}

/* -- all of them -- */

static const char *read_value(const source *s, void *out)
{
    switch (s->type->kind) {
    case TERN_KIND_INT:
    case TERN_KIND_UINT:
        return read_int(s, out);
    case TERN_KIND_TEXT:
        return read_text(s, out);
    case TERN_KIND_BOOL:
        return read_bool(s, out);
    case TERN_KIND_FLOAT:
        return read_float(s, out);
    case TERN_KIND_DATETIME:
        return read_datetime(s, out);
    case TERN_KIND_DATE:
    case TERN_KIND_TIME:
        return read_moment(s, out);
    case TERN_KIND_DURATION:
        return read_duration(s, out);
    case TERN_KIND_UUID:
        return read_uuid(s, out);
    case TERN_KIND_ENUM:
        return read_enum(s, out);
    case TERN_KIND_BYTES:
        return read_bytes(s, out);
    case TERN_KIND_DECIMAL:
        return read_decimal(s, out);
    case TERN_KIND_ANY:
        return read_any(s, out);
    case TERN_KIND_MODEL:
    case TERN_KIND_LIST:
    case TERN_KIND_MAP:
        return read_json(s, out);
    case TERN_KIND_UPLOAD:
        break;
    }
    return "of a kind that is stored";
}

const char *sqlite_column_name(const data_row *row, unsigned column)
{
    return sqlite3_column_name(row->handle, (int)column);
}

/* Reads values in other stored forms, and rarely used kinds. */
static __attribute__((noinline)) const char *read_other(const data_row *row, unsigned column,
                                                        sqlite3_value *value, const tern_type *type,
                                                        void *out, arena *a)
{
    source s = {.value = value, .stored = sqlite3_value_type(value), .type = type, .arena = a};
    if (s.stored == SQLITE_NULL) {
        memset(out, 0, type->size);
        return NULL;
    }
    if (type->kind > TERN_KIND_ANY)
        s.name = sqlite3_column_name(row->handle, (int)column);
    return read_value(&s, out);
}

/*
 * Handles the common case: values in Tern's stored form. It has no buffers, so that the compiler does not
 * guard the frame.
 *
 * sqlite3_column_value's "unprotected" value is safe: connections have no mutex, and only one coroutine uses
 * each. It saves a look-up of the column in each of the calls that follow.
 */
const char *sqlite_column_read(const data_row *row, unsigned column, const tern_type *type, void *out,
                               bool *is_null, arena *a)
{
    sqlite3_value *value = sqlite3_column_value(row->handle, (int)column);
    int stored = sqlite3_value_type(value);
    int64_t whole;
    *is_null = stored == SQLITE_NULL;
    switch (type->kind) {
    case TERN_KIND_INT:
        if (stored == SQLITE_INTEGER && store_int(type, sqlite3_value_int64(value), out))
            return NULL;
        break;
    case TERN_KIND_TEXT:
        if (stored == SQLITE_TEXT)
            return copy_text(value, a, out);
        break;
    case TERN_KIND_BOOL:
        whole = stored == SQLITE_INTEGER ? sqlite3_value_int64(value) : -1;
        if (whole == 0 || whole == 1) {
            *(bool *)out = whole == 1;
            return NULL;
        }
        break;
    case TERN_KIND_FLOAT:
        if (stored == SQLITE_FLOAT && type->size == sizeof(double)) {
            *(double *)out = sqlite3_value_double(value);
            return NULL;
        }
        break;
    case TERN_KIND_DATETIME:
        if (stored == SQLITE_TEXT) {
            const char *text = (const char *)sqlite3_value_text(value);
            if (text != NULL && sqlite_read_datetime(text, (size_t)sqlite3_value_bytes(value), out))
                return NULL;
        }
        break;
    default:
        break;
    }
    return read_other(row, column, value, type, out, a);
}

#include "data/postgres/foreign.h"

#include "base/buf.h"
#include "data/postgres/numeric.h"
#include "data/postgres/pool.h"
#include "data/postgres/wire.h"
#include "schema/scalar.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <string.h>

/* Object ids that only this file names (pg_type.dat of PostgreSQL). */
enum {
    OID_CIDR = 650,
    OID_MACADDR8 = 774,
    OID_MONEY = 790,
    OID_MACADDR = 829,
    OID_INET = 869,
    OID_TIMETZ = 1266,
    OID_BIT = 1560,
    OID_VARBIT = 1562,
    OID_TSVECTOR = 3614,
    OID_TSQUERY = 3615,
    OID_INT4RANGE = 3904,
    OID_NUMRANGE = 3906,
    OID_TSRANGE = 3908,
    OID_TSTZRANGE = 3910,
    OID_DATERANGE = 3912,
    OID_INT8RANGE = 3926
};

typedef struct value {
    const char *data;
    size_t len;
    arena *arena;
} value;

/* Each appends a value's text; false when its bytes are not what they should be. */
typedef bool printer(buf *to, const value *v);

/* By way of one of Tern's kinds, which has the same text. */
static bool print_kind(buf *to, const value *v, Oid oid, const tern_type *type)
{
    char text[SCALAR_PRINT_BYTES];
    _Alignas(16) char held[sizeof(tern_uuid)];
    return pg_value_read(oid, v->data, v->len, type, held, v->arena) == NULL &&
           buf_add(to, text, scalar_print(type, held, text));
}

#define PRINT_KIND(name, oid, type)                                                                          \
    static bool name(buf *to, const value *v)                                                                \
    {                                                                                                        \
        return print_kind(to, v, oid, TERN_TYPE(type));                                                      \
    }

PRINT_KIND(print_bool, OID_BOOL, tern_bool)
PRINT_KIND(print_int2, OID_INT2, tern_int16)
PRINT_KIND(print_int4, OID_INT4, tern_int32)
PRINT_KIND(print_int8, OID_INT8, tern_int64)
PRINT_KIND(print_oid, OID_OID, tern_uint32)
PRINT_KIND(print_uuid, OID_UUID, tern_uuid)
PRINT_KIND(print_date, OID_DATE, tern_date)
PRINT_KIND(print_time, OID_TIME, tern_time)
PRINT_KIND(print_timestamp, OID_TIMESTAMP, tern_datetime)
PRINT_KIND(print_timestamptz, OID_TIMESTAMPTZ, tern_datetime)

static bool print_real(buf *to, double real, size_t (*print)(const value *v, char *text), const value *v)
{
    char text[SCALAR_PRINT_BYTES];
    if (real != real)
        return buf_add_text(to, "NaN");
    if (real - real != 0)
        return buf_add_text(to, real > 0 ? "Infinity" : "-Infinity");
    return buf_add(to, text, print(v, text));
}

static double double_of(const value *v)
{
    uint64_t bits = wire_get_64(v->data);
    double real;
    memcpy(&real, &bits, sizeof real);
    return real;
}

static float float_of(const value *v)
{
    uint32_t bits = wire_get_32(v->data);
    float real;
    memcpy(&real, &bits, sizeof real);
    return real;
}

static size_t put_double(const value *v, char *text)
{
    return number_print_double(double_of(v), text);
}

static size_t put_float(const value *v, char *text)
{
    return number_print_float(float_of(v), text);
}

static bool print_float8(buf *to, const value *v)
{
    return v->len == 8 && print_real(to, double_of(v), put_double, v);
}

static bool print_float4(buf *to, const value *v)
{
    return v->len == 4 && print_real(to, (double)float_of(v), put_float, v);
}

static bool print_numeric(buf *to, const value *v)
{
    return numeric_print(v->data, v->len, to);
}

static void add_part(buf *to, int64_t count, char letter)
{
    if (count != 0)
        buf_add_printf(to, "%" PRId64 "%c", count, letter);
}

/* Like PostgreSQL's intervalstyle iso_8601: each part has its own sign. */
static bool print_interval(buf *to, const value *v)
{
    if (v->len != 16)
        return false;
    int64_t us = (int64_t)wire_get_64(v->data), seconds = us / 1000000;
    int32_t days = (int32_t)wire_get_32(v->data + 8), months = (int32_t)wire_get_32(v->data + 12);
    bool is_infinite =
        (months == INT32_MAX && days == INT32_MAX && us == INT64_MAX) ||
        (months == INT32_MIN && days == INT32_MIN && us == INT64_MIN); /* since PostgreSQL 17 */
    if (is_infinite)
        return buf_add_text(to, months > 0 ? "infinity" : "-infinity");
    unsigned fraction = (unsigned)(us < 0 ? -(us % 1000000) : us % 1000000);
    buf_add_text(to, "P");
    add_part(to, months / 12, 'Y');
    add_part(to, months % 12, 'M');
    add_part(to, days, 'D');
    if (us == 0)
        return (days == 0 && months == 0) ? buf_add_text(to, "T0S") : !to->failed;
    buf_add_text(to, "T");
    add_part(to, seconds / 3600, 'H');
    add_part(to, seconds / 60 % 60, 'M');
    if (seconds % 60 == 0 && fraction == 0)
        return !to->failed;
    buf_add_printf(to, "%s%" PRId64, us < 0 ? "-" : "", us < 0 ? -(seconds % 60) : seconds % 60);
    if (fraction != 0) {
        buf_add_printf(to, ".%06u", fraction);
        while (!to->failed && to->data[to->len - 1] == '0')
            to->len--;
    }
    return buf_add_text(to, "S");
}

static bool print_address(buf *to, const value *v)
{
    enum { HEAD_BYTES = 4, FAMILY_4 = 2, FAMILY_6 = 3 };
    char text[INET6_ADDRSTRLEN];
    if (v->len < HEAD_BYTES)
        return false;
    unsigned family = (unsigned char)v->data[0], bits = (unsigned char)v->data[1];
    bool is_cidr = v->data[2] != 0;
    size_t bytes = family == FAMILY_4 ? 4 : 16;
    if ((family != FAMILY_4 && family != FAMILY_6) || v->len != HEAD_BYTES + bytes ||
        inet_ntop(family == FAMILY_4 ? AF_INET : AF_INET6, v->data + HEAD_BYTES, text, sizeof text) == NULL)
        return false;
    buf_add_text(to, text);
    if (is_cidr || bits != 8 * bytes)
        buf_add_printf(to, "/%u", bits);
    return true;
}

static bool print_hardware_address(buf *to, const value *v)
{
    for (size_t i = 0; i < v->len; i++)
        buf_add_printf(to, "%s%02x", i > 0 ? ":" : "", (unsigned char)v->data[i]);
    return v->len == 6 || v->len == 8;
}

static bool print_bits(buf *to, const value *v)
{
    size_t count = v->len >= 4 ? wire_get_32(v->data) : SIZE_MAX;
    if (count > 8 * (v->len - 4))
        return false;
    for (size_t i = 0; i < count; i++)
        buf_add_text(to, v->data[4 + i / 8] >> (7 - i % 8) & 1 ? "1" : "0");
    return true;
}

/* "'cat':3A 'rat':2": lexemes with their positions, and with weights except D. */
static bool print_search_vector(buf *to, const value *v)
{
    const char *at = v->data + 4, *end = v->data + v->len;
    uint32_t count = v->len >= 4 ? wire_get_32(v->data) : 0;
    for (uint32_t i = 0; i < count; i++) {
        const char *word_end = memchr(at, '\0', (size_t)(end - at));
        if (word_end == NULL || end - word_end < 3)
            return false;
        buf_add_text(to, i > 0 ? " '" : "'");
        for (; at < word_end; at++)
            buf_add_printf(to, *at == '\'' || *at == '\\' ? "%1$c%1$c" : "%1$c", *at);
        buf_add_text(to, "'");
        unsigned places = wire_get_16(word_end + 1);
        at = word_end + 3;
        if ((size_t)(end - at) < 2 * (size_t)places)
            return false;
        for (unsigned place = 0; place < places; place++, at += 2) {
            unsigned packed = wire_get_16(at), weight = packed >> 14;
            buf_add_printf(to, "%c%u%.1s", place == 0 ? ':' : ',', packed & 0x3fff,
                           weight > 0 ? &"CBA"[weight - 1] : "");
        }
    }
    return at == end;
}

static bool print_value(buf *to, Oid oid, const value *v);

static bool print_range_of(buf *to, const value *v, Oid of)
{
    enum { EMPTY = 1, HAS_LOWER = 2, HAS_UPPER = 4, NO_LOWER = 8, NO_UPPER = 16 };
    unsigned flags = v->len > 0 ? (unsigned char)v->data[0] : 0;
    const char *at = v->data + 1, *end = v->data + v->len;
    if (flags & EMPTY)
        return buf_add_text(to, "empty");
    buf_add_text(to, flags & HAS_LOWER ? "[" : "(");
    for (int is_upper = 0; is_upper < 2; is_upper++) {
        if (is_upper)
            buf_add_text(to, ",");
        if (flags & (is_upper ? NO_UPPER : NO_LOWER))
            continue;
        uint32_t len = end - at >= 4 ? wire_get_32(at) : UINT32_MAX;
        if (end - at < 4 || len > (size_t)(end - at - 4))
            return false;
        const value bound = {at + 4, len, v->arena};
        if (!print_value(to, of, &bound))
            return false;
        at += 4 + len;
    }
    return buf_add_text(to, flags & HAS_UPPER ? "]" : ")") && at == end;
}

#define PRINT_RANGE(name, of)                                                                                \
    static bool name(buf *to, const value *v)                                                                \
    {                                                                                                        \
        return print_range_of(to, v, of);                                                                    \
    }

PRINT_RANGE(print_int4_range, OID_INT4)
PRINT_RANGE(print_int8_range, OID_INT8)
PRINT_RANGE(print_numeric_range, OID_NUMERIC)
PRINT_RANGE(print_timestamp_range, OID_TIMESTAMP)
PRINT_RANGE(print_timestamptz_range, OID_TIMESTAMPTZ)
PRINT_RANGE(print_date_range, OID_DATE)

/* -- all of them -- */

static const struct {
    Oid oid;
    const char *name;
    printer *print; /* NULL: its bytes alone do not give the exact text */
    bool is_foreign;
} types[] = {
    {OID_BOOL, "boolean", print_bool, false},
    {OID_INT2, "smallint", print_int2, false},
    {OID_INT4, "integer", print_int4, false},
    {OID_INT8, "bigint", print_int8, false},
    {OID_OID, "oid", print_oid, false},
    {OID_FLOAT4, "real", print_float4, false},
    {OID_FLOAT8, "double precision", print_float8, false},
    {OID_NUMERIC, "numeric", print_numeric, false},
    {OID_UUID, "uuid", print_uuid, false},
    {OID_DATE, "date", print_date, false},
    {OID_TIME, "time", print_time, false},
    {OID_TIMESTAMP, "timestamp", print_timestamp, false},
    {OID_TIMESTAMPTZ, "timestamptz", print_timestamptz, false},
    {OID_INTERVAL, "interval", print_interval, false},
    {OID_INET, "inet", print_address, true},
    {OID_CIDR, "cidr", print_address, true},
    {OID_MACADDR, "macaddr", print_hardware_address, true},
    {OID_MACADDR8, "macaddr8", print_hardware_address, true},
    {OID_BIT, "bit", print_bits, true},
    {OID_VARBIT, "bit varying", print_bits, true},
    {OID_TSVECTOR, "tsvector", print_search_vector, true},
    {OID_INT4RANGE, "int4range", print_int4_range, true},
    {OID_INT8RANGE, "int8range", print_int8_range, true},
    {OID_NUMRANGE, "numrange", print_numeric_range, true},
    {OID_TSRANGE, "tsrange", print_timestamp_range, true},
    {OID_TSTZRANGE, "tstzrange", print_timestamptz_range, true},
    {OID_DATERANGE, "daterange", print_date_range, true},
    {OID_MONEY, "money", NULL, true}, /* the server's lc_monetary sets its decimal point */
    {OID_TIMETZ, "timetz", NULL, true},
    {OID_TSQUERY, "tsquery", NULL, true},
    {OID_BYTEA, "bytea", NULL, false},
};

enum { TYPES = sizeof types / sizeof *types };

static size_t number_of(Oid oid)
{
    size_t i = 0;
    while (i < TYPES && types[i].oid != oid)
        i++;
    return i;
}

static bool print_value(buf *to, Oid oid, const value *v)
{
    size_t i = number_of(oid);
    return i < TYPES && types[i].print != NULL && types[i].print(to, v);
}

const char *foreign_text(Oid oid, const char *data, size_t len, const char **out, arena *a)
{
    const value v = {data, len, a};
    buf text = {0};
    bool is_printed = print_value(&text, oid, &v) && !text.failed;
    *out = is_printed ? arena_text(a, text.data != NULL ? text.data : "", text.len) : NULL;
    buf_free(&text);
    if (!is_printed)
        return foreign_problem(oid, "text", a);
    return *out != NULL ? NULL : "smaller: out of memory";
}

bool foreign_has(Oid oid)
{
    size_t i = number_of(oid);
    return i < TYPES && types[i].is_foreign;
}

const char *foreign_problem(Oid oid, const char *problem, arena *a)
{
    size_t i = number_of(oid);
    const char *name = i < TYPES ? types[i].name : "a type without a kind in C";
    const char *cast = oid == OID_MONEY ? "::numeric" : oid == OID_TIMETZ ? "::time" : "::text";
    const char *text =
        arena_printf(a, "%s: the column is of %s; select it with a cast (%s)", problem, name, cast);
    return text != NULL ? text : problem;
}

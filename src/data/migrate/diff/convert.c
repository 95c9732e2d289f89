/*
 * What becomes of a column's values when its kind changes: the same in both engines, or an error of the
 * engine where a value cannot be read as the new kind. A null stays one.
 *
 * Left out is what only the application knows, such as whether a number counts seconds or milliseconds. For
 * each pair of kinds here there is the other way round too, so what leads there leads back.
 */
#include "data/migrate/diff/diff.h"
#include "data/table/maker.h"

typedef enum value_family {
    WHOLE,
    SINGLE,
    DOUBLE,
    BOOLEAN,
    TEXT,
    BYTES,
    UUID,
    DATE,
    TIME,
    DATETIME,
    DURATION,
    DECIMAL,
    JSON
} value_family;

static const value_family families[] = {
    [ddl_kind_boolean] = BOOLEAN, [ddl_kind_int8] = WHOLE,        [ddl_kind_int16] = WHOLE,
    [ddl_kind_int32] = WHOLE,     [ddl_kind_int64] = WHOLE,       [ddl_kind_uint8] = WHOLE,
    [ddl_kind_uint16] = WHOLE,    [ddl_kind_uint32] = WHOLE,      [ddl_kind_uint64] = WHOLE,
    [ddl_kind_float32] = SINGLE,  [ddl_kind_float64] = DOUBLE,    [ddl_kind_text] = TEXT,
    [ddl_kind_bytes] = BYTES,     [ddl_kind_uuid] = UUID,         [ddl_kind_date] = DATE,
    [ddl_kind_time] = TIME,       [ddl_kind_datetime] = DATETIME, [ddl_kind_duration] = DURATION,
    [ddl_kind_decimal] = DECIMAL, [ddl_kind_json] = JSON,
};

/* In an expression '#' is the column and '@' PostgreSQL's new type. SQLite's strict tables turn '12' into 12
 * by themselves, and refuse what they would have to cut; NULL is the value as it is. Where SQLite would take
 * what is no value, a blob is made of it, which it does not. */

/* 42 becomes 00000000-0000-0000-0000-000000000042: what refers to it finds it, and a way back there is. */
#define WHOLE_AS_UUID                                                                                        \
    "case when # >= 0 then printf('00000000-0000-%04d-%04d-%012d', # / 10000000000000000, # / "              \
    "1000000000000 % 10000, # % 1000000000000) else # end"
#define TEXT_AS_BOOLEAN                                                                                      \
    "case when lower(#) in ('true', 't', 'yes', 'y', 'on', '1') then 1 when lower(#) in ('false', 'f', "     \
    "'no', 'n', 'off', '0') then 0 else # end"
#define REAL_AS_DECIMAL(least, digits)                                                                       \
    "case when # is null then null when abs(#) >= 0.0001 and abs(#) < " least " then printf('%." digits      \
    "g', #) else rtrim(rtrim(printf('%.20f', #), '0'), '.') end"
#define TEXT_AS_DECIMAL                                                                                      \
    "case when # not glob '*[^-.0-9]*' and # not glob '?*-*' and # not glob '*.*.*' and # glob '[-0-9]*' "   \
    "and # glob '*[0-9]' then case when # like '%.%' then rtrim(rtrim(#, '0'), '.') else # end "             \
    "else cast(# as blob) end"
#define TEXT_AS_UUID                                                                                         \
    "case when # like '________-____-____-____-____________' and replace(#, '-', '') not glob "              \
    "'*[^0-9a-fA-F]*' then lower(#) else cast(# as blob) end"
#define TEXT_AS_DATE "case when date(#, '+0 days') = # then # else cast(# as blob) end"
#define TEXT_AS_TIME                                                                                         \
    "case when # not like '__:__%' or time(#) is null then cast(# as blob) when # like "                     \
    "'__:__:__.______' then # else strftime('%H:%M:%f000', #) end"
#define TEXT_AS_DATETIME                                                                                     \
    "case when datetime(#) is null or date(substr(#, 1, 10), '+0 days') is not substr(#, 1, 10) then "       \
    "cast(# as blob) "                                                                                       \
    "when # like '____-__-__T__:__:__.______Z' then # else strftime('%Y-%m-%dT%H:%M:%f000Z', #) end"
/* As SQLite rounds: halves away from zero. PostgreSQL's own round() takes them to the even number. */
#define ROUNDED  "(case when abs(#) < 4503599627370496 then trunc(# + sign(#) * 0.5) else # end)::@"
#define UTC_TEXT "to_char(# at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"

static const struct {
    value_family from, to;
    const char *sqlite, *postgres;
} conversions[] = {
    {WHOLE, SINGLE, NULL, "#::@"},
    {WHOLE, DOUBLE, NULL, "#::@"},
    {WHOLE, BOOLEAN, "# <> 0", "# <> 0"},
    {WHOLE, DECIMAL, NULL, "#::@"},
    {WHOLE, TEXT, NULL, "#::@"},
    {WHOLE, UUID, WHOLE_AS_UUID, "lpad(#::text, 32, '0')::uuid"},
    {BOOLEAN, WHOLE, NULL, "#::integer::@"},
    {BOOLEAN, TEXT, "case # when 1 then 'true' when 0 then 'false' end", "#::text"},
    {SINGLE, WHOLE, "round(#)", ROUNDED},
    {DOUBLE, WHOLE, "round(#)", ROUNDED},
    {SINGLE, DOUBLE, NULL, "#::@"},
    {DOUBLE, SINGLE, NULL, "#::@"},
    {SINGLE, DECIMAL, REAL_AS_DECIMAL("1e5", "6"), "#::@"},
    {DOUBLE, DECIMAL, REAL_AS_DECIMAL("1e14", "15"), "#::@"},
    {SINGLE, TEXT, "case when # is not null then printf('%.9g', #) end", "#::text"},
    {DOUBLE, TEXT,
     "case when # is null or cast(cast(# as text) as real) = # then cast(# as text) else printf('%!.17g', #) "
     "end",
     "#::text"},
    {DECIMAL, WHOLE, "case when # like '%.%' then round(#) else # end", "round(#)::@"},
    {DECIMAL, SINGLE, NULL, "#::@"},
    {DECIMAL, DOUBLE, NULL, "#::@"},
    {DECIMAL, TEXT, NULL, "trim_scale(#)::text"},
    {TEXT, WHOLE, NULL, "#::@"},
    {TEXT, SINGLE, NULL, "#::@"},
    {TEXT, DOUBLE, NULL, "#::@"},
    {TEXT, BOOLEAN, TEXT_AS_BOOLEAN, "#::boolean"},
    {TEXT, DECIMAL, TEXT_AS_DECIMAL, "trim_scale(#::numeric)"},
    {TEXT, BYTES, "cast(# as blob)", "convert_to(#, 'UTF8')"},
    {BYTES, TEXT, "cast(# as text)", "convert_from(#, 'UTF8')"},
    {TEXT, UUID, TEXT_AS_UUID, "#::uuid"},
    {UUID, TEXT, NULL, "#::text"},
    {UUID, WHOLE, "replace(#, '-', '')", "replace(#::text, '-', '')::numeric::@"},
    {TEXT, DATE, TEXT_AS_DATE, "#::date"},
    {DATE, TEXT, NULL, "to_char(#, 'YYYY-MM-DD')"},
    {TEXT, TIME, TEXT_AS_TIME, "#::time"},
    {TIME, TEXT, NULL, "to_char(#, 'HH24:MI:SS.US')"},
    {TEXT, DATETIME, TEXT_AS_DATETIME, "#::timestamptz"},
    {DATETIME, TEXT, NULL, UTC_TEXT},
    {DATE, DATETIME, "# || 'T00:00:00.000000Z'", "#::timestamp at time zone 'UTC'"},
    {DATETIME, DATE, "substr(#, 1, 10)", "(# at time zone 'UTC')::date"},
    {TEXT, JSON, NULL, "#::jsonb"},
    {JSON, TEXT, NULL, "#::text"},
};

enum { NO_CONVERSION = sizeof conversions / sizeof *conversions };

static size_t find(value_family from, value_family to)
{
    size_t i = 0;
    while (i < NO_CONVERSION && (conversions[i].from != from || conversions[i].to != to))
        i++;
    return i;
}

bool diff_must_convert(data_dialect dialect, ddl_kind from, ddl_kind to)
{
    size_t found = find(families[from], families[to]);
    if (found == NO_CONVERSION)
        return families[from] != families[to];
    return (dialect == DATA_SQLITE ? conversions[found].sqlite : conversions[found].postgres) != NULL;
}

bool diff_can_convert(ddl_kind from, ddl_kind to)
{
    return families[from] == families[to] || find(families[from], families[to]) != NO_CONVERSION;
}

void diff_add_conversion(buf *sql, data_dialect dialect, const char *name, ddl_kind from, ddl_kind to)
{
    size_t found = find(families[from], families[to]);
    const char *expression = dialect == DATA_SQLITE ? NULL : "#::@";
    if (found != NO_CONVERSION)
        expression = dialect == DATA_SQLITE ? conversions[found].sqlite : conversions[found].postgres;
    else if (families[from] != families[to])
        expression = DIFF_BY_HAND "(#)";
    for (const char *at = expression != NULL ? expression : "#"; *at != '\0'; at++)
        if (*at == '#')
            data_name_add(sql, name);
        else if (*at == '@')
            buf_add_text(sql, ddl_type_name(dialect, to));
        else
            buf_add(sql, at, 1);
}

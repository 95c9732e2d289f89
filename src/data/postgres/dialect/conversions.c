/* Conversions of values when the kind of their column changes, in PostgreSQL: see diff_conversion. */
#include "data/migrate/diff/diff.h"
#include "data/postgres/dialect/parts.h"

/* Rounds like SQLite: halves away from zero. PostgreSQL's round() rounds them to the even number. */
#define ROUNDED  "(case when abs(#) < 4503599627370496 then trunc(# + sign(#) * 0.5) else # end)::@"
#define UTC_TEXT "to_char(# at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"

const char *const postgres_conversions[DIFF_CONVERSIONS] = {
    [DIFF_WHOLE_TO_SINGLE] = "#::@",
    [DIFF_WHOLE_TO_DOUBLE] = "#::@",
    [DIFF_WHOLE_TO_BOOLEAN] = "# <> 0",
    [DIFF_WHOLE_TO_DECIMAL] = "#::@",
    [DIFF_WHOLE_TO_TEXT] = "#::@",
    [DIFF_WHOLE_TO_UUID] = "lpad(#::text, 32, '0')::uuid",
    [DIFF_BOOLEAN_TO_WHOLE] = "#::integer::@",
    [DIFF_BOOLEAN_TO_TEXT] = "#::text",
    [DIFF_SINGLE_TO_WHOLE] = ROUNDED,
    [DIFF_DOUBLE_TO_WHOLE] = ROUNDED,
    [DIFF_SINGLE_TO_DOUBLE] = "#::@",
    [DIFF_DOUBLE_TO_SINGLE] = "#::@",
    [DIFF_SINGLE_TO_DECIMAL] = "#::@",
    [DIFF_DOUBLE_TO_DECIMAL] = "#::@",
    [DIFF_SINGLE_TO_TEXT] = "#::text",
    [DIFF_DOUBLE_TO_TEXT] = "#::text",
    [DIFF_DECIMAL_TO_WHOLE] = "round(#)::@",
    [DIFF_DECIMAL_TO_SINGLE] = "#::@",
    [DIFF_DECIMAL_TO_DOUBLE] = "#::@",
    [DIFF_DECIMAL_TO_TEXT] = "trim_scale(#)::text",
    [DIFF_TEXT_TO_WHOLE] = "#::@",
    [DIFF_TEXT_TO_SINGLE] = "#::@",
    [DIFF_TEXT_TO_DOUBLE] = "#::@",
    [DIFF_TEXT_TO_BOOLEAN] = "#::boolean",
    [DIFF_TEXT_TO_DECIMAL] = "trim_scale(#::numeric)",
    [DIFF_TEXT_TO_BYTES] = "convert_to(#, 'UTF8')",
    [DIFF_BYTES_TO_TEXT] = "convert_from(#, 'UTF8')",
    [DIFF_TEXT_TO_UUID] = "#::uuid",
    [DIFF_UUID_TO_TEXT] = "#::text",
    [DIFF_UUID_TO_WHOLE] = "replace(#::text, '-', '')::numeric::@",
    [DIFF_TEXT_TO_DATE] = "#::date",
    [DIFF_DATE_TO_TEXT] = "to_char(#, 'YYYY-MM-DD')",
    [DIFF_TEXT_TO_TIME] = "#::time",
    [DIFF_TIME_TO_TEXT] = "to_char(#, 'HH24:MI:SS.US')",
    [DIFF_TEXT_TO_DATETIME] = "#::timestamptz",
    [DIFF_DATETIME_TO_TEXT] = UTC_TEXT,
    [DIFF_DATE_TO_DATETIME] = "#::timestamp at time zone 'UTC'",
    [DIFF_DATETIME_TO_DATE] = "(# at time zone 'UTC')::date",
    [DIFF_TEXT_TO_JSON] = "#::jsonb",
    [DIFF_JSON_TO_TEXT] = "#::text",
};

/*
 * Conversions of values when the kind of their column changes, in SQLite: see diff_conversion. Its strict
 * tables convert '12' to 12 by themselves, and refuse values that they would have to truncate. Where they
 * would accept an invalid value, it is converted to a blob, which they refuse.
 */
#include "data/migrate/diff/diff.h"
#include "data/sqlite/dialect/parts.h"

/* 42 becomes 00000000-0000-0000-0000-000000000042: references to it still match, and the conversion is
 * reversible. */
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

const char *const sqlite_conversions[DIFF_CONVERSIONS] = {
    [DIFF_WHOLE_TO_BOOLEAN] = "# <> 0",
    [DIFF_WHOLE_TO_UUID] = WHOLE_AS_UUID,
    [DIFF_BOOLEAN_TO_TEXT] = "case # when 1 then 'true' when 0 then 'false' end",
    [DIFF_SINGLE_TO_WHOLE] = "round(#)",
    [DIFF_DOUBLE_TO_WHOLE] = "round(#)",
    [DIFF_SINGLE_TO_DECIMAL] = REAL_AS_DECIMAL("1e5", "6"),
    [DIFF_DOUBLE_TO_DECIMAL] = REAL_AS_DECIMAL("1e14", "15"),
    [DIFF_SINGLE_TO_TEXT] = "case when # is not null then printf('%.9g', #) end",
    [DIFF_DOUBLE_TO_TEXT] =
        "case when # is null or cast(cast(# as text) as real) = # then cast(# as text) else printf('%!.17g', #) "
        "end",
    [DIFF_DECIMAL_TO_WHOLE] = "case when # like '%.%' then round(#) else # end",
    [DIFF_TEXT_TO_BOOLEAN] = TEXT_AS_BOOLEAN,
    [DIFF_TEXT_TO_DECIMAL] = TEXT_AS_DECIMAL,
    [DIFF_TEXT_TO_BYTES] = "cast(# as blob)",
    [DIFF_BYTES_TO_TEXT] = "cast(# as text)",
    [DIFF_TEXT_TO_UUID] = TEXT_AS_UUID,
    [DIFF_UUID_TO_WHOLE] = "replace(#, '-', '')",
    [DIFF_TEXT_TO_DATE] = TEXT_AS_DATE,
    [DIFF_TEXT_TO_TIME] = TEXT_AS_TIME,
    [DIFF_TEXT_TO_DATETIME] = TEXT_AS_DATETIME,
    [DIFF_DATE_TO_DATETIME] = "# || 'T00:00:00.000000Z'",
    [DIFF_DATETIME_TO_DATE] = "substr(#, 1, 10)",
};

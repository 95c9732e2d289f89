/*
 * Converts a column's values when its kind changes. Both engines give the same result, or an error where a
 * value cannot be read as the new kind. A null stays null.
 *
 * Conversions that only the application knows are left out, such as whether a number counts seconds or
 * milliseconds.
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

static const struct {
    value_family from, to;
} ways[DIFF_CONVERSIONS] = {
    [DIFF_WHOLE_TO_SINGLE] = {WHOLE, SINGLE},     [DIFF_WHOLE_TO_DOUBLE] = {WHOLE, DOUBLE},
    [DIFF_WHOLE_TO_BOOLEAN] = {WHOLE, BOOLEAN},   [DIFF_WHOLE_TO_DECIMAL] = {WHOLE, DECIMAL},
    [DIFF_WHOLE_TO_TEXT] = {WHOLE, TEXT},         [DIFF_WHOLE_TO_UUID] = {WHOLE, UUID},
    [DIFF_BOOLEAN_TO_WHOLE] = {BOOLEAN, WHOLE},   [DIFF_BOOLEAN_TO_TEXT] = {BOOLEAN, TEXT},
    [DIFF_SINGLE_TO_WHOLE] = {SINGLE, WHOLE},     [DIFF_DOUBLE_TO_WHOLE] = {DOUBLE, WHOLE},
    [DIFF_SINGLE_TO_DOUBLE] = {SINGLE, DOUBLE},   [DIFF_DOUBLE_TO_SINGLE] = {DOUBLE, SINGLE},
    [DIFF_SINGLE_TO_DECIMAL] = {SINGLE, DECIMAL}, [DIFF_DOUBLE_TO_DECIMAL] = {DOUBLE, DECIMAL},
    [DIFF_SINGLE_TO_TEXT] = {SINGLE, TEXT},       [DIFF_DOUBLE_TO_TEXT] = {DOUBLE, TEXT},
    [DIFF_DECIMAL_TO_WHOLE] = {DECIMAL, WHOLE},   [DIFF_DECIMAL_TO_SINGLE] = {DECIMAL, SINGLE},
    [DIFF_DECIMAL_TO_DOUBLE] = {DECIMAL, DOUBLE}, [DIFF_DECIMAL_TO_TEXT] = {DECIMAL, TEXT},
    [DIFF_TEXT_TO_WHOLE] = {TEXT, WHOLE},         [DIFF_TEXT_TO_SINGLE] = {TEXT, SINGLE},
    [DIFF_TEXT_TO_DOUBLE] = {TEXT, DOUBLE},       [DIFF_TEXT_TO_BOOLEAN] = {TEXT, BOOLEAN},
    [DIFF_TEXT_TO_DECIMAL] = {TEXT, DECIMAL},     [DIFF_TEXT_TO_BYTES] = {TEXT, BYTES},
    [DIFF_BYTES_TO_TEXT] = {BYTES, TEXT},         [DIFF_TEXT_TO_UUID] = {TEXT, UUID},
    [DIFF_UUID_TO_TEXT] = {UUID, TEXT},           [DIFF_UUID_TO_WHOLE] = {UUID, WHOLE},
    [DIFF_TEXT_TO_DATE] = {TEXT, DATE},           [DIFF_DATE_TO_TEXT] = {DATE, TEXT},
    [DIFF_TEXT_TO_TIME] = {TEXT, TIME},           [DIFF_TIME_TO_TEXT] = {TIME, TEXT},
    [DIFF_TEXT_TO_DATETIME] = {TEXT, DATETIME},   [DIFF_DATETIME_TO_TEXT] = {DATETIME, TEXT},
    [DIFF_DATE_TO_DATETIME] = {DATE, DATETIME},   [DIFF_DATETIME_TO_DATE] = {DATETIME, DATE},
    [DIFF_TEXT_TO_JSON] = {TEXT, JSON},           [DIFF_JSON_TO_TEXT] = {JSON, TEXT},
};

static diff_conversion find(value_family from, value_family to)
{
    diff_conversion i = 0;
    while (i < DIFF_CONVERSIONS && (ways[i].from != from || ways[i].to != to))
        i++;
    return i;
}

bool diff_must_convert(data_dialect dialect, ddl_kind from, ddl_kind to)
{
    diff_conversion found = find(families[from], families[to]);
    if (found == DIFF_CONVERSIONS)
        return families[from] != families[to];
    return dialect->conversions[found] != NULL;
}

bool diff_can_convert(ddl_kind from, ddl_kind to)
{
    return families[from] == families[to] || find(families[from], families[to]) != DIFF_CONVERSIONS;
}

void diff_add_conversion(buf *sql, data_dialect dialect, const char *name, ddl_kind from, ddl_kind to)
{
    diff_conversion found = find(families[from], families[to]);
    const char *expression = dialect->same_family;
    if (found != DIFF_CONVERSIONS)
        expression = dialect->conversions[found];
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

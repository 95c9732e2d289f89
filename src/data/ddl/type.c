/* Types, literals and names in SQL. */
#include "data/ddl/ddl.h"
#include "data/table/maker.h"

#include <string.h>

static const struct {
    const char *sqlite, *postgres;
} types[] = {
    [ddl_kind_boolean] = {"integer", "boolean"},
    [ddl_kind_int8] = {"integer", "smallint"},
    [ddl_kind_int16] = {"integer", "smallint"},
    [ddl_kind_int32] = {"integer", "integer"},
    [ddl_kind_int64] = {"integer", "bigint"},
    [ddl_kind_uint8] = {"integer", "smallint"},
    [ddl_kind_uint16] = {"integer", "integer"},
    [ddl_kind_uint32] = {"integer", "bigint"},
    [ddl_kind_uint64] = {"integer", "bigint"},
    [ddl_kind_float32] = {"real", "real"},
    [ddl_kind_float64] = {"real", "double precision"},
    [ddl_kind_text] = {"text", "text"},
    [ddl_kind_bytes] = {"blob", "bytea"},
    [ddl_kind_uuid] = {"text", "uuid"},
    [ddl_kind_date] = {"text", "date"},
    [ddl_kind_time] = {"text", "time"},
    [ddl_kind_datetime] = {"text", "timestamptz"},
    [ddl_kind_duration] = {"integer", "interval"},
    [ddl_kind_decimal] = {"text", "numeric"},
    [ddl_kind_json] = {"text", "jsonb"},
};

const char *ddl_type_name(data_dialect dialect, ddl_kind kind)
{
    return dialect == DATA_SQLITE ? types[kind].sqlite : types[kind].postgres;
}

const char *ddl_kind_name(ddl_kind kind)
{
    return ddl_kind_names[kind].name;
}

void ddl_add_text(buf *sql, const char *text)
{
    buf_add_text(sql, "'");
    for (const char *quote; (quote = strchr(text, '\'')) != NULL; text = quote + 1) {
        buf_add(sql, text, (size_t)(quote - text));
        buf_add_text(sql, "''");
    }
    buf_add_text(sql, text);
    buf_add_text(sql, "'");
}

void ddl_add_literal(buf *sql, data_dialect dialect, ddl_kind kind, const char *value)
{
    bool is_sqlite = dialect == DATA_SQLITE;
    switch (kind) {
    case ddl_kind_boolean:
        buf_add_text(sql, !is_sqlite ? value : strcmp(value, "true") == 0 ? "1" : "0");
        break;
    case ddl_kind_bytes:
        buf_add_printf(sql, is_sqlite ? "x'%s'" : "'\\x%s'", value);
        break;
    case ddl_kind_duration:
        buf_add_printf(sql, is_sqlite ? "%s" : "'%s microseconds'", value);
        break;
    case ddl_kind_decimal: /* exact: in SQLite it is text */
        buf_add_printf(sql, is_sqlite ? "'%s'" : "%s", value);
        break;
    case ddl_kind_text:
    case ddl_kind_uuid:
    case ddl_kind_date:
    case ddl_kind_time:
    case ddl_kind_datetime:
    case ddl_kind_json:
        ddl_add_text(sql, value);
        break;
    default:
        buf_add_text(sql, value);
        break;
    }
}

void ddl_add_name(buf *sql, const char *table, const char *column, const char *ending)
{
    arena memory;
    arena_init(&memory, NULL, 0, SIZE_MAX);
    const char *name = data_name_join(&memory, table, column, ending);
    if (name == NULL)
        sql->failed = true;
    else
        data_name_add(sql, name);
    arena_free(&memory);
}

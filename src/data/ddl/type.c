/* Types, literals and names in SQL. */
#include "data/ddl/ddl.h"
#include "data/table/maker.h"

#include <string.h>

const char *ddl_type_name(data_dialect dialect, ddl_kind kind)
{
    return dialect->types[kind];
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

static void add_around(buf *sql, dialect_around around, const char *value)
{
    buf_add_printf(sql, "%s%s%s", around.before, value, around.after);
}

void ddl_add_literal(buf *sql, data_dialect dialect, ddl_kind kind, const char *value)
{
    const dialect_literals *literals = dialect->literals;
    switch (kind) {
    case ddl_kind_boolean:
        buf_add_text(sql, strcmp(value, "true") == 0 ? literals->yes : literals->no);
        break;
    case ddl_kind_bytes:
        add_around(sql, literals->bytes, value);
        break;
    case ddl_kind_duration:
        add_around(sql, literals->duration, value);
        break;
    case ddl_kind_decimal:
        add_around(sql, literals->decimal, value);
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

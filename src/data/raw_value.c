/* Reads one column, or one value, of raw SQL: tern_sql_pluck, tern_sql_value, tern_sql_int. */
#include "app/bind/bind.h"
#include "data/execute.h"
#include "data/raw_sql.h"
#include "data/values.h"

#include <string.h>

typedef struct raw_value {
    const tern_type *type;
    void *out;
    bool has_row, is_null;
} raw_value;

/** Takes the value of the first row. A statement that writes runs to its end. */
static bool take_value(data_run *run, const data_row *row)
{
    raw_value *value = run->sink;
    if (value->has_row)
        return true;
    if (!values_check(run, row))
        return false;
    const char *wanted =
        row->engine->column_read(row, 0, value->type, value->out, &value->is_null, run->memory);
    if (wanted != NULL)
        return data_refuse(&run->error, TERN_DATA_FAILED, "the value of the column \"%s\" is not %s",
                           row->engine->column_name(row, 0), wanted);
    value->has_row = true;
    run->rows++;
    return run->statement->writes;
}

bool tern_sql_value_of(tern_ctx *c, const tern_type *type, void *out, const char *text, tern_args args)
{
    raw_value value = {.type = type, .out = out};
    data_run run = {.statement = raw_sql_statement(c, NULL, text, &args),
                    .on_row = take_value,
                    .on_no_rows = values_check,
                    .sink = &value};
    run.args = args.items;
    memset(out, 0, type->size);
    data_execute(c, &run, NULL, NULL);
    return value.has_row && !value.is_null;
}

void *tern_sql_pluck_of(tern_ctx *c, const tern_type *type, const char *text, tern_args args)
{
    value_list list = {.type = type};
    bind_need_plan(c, type);
    data_run run = {.statement = raw_sql_statement(c, NULL, text, &args),
                    .on_row = values_take,
                    .on_no_rows = values_check,
                    .sink = &list};
    run.args = args.items;
    data_execute(c, &run, NULL, NULL);
    return values_as_list(c, &list);
}

/* Without a row, and for null, the value is all zeros. */
#define VALUE_OF(name, T, kind)                                                                              \
    T tern_sql_##name##_of(tern_ctx *c, const char *text, tern_args args)                                    \
    {                                                                                                        \
        T value;                                                                                             \
        tern_sql_value_of(c, &tern_##kind##_type, &value, text, args);                                       \
        return value;                                                                                        \
    }

VALUE_OF(int, int64_t, int64)
VALUE_OF(double, double, double)
VALUE_OF(bool, bool, bool)
VALUE_OF(text, const char *, text)
VALUE_OF(uuid, tern_uuid, uuid)
VALUE_OF(date, tern_date, date)
VALUE_OF(datetime, tern_datetime, datetime)
VALUE_OF(decimal, tern_decimal, decimal)

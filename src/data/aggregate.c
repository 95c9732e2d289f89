/* Single values over many rows: counts, sums, and whether a row exists. */
#include "data/misuse.h"
#include "data/rows.h"
#include "data/select.h"

#include <string.h>

typedef struct single {
    const tern_type *type;
    void *out;
    bool is_there;
} single;

static bool take_single(data_run *run, const data_row *row)
{
    single *s = run->sink;
    bool is_null = false;
    const char *wanted = row->engine->column_read(row, 0, s->type, s->out, &is_null, run->memory);
    s->is_there = true;
    run->rows++;
    return wanted == NULL || data_refuse(&run->error, TERN_DATA_FAILED, "the result is not %s", wanted);
}

static bool select_single(tern_ctx *c, const data_table *table, statement_verb verb, const select_sum *sum,
                          const tern_selection *s, single *out)
{
    data_request_of(c);
    data_run run = {.on_row = take_single, .sink = out};
    select_prepare(c, table, verb, sum, s, &run);
    data_execute(c, &run, table, s->error);
    return out->is_there;
}

int64_t tern_count_of(tern_ctx *c, const tern_type *type, const tern_selection *s)
{
    int64_t count = 0;
    single out = {&tern_int64_type, &count, false};
    select_single(c, data_need_table(c, type), STATEMENT_COUNT, NULL, s, &out);
    return count;
}

bool tern_exists_of(tern_ctx *c, const tern_type *type, const tern_selection *s)
{
    int64_t one = 0;
    single out = {&tern_int64_type, &one, false};
    tern_selection first = *s;
    first.limit = 1;
    return select_single(c, data_need_table(c, type), STATEMENT_EXISTS, NULL, &first, &out);
}

static unsigned function_of(tern_ctx *c, const char *name)
{
    for (unsigned i = 0; i < sizeof select_functions / sizeof *select_functions; i++)
        if (strlen(name) == sizeof *select_functions - 1 &&
            memcmp(name, select_functions[i], sizeof *select_functions - 1) == 0)
            return i;
    data_misuse(c, "no aggregate is called \"%s\"", name);
}

double tern_aggregate_of(tern_ctx *c, const tern_type *type, const char *function, const char *field,
                         const tern_selection *s)
{
    const data_table *table = data_need_table(c, type);
    select_sum sum = {function_of(c, function), data_table_column(table, field, strlen(field))};
    double value = 0;
    single out = {&tern_double_type, &value, false};
    if (sum.column == NULL || (sum.column->kind != TERN_ARG_INT && sum.column->kind != TERN_ARG_DOUBLE &&
                               sum.column->kind != TERN_ARG_DECIMAL))
        data_misuse(c, "%s.%s is not a number in its table", type->name, field);
    select_single(c, table, STATEMENT_AGGREGATE, &sum, s, &out);
    return value;
}

/* The values of one field: tern_pluck. */
#include "data/filters.h"
#include "data/misuse.h"
#include "data/order.h"
#include "data/rows.h"
#include "data/select.h"
#include "data/values.h"

#include <string.h>

enum { IS_DISTINCT = 128 }; /* in addition to select_flags */

static const data_column *need_column(tern_ctx *c, const data_table *table, const char *field)
{
    const data_column *column = data_table_column(table, field, strlen(field));
    if (column == NULL)
        data_misuse(c, "%s.%s has no column whose values could be listed", table->type->name, field);
    return column;
}

/** Distinct values can be ordered only by themselves. */
static void add_order(sql_builder *b, const data_table *table, const data_column *column,
                      const tern_pluck_options *o)
{
    data_order order;
    if (o->order_by == NULL)
        return;
    sql_note_order(b, o->order_by);
    if (!o->distinct) {
        sql_order(b, table, o->order_by);
        return;
    }
    if (!data_order_read(&order, table, o->order_by) || order.terms[0].column != column) {
        sql_mistake(b, o->order_by,
                    "does not order distinct values: .order_by is the field that is listed, or that and "
                    "\" desc\"");
        return;
    }
    order.count = 1;
    sql_order_terms(b, &order, "");
}

static const data_statement *pluck_statement(tern_ctx *c, const data_table *table, const data_column *column,
                                             const tern_pluck_options *o, const tern_selection *s,
                                             const filters_given *given)
{
    statement_key key;
    statement_key_begin(&key, table->type, STATEMENT_PLUCK);
    key.texts[0] = o->where;
    key.texts[1] = o->order_by;
    key.columns[0] = (uint64_t)(column - table->columns);
    key.flags = (uint8_t)(select_flags(s) | (o->distinct ? IS_DISTINCT : 0));
    if (given == NULL)
        statement_key_args(c, &key, &o->args);
    const data_statement *statement = statement_find_with(c, &key, given);
    if (statement != NULL)
        return statement;
    if (o->limit < 0 || o->offset < 0)
        data_misuse(c, ".limit and .offset are not negative");
    sql_builder b;
    sql_begin(&b);
    sql_add(&b, o->distinct ? "select distinct " : "select ");
    sql_name(&b, column->name);
    sql_add(&b, " from ");
    sql_name(&b, table->name);
    select_condition(&b, table, s, " where ", true);
    add_order(&b, table, column, o);
    select_limit(&b, select_flags(s));
    return sql_finish_with(c, &b, &key, given, false);
}

void *tern_pluck_of(tern_ctx *c, const tern_type *type, const char *field, const tern_pluck_options *o)
{
    const data_table *table = data_need_table(c, type);
    const data_column *column = need_column(c, table, field);
    const tern_selection s = {.where = o->where,
                              .args = o->args,
                              .filters = o->filters,
                              .trusted_sql = o->trusted_sql,
                              .limit = o->limit,
                              .offset = o->offset};
    const filters_given *given = select_given(c, &s);
    value_list list = {.type = column->plan->type, .table = table, .field = column->plan};
    data_request_of(c);
    data_run run = {
        .statement = pluck_statement(c, table, column, o, &s, given), .on_row = values_take, .sink = &list};
    run.args = statement_args(c, run.statement,
                              select_args(c, table, &s, given != NULL ? &given->args : &s.args, NULL));
    if (!data_execute(c, &run, table, o->error))
        list.count = 0;
    return values_as_list(c, &list);
}

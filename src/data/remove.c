/* Deletes rows. */
#include "data/filters.h"
#include "data/misuse.h"
#include "data/select.h"

bool tern_remove_of(tern_ctx *c, const tern_type *type, tern_args key_values)
{
    const data_table *table = data_need_table(c, type);
    statement_key key;
    data_request_of(c);
    statement_key_begin(&key, table->type, STATEMENT_REMOVE);
    const data_statement *statement = statement_find(&key);
    if (statement == NULL) {
        sql_builder b;
        sql_begin(&b);
        sql_add(&b, "delete from ");
        sql_name(&b, table->name);
        select_where_key(&b, table);
        statement = sql_finish(c, &b, &key, true);
    }
    data_run run = {.statement = statement, .args = select_key_args(c, table, key_values)};
    data_execute(c, &run, table, NULL);
    return run.affected != 0;
}

int64_t tern_remove_where_of(tern_ctx *c, const tern_type *type, const tern_selection *s)
{
    const data_table *table = data_need_table(c, type);
    bool is_limited = s->where != NULL || filters_has_given(&s->filters);
    if (!is_limited && s->filters.count != 0)
        data_misuse(
            c,
            "tern_remove_where would remove every row of %s: none of its .filters is given, and it has "
            "no .where",
            type->name);
    if (!is_limited)
        data_misuse(c, "tern_remove_where without .where would remove every row of %s", type->name);
    data_request_of(c);
    data_run run = {0};
    select_prepare(c, table, STATEMENT_REMOVE_WHERE, NULL, s, &run);
    return data_execute(c, &run, table, s->error) ? run.affected : 0;
}

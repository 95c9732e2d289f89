/* One row by its key. */
#include "data/convert.h"
#include "data/misuse.h"
#include "data/rows.h"
#include "data/select.h"

void select_where_key(sql_builder *b, const data_table *table)
{
    for (unsigned i = 0; i < table->key_count; i++) {
        const data_column *key = &table->columns[table->keys[i]];
        sql_add(b, i == 0 ? " where " : " and ");
        sql_name(b, key->name);
        sql_add(b, " = ");
        sql_arg(b, key->kind);
    }
}

/** The key with the values that are given as numbers converted. */
static const tern_arg *converted_key(tern_ctx *c, const data_table *table, const tern_arg *given)
{
    tern_arg *key = ctx_need(c, arena_alloc(&c->x->arena, table->key_count * sizeof *key));
    for (unsigned i = 0; i < table->key_count; i++) {
        const data_column *column = &table->columns[table->keys[i]];
        key[i] = data_must_convert(column, given[i].kind) ? data_convert(c, column, &given[i]) : given[i];
    }
    return key;
}

const tern_arg *select_key_args(tern_ctx *c, const data_table *table, tern_args key)
{
    bool is_converted = false;
    if (key.count != table->key_count)
        data_misuse(c, "the key of %s has %u columns, not %u", table->type->name, table->key_count,
                    key.count);
    for (unsigned i = 0; i < key.count; i++) {
        const data_column *column = &table->columns[table->keys[i]];
        if (key.items[i].kind == column->kind)
            continue;
        if (!data_must_convert(column, key.items[i].kind))
            data_misuse(c, "the key column %s of %s is given a value of another kind", column->name,
                        table->type->name);
        is_converted = true;
    }
    return is_converted ? converted_key(c, table, key.items) : key.items;
}

void *select_find(tern_ctx *c, const data_table *table, tern_args key_values, tern_data_error *error)
{
    statement_key key;
    rows_list list = {.c = c, .map = select_need_map(c, table)};
    data_request_of(c);
    statement_key_begin(&key, table->type, STATEMENT_FIND);
    const data_statement *statement = statement_find(&key);
    if (statement == NULL) {
        sql_builder b;
        sql_begin(&b);
        sql_add(&b, "select ");
        select_columns(&b, table);
        sql_add(&b, " from ");
        sql_name(&b, table->name);
        select_where_key(&b, table);
        statement = sql_finish(c, &b, &key, false);
    }
    list.items = ctx_need(c, arena_alloc(&c->x->arena, table->type->size));
    data_run run = {.statement = statement,
                    .args = select_key_args(c, table, key_values),
                    .on_row = rows_take_only,
                    .sink = &list};
    return data_execute(c, &run, table, error) && list.count != 0 ? list.items : NULL;
}

void *tern_find_of(tern_ctx *c, const tern_type *type, tern_args key)
{
    return select_find(c, data_need_table(c, type), key, NULL);
}

void *tern_get_or_404_of(tern_ctx *c, const tern_type *type, tern_args key)
{
    void *row = tern_find_of(c, type, key);
    if (row == NULL && key.count == 1 && key.items[0].kind == TERN_ARG_INT)
        tern_fail(c, 404, "there is no %s %lld", type->name, (long long)key.items[0].integer);
    if (row == NULL)
        tern_fail(c, 404, "there is no such %s", type->name);
    return row;
}

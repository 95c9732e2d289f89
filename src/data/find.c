/* Rows by their keys. */
#include "data/rows.h"
#include "data/select.h"

#include <string.h>

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

/** The values of a key, of the kinds that its columns want. */
const tern_arg *select_key_args(tern_ctx *c, const data_table *table, tern_args key)
{
    if (key.count != table->key_count)
        tern_fail(c, 500, "the key of %s has %u columns, not %u", table->type->name, table->key_count,
                  key.count);
    for (unsigned i = 0; i < key.count; i++)
        if (key.items[i].kind != table->columns[table->keys[i]].kind)
            tern_fail(c, 500, "the key column %s of %s is given a value of another kind",
                      table->columns[table->keys[i]].name, table->type->name);
    return key.items;
}

static const data_statement *find_statement(tern_ctx *c, const data_table *table)
{
    statement_key key;
    memset(&key, 0, sizeof key);
    key.type = table->type;
    key.verb = STATEMENT_FIND;
    const data_statement *statement = statement_find(&key);
    if (statement != NULL)
        return statement;
    sql_builder b;
    sql_begin(&b);
    sql_add(&b, "select ");
    select_columns(&b, table);
    sql_add(&b, " from ");
    sql_name(&b, table->name);
    select_where_key(&b, table);
    return sql_finish(c, &b, &key, false);
}

void *select_find(tern_ctx *c, const data_table *table, tern_args key, tern_data_error *error)
{
    rows_list list = {.c = c, .map = select_need_map(c, table)};
    data_request_of(c);
    list.items = ctx_need(c, arena_alloc(&c->x->arena, table->type->size));
    data_run run = {.statement = find_statement(c, table),
                    .args = select_key_args(c, table, key),
                    .on_row = rows_take_only,
                    .sink = &list};
    return data_execute(c, &run, table, error) && list.count != 0 ? list.items : NULL;
}

static bool take_the_only_one(data_run *run, const data_row *row)
{
    rows_take(run, row);
    return false;
}

/** Appends the rows of `count` keys that lie one behind the other. */
static void find_some(tern_ctx *c, const data_table *table, const tern_arg *keys, unsigned count,
                      rows_list *list)
{
    data_run runs[DATA_RUNS_MOST];
    const data_statement *statement = find_statement(c, table);
    for (unsigned i = 0; i < count; i++) {
        tern_args key = {keys + (size_t)i * table->key_count, table->key_count};
        runs[i].statement = statement;
        runs[i].args = select_key_args(c, table, key);
        runs[i].on_row = take_the_only_one;
        runs[i].sink = list;
    }
    data_execute_all(c, runs, count, table, NULL);
}

void *tern_find_all_of(tern_ctx *c, const tern_type *type, tern_args keys)
{
    const data_table *table = data_need_table(c, type);
    data_request_of(c);
    if (table->key_count == 0 || keys.count % table->key_count != 0)
        tern_fail(c, 500, "%u values are no keys of %s, which have %u", keys.count, type->name,
                  table->key_count);
    unsigned count = keys.count / table->key_count;
    rows_list list = {.c = c, .map = select_need_map(c, table), .room = count};
    list.items = ctx_need(c, arena_alloc(&c->x->arena, count * table->type->size));
    for (unsigned done = 0, some; done < count; done += some) {
        some = count - done < DATA_RUNS_MOST ? count - done : DATA_RUNS_MOST;
        find_some(c, table, keys.items + (size_t)done * table->key_count, some, &list);
    }
    return select_as_list(c, &list);
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

/* Finds rows by their keys. */
#include "data/convert.h"
#include "data/filters.h"
#include "data/misuse.h"
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

/** The key, with values given as numbers converted. */
static const tern_arg *converted_key(tern_ctx *c, const data_table *table, const tern_arg *given)
{
    tern_arg *key = ctx_need(c, arena_alloc(ctx_arena(c), table->key_count * sizeof *key));
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
            data_misuse(c, "the key column %s of %s is given a value of a wrong kind", column->name,
                        table->type->name);
        is_converted = true;
    }
    return is_converted ? converted_key(c, table, key.items) : key.items;
}

static const data_statement *find_statement(tern_ctx *c, const data_table *table,
                                            const tern_selection *within, const filters_given *given)
{
    statement_key key;
    statement_key_begin(&key, table->type, STATEMENT_FIND);
    key.texts[0] = within->where;
    key.flags = select_flags(within);
    if (given == NULL)
        statement_key_args(c, &key, &within->args);
    const data_statement *statement = statement_find_with(c, &key, given);
    if (statement != NULL)
        return statement;
    sql_builder b;
    sql_begin(&b);
    sql_add(&b, "select ");
    select_columns(&b, table);
    sql_add(&b, " from ");
    sql_name(&b, table->name);
    select_where_key(&b, table);
    select_condition(&b, table, within, " and ", false);
    select_limit(&b, key.flags);
    return sql_finish_with(c, &b, &key, given, within->for_update);
}

/** The values of the key, followed by those of the condition. */
static const tern_arg *find_args(tern_ctx *c, const data_table *table, tern_args key, const tern_args *more)
{
    const tern_arg *values = select_key_args(c, table, key);
    if (more->count == 0)
        return values;
    tern_arg *args = tern_alloc(c, (key.count + more->count) * sizeof *args);
    memcpy(args, values, key.count * sizeof *args);
    memcpy(args + key.count, more->items, more->count * sizeof *args);
    return args;
}

void *select_find_within(tern_ctx *c, const data_table *table, tern_args key, const tern_selection *within)
{
    rows_list list = {.c = c, .map = select_need_map(c, table)};
    data_request_of(c);
    const filters_given *given = select_given(c, within);
    const tern_arg *args = find_args(c, table, key, given != NULL ? &given->args : &within->args);
    data_run run = {
        .statement = find_statement(c, table, within, given), .on_row = rows_take_only, .sink = &list};
    run.args = statement_args(c, run.statement, args);
    list.items = ctx_need(c, arena_alloc(ctx_arena(c), table->type->size));
    return data_execute(c, &run, table, within->error) && list.count != 0 ? list.items : NULL;
}

void *select_find(tern_ctx *c, const data_table *table, tern_args key, tern_data_error *error)
{
    const tern_selection anywhere = {.error = error};
    return select_find_within(c, table, key, &anywhere);
}

static bool take_the_only_one(data_run *run, const data_row *row)
{
    rows_take(run, row);
    return false;
}

/** Appends the rows of `count` adjacent keys. */
static void find_some(tern_ctx *c, const data_table *table, const tern_arg *keys, unsigned count,
                      rows_list *list)
{
    data_run runs[DATA_RUNS_MOST];
    const tern_selection anywhere = {0};
    const data_statement *statement = find_statement(c, table, &anywhere, NULL);
    for (unsigned i = 0; i < count; i++) {
        tern_args key = {keys + (size_t)i * table->key_count, table->key_count};
        runs[i].statement = statement;
        runs[i].args = select_key_args(c, table, key);
        runs[i].on_row = take_the_only_one;
        runs[i].on_no_rows = NULL;
        runs[i].sink = list;
    }
    data_execute_all(c, runs, count, table, NULL);
}

void *tern_find_all_of(tern_ctx *c, const tern_type *type, tern_args keys)
{
    const data_table *table = data_need_table(c, type);
    data_request_of(c);
    if (table->key_count == 0 || keys.count % table->key_count != 0)
        data_misuse(c, "%u values are not keys of %s, which have %u", keys.count, type->name,
                    table->key_count);
    unsigned count = keys.count / table->key_count;
    rows_list list = {.c = c, .map = select_need_map(c, table), .room = count};
    list.items = ctx_need(c, arena_alloc(ctx_arena(c), count * table->type->size));
    for (unsigned done = 0, some; done < count; done += some) {
        some = count - done < DATA_RUNS_MOST ? count - done : DATA_RUNS_MOST;
        find_some(c, table, keys.items + (size_t)done * table->key_count, some, &list);
    }
    return rows_as_list(&list);
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

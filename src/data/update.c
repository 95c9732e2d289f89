/* Updates a row. */
#include "data/misuse.h"
#include "data/part.h"
#include "data/write.h"

#include <string.h>

bool update_take_given(tern_ctx *c, const data_table *table, void *row, const tern_write *options)
{
    if (options->given_type == NULL)
        return true;
    if (options->fields != NULL)
        data_misuse(c, ".fields and .given = TERN_GIVEN(%s, ...) both say which fields are written",
                    options->given_type->name);
    return data_part_take(c, data_part_of(c, table, options->given_type), options->given, row,
                          options->error);
}

/** All columns that may change, or only those that were given according to a value of the same model. */
static column_set own_columns(const data_table *table, const void *given)
{
    column_set set = {{0}, false};
    for (unsigned i = 0; i < table->column_count; i++) {
        const data_column *column = &table->columns[i];
        uint8_t state = given != NULL ? *plan_state(column->plan, given) : TERN_STATE_GIVEN;
        if (!column->is_key && !column->is_created && (state == TERN_STATE_GIVEN || state == TERN_STATE_NULL))
            column_set_add(&set, i);
    }
    return set;
}

column_set update_columns(tern_ctx *c, const data_table *table, const tern_write *options)
{
    column_set set;
    if (options->fields != NULL)
        set = write_columns_named(c, table, options->fields);
    else if (options->given_type != NULL)
        set = data_part_columns(data_part_of(c, table, options->given_type), options->given);
    else
        set = own_columns(table, options->given);
    set.is_asked = options->fields == NULL && options->given != NULL;
    if (table->version != NULL) /* increased by the statement itself */
        set.bits[(table->version - table->columns) / 64] &=
            ~(UINT64_C(1) << ((table->version - table->columns) % 64));
    if (table->updated != NULL)
        column_set_add(&set, (unsigned)(table->updated - table->columns));
    return set;
}

void update_prepare(const data_table *table, void *row)
{
    write_settle(table, row);
    if (table->updated == NULL)
        return;
    *(tern_datetime *)plan_value(table->updated->plan, row) = write_now();
    *plan_state(table->updated->plan, row) = TERN_STATE_VALUE;
}

const data_statement *update_statement(tern_ctx *c, const data_table *table, const column_set *set)
{
    statement_key key;
    statement_key_begin(&key, table->type, STATEMENT_UPDATE);
    memcpy(key.columns, set->bits, sizeof set->bits);
    const filters_given *asked = set->is_asked ? statement_any_columns() : NULL;
    const data_statement *statement = statement_find_with(c, &key, asked);
    if (statement != NULL)
        return statement;
    sql_builder b;
    const char *comma = " set ";
    sql_begin(&b);
    sql_add(&b, "update ");
    sql_name(&b, table->name);
    for (unsigned i = 0; i < table->column_count; i++) {
        const data_column *column = &table->columns[i];
        if (!column_set_has(set, i) && !column->is_version)
            continue;
        sql_add(&b, comma);
        sql_name(&b, column->name);
        sql_add(&b, " = ");
        if (column->is_version) {
            sql_name(&b, column->name);
            sql_add(&b, " + 1");
        } else {
            sql_arg(&b, column->kind);
        }
        comma = ", ";
    }
    select_where_key(&b, table);
    if (table->version != NULL) {
        sql_add(&b, " and ");
        sql_name(&b, table->version->name);
        sql_add(&b, " = ");
        sql_arg(&b, table->version->kind);
    }
    return sql_finish_with(c, &b, &key, asked, true);
}

bool update_args(tern_ctx *c, const data_table *table, const column_set *set, const void *row, tern_arg *args,
                 tern_data_error *error)
{
    unsigned count = 0;
    for (unsigned i = 0; i < table->column_count; i++)
        if (column_set_has(set, i) && !write_arg(c, table, &table->columns[i], row, &args[count++], error))
            return false;
    for (unsigned i = 0; i < table->key_count; i++)
        if (!write_arg(c, table, &table->columns[table->keys[i]], row, &args[count++], error))
            return false;
    return table->version == NULL || write_arg(c, table, table->version, row, &args[count++], error);
}

/** No row was changed: it was deleted, or has another version by now. */
static bool nothing_updated(tern_ctx *c, const data_table *table, const tern_arg *key, tern_data_error *error)
{
    data_error stale;
    if (table->version == NULL || select_find(c, table, (tern_args){key, table->key_count}, error) == NULL)
        return false;
    data_refuse(&stale, TERN_DATA_STALE, "the row of %s has another version", table->name);
    return data_answer(c, &stale, table, error);
}

/** Whether the table has a row with the key of `row`. */
static bool is_there(tern_ctx *c, const data_table *table, const void *row, tern_data_error *error)
{
    tern_arg key[DATA_KEY_COLUMNS_MOST];
    for (unsigned i = 0; i < table->key_count; i++)
        if (!write_arg(c, table, &table->columns[table->keys[i]], row, &key[i], error))
            return false;
    return select_find(c, table, (tern_args){key, table->key_count}, error) != NULL;
}

bool tern_update_of(tern_ctx *c, const tern_type *type, void *row, const tern_write *options)
{
    const data_table *table = data_need_table(c, type);
    data_request_of(c);
    if (table->key_count == 0)
        data_misuse(c, "%s has no .key, so its rows cannot be updated", table->type->name);
    if (!update_take_given(c, table, row, options))
        return false;
    update_prepare(table, row);
    column_set set = update_columns(c, table, options);
    if ((set.bits[0] | set.bits[1]) == 0 && table->version == NULL)
        return is_there(c, table, row, options->error);
    size_t room = table->column_count + table->key_count + 1;
    tern_arg *args = ctx_need(c, arena_alloc(ctx_arena(c), room * sizeof *args));
    if (!update_args(c, table, &set, row, args, options->error))
        return false;
    const data_statement *statement = update_statement(c, table, &set);
    data_run run = {.statement = statement, .args = args};
    if (!data_execute(c, &run, table, options->error))
        return false;
    if (run.affected == 0) {
        unsigned key = statement->arg_count - table->key_count - (table->version != NULL);
        return nothing_updated(c, table, &args[key], options->error);
    }
    write_raise_version(table, row);
    return true;
}

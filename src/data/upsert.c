/* Inserts a row, or updates the existing one. */
#include "data/misuse.h"
#include "data/write.h"

#include <string.h>

static bool is_set_on_conflict(const data_table *table, unsigned i, const column_set *on,
                               const column_set *fields, bool has_fields)
{
    const data_column *column = &table->columns[i];
    if (column_set_has(on, i) || column->is_key || column->is_created)
        return false;
    return !has_fields || column_set_has(fields, i) || column->is_updated || column->is_version;
}

static void add_conflict(sql_builder *b, const data_table *table, const column_set *on)
{
    const char *comma = " on conflict (";
    for (unsigned i = 0; i < table->column_count; i++) {
        if (!column_set_has(on, i))
            continue;
        sql_add(b, comma);
        sql_name(b, table->columns[i].name);
        comma = ", ";
    }
}

static unsigned first_of(const column_set *set)
{
    unsigned first = 0;
    while (!column_set_has(set, first))
        first++;
    return first;
}

/**
 * "do update set": always sets a column, if only to its own value, because only written rows are returned.
 */
static void add_changes(sql_builder *b, const data_table *table, const column_set *on,
                        const column_set *fields, bool has_fields)
{
    const char *comma = ") do update set ";
    for (unsigned i = 0; i <= table->column_count; i++) {
        bool is_last = i == table->column_count;
        if (is_last ? comma[0] == ',' : !is_set_on_conflict(table, i, on, fields, has_fields))
            continue;
        const data_column *column = &table->columns[is_last ? first_of(on) : i];
        sql_add(b, comma);
        sql_name(b, column->name);
        sql_add(b, column->is_version ? " = " : " = excluded.");
        if (column->is_version) {
            sql_name(b, table->name);
            sql_add(b, ".");
        }
        sql_name(b, column->name);
        sql_add(b, column->is_version ? " + 1" : "");
        comma = ", ";
    }
}

static const data_statement *upsert_statement(tern_ctx *c, const data_table *table, bool wants_key,
                                              const tern_write *options)
{
    statement_key key;
    column_set fields = {{0}, false}, on = {{0}, false};
    if (options->on != NULL)
        on = write_columns_named(c, table, options->on);
    for (unsigned i = 0; i < table->key_count && options->on == NULL; i++)
        column_set_add(&on, table->keys[i]);
    if ((on.bits[0] | on.bits[1]) == 0)
        data_misuse(c,
                    options->on != NULL ? ".on does not name a field of %s"
                                        : "%s has no .key, so .on must name fields",
                    table->type->name);
    if (options->fields != NULL)
        fields = write_columns_named(c, table, options->fields);
    statement_key_begin(&key, table->type, STATEMENT_UPSERT);
    key.flags = (uint8_t)(wants_key + 2 * (options->fields != NULL));
    memcpy(&key.columns[0], on.bits, sizeof on.bits);
    memcpy(&key.columns[2], fields.bits, sizeof fields.bits);
    const data_statement *statement = statement_find(&key);
    if (statement != NULL)
        return statement;
    sql_builder b;
    sql_begin(&b);
    insert_head(&b, table, wants_key, 1);
    add_conflict(&b, table, &on);
    add_changes(&b, table, &on, &fields, options->fields != NULL);
    sql_add(&b, " returning ");
    select_columns(&b, table);
    return sql_finish(c, &b, &key, true);
}

bool tern_upsert_of(tern_ctx *c, const tern_type *type, void *row, const tern_write *options)
{
    const data_table *table = data_need_table(c, type);
    unsigned count = 0;
    data_request_of(c);
    write_complete(c, table, row);
    bool wants_key = write_wants_key(table, row);
    tern_arg *args = ctx_need(c, arena_alloc(ctx_arena(c), table->column_count * sizeof *args));
    if (!insert_args(c, table, wants_key, row, args, &count, options->error))
        return false;
    rows_list list = {.c = c, .map = select_need_map(c, table), .items = row};
    data_run run = {.statement = upsert_statement(c, table, wants_key, options),
                    .args = args,
                    .on_row = rows_take_onto,
                    .sink = &list};
    return data_execute(c, &run, table, options->error);
}

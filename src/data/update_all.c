/* Updates many rows: on PostgreSQL in one statement, on SQLite with a statement for each. SQLite has no round
 * trip to save, and its update from a list of values would first make a table of the list. */
#include "base/clock.h"
#include "data/misuse.h"
#include "data/transaction.h"
#include "data/worker_database.h"
#include "data/write.h"

#include <string.h>

/** The columns in a row of values: first those of the key, then those to write, then the version. */
typedef struct row_columns {
    unsigned numbers[DATA_KEY_COLUMNS_MOST + DATA_COLUMNS_MOST + 1];
    unsigned count, key_count;
} row_columns;

static row_columns columns_of(const data_table *table, const column_set *set)
{
    row_columns columns = {.key_count = table->key_count};
    for (unsigned i = 0; i < table->key_count; i++)
        columns.numbers[columns.count++] = table->keys[i];
    for (unsigned i = 0; i < table->column_count; i++)
        if (column_set_has(set, i))
            columns.numbers[columns.count++] = i;
    if (table->version != NULL)
        columns.numbers[columns.count++] = (unsigned)(table->version - table->columns);
    return columns;
}

static void add_values(sql_builder *b, const data_table *table, const row_columns *columns, unsigned rows)
{
    for (unsigned row = 0; row < rows; row++) {
        for (unsigned i = 0; i < columns->count; i++) {
            tern_arg_kind kind = table->columns[columns->numbers[i]].kind;
            sql_add(b, i != 0 ? ", " : row == 0 ? "(" : ", (");
            sql_arg(b, kind);
            if (row == 0 && b->dialect->value_casts != NULL)
                sql_add(b, b->dialect->value_casts[kind]);
        }
        sql_add(b, ")");
    }
}

/** "v.column3": both engines' name for a column of a list of values. */
static void add_value(sql_builder *b, unsigned column)
{
    buf_add_printf(&b->sql, "v.column%u", column + 1);
}

static void add_set(sql_builder *b, const data_table *table, const row_columns *columns)
{
    const char *comma = " set ";
    for (unsigned i = columns->key_count; i < columns->count; i++) {
        const data_column *column = &table->columns[columns->numbers[i]];
        sql_add(b, comma);
        sql_name(b, column->name);
        sql_add(b, " = ");
        add_value(b, i);
        sql_add(b, column->is_version ? " + 1" : "");
        comma = ", ";
    }
}

static void add_condition(sql_builder *b, const data_table *table, const row_columns *columns)
{
    for (unsigned i = 0; i < columns->count; i++) {
        const data_column *column = &table->columns[columns->numbers[i]];
        if (i >= columns->key_count && !column->is_version)
            continue;
        sql_add(b, i == 0 ? " where " : " and ");
        sql_name(b, table->name);
        sql_add(b, ".");
        sql_name(b, column->name);
        sql_add(b, " = ");
        add_value(b, i);
    }
}

static const data_statement *statement_of(tern_ctx *c, const data_table *table, const column_set *set,
                                          const row_columns *columns, unsigned rows)
{
    statement_key key;
    statement_key_begin(&key, table->type, STATEMENT_UPDATE_ALL);
    key.rows = rows;
    memcpy(key.columns, set->bits, sizeof set->bits);
    const filters_given *asked = set->is_asked ? statement_any_columns() : NULL;
    const data_statement *statement = statement_find_with(c, &key, asked);
    if (statement != NULL)
        return statement;
    sql_builder b;
    sql_begin(&b);
    sql_add(&b, "update ");
    sql_name(&b, table->name);
    add_set(&b, table, columns);
    sql_add(&b, " from (values ");
    add_values(&b, table, columns, rows);
    sql_add(&b, ") v");
    add_condition(&b, table, columns);
    return sql_finish_with(c, &b, &key, asked, true);
}

/** Handles `affected` of `count` rows: false with STALE if rows have versions; otherwise it is logged. */
static bool check_affected(tern_ctx *c, const data_table *table, int64_t affected, unsigned count,
                           bool *are_all_there, tern_data_error *error)
{
    data_error stale;
    if (affected == count)
        return true;
    *are_all_there = false;
    if (table->version == NULL)
        return true;
    data_refuse(&stale, TERN_DATA_STALE, "a row of %s is gone or has another version", table->name);
    return data_answer(c, &stale, table, error);
}

static bool update_batch(tern_ctx *c, const data_table *table, const column_set *set, char *rows,
                         unsigned count, bool *are_all_there, tern_data_error *error)
{
    row_columns columns = columns_of(table, set);
    size_t size = table->type->size;
    tern_arg *args = ctx_need(c, arena_alloc(ctx_arena(c), (size_t)count * columns.count * sizeof *args));
    for (unsigned row = 0; row < count; row++)
        for (unsigned i = 0; i < columns.count; i++)
            if (!write_arg(c, table, &table->columns[columns.numbers[i]], rows + row * size,
                           &args[row * columns.count + i], error))
                return false;
    data_run run = {.statement = statement_of(c, table, set, &columns, count), .args = args};
    if (!data_execute(c, &run, table, error) ||
        !check_affected(c, table, run.affected, count, are_all_there, error))
        return false;
    for (unsigned row = 0; row < count; row++)
        write_raise_version(table, rows + row * size);
    return true;
}

static bool update_batches(tern_ctx *c, const data_table *table, const column_set *set, char *rows,
                           size_t count, bool *are_all_there, tern_data_error *error)
{
    unsigned values = columns_of(table, set).count;
    bool is_done = true;
    for (size_t i = 0; i < count && is_done;) {
        unsigned batch = write_batch(count - i, values);
        is_done = update_batch(c, table, set, rows + i * table->type->size, batch, are_all_there, error);
        i += batch;
    }
    return is_done;
}

/** Runs in the open transaction. The log counts it as one statement, not as a loop of the program. */
static bool update_each(tern_ctx *c, const data_table *table, const column_set *set, char *rows, size_t count,
                        bool *are_all_there, tern_data_error *error)
{
    data_transaction *transaction = data_transaction_here(data_request_of(c));
    const data_statement *statement = update_statement(c, table, set);
    tern_arg *args = ctx_need(c, arena_alloc(ctx_arena(c), statement->arg_count * sizeof *args));
    uint64_t started_ns = clock_ns();
    for (size_t i = 0; i < count; i++) {
        char *row = rows + i * table->type->size;
        data_run run = {.statement = statement, .args = args, .memory = ctx_arena(c)};
        if (!update_args(c, table, set, row, args, error))
            return false;
        run.deadline_ms = data_deadline_ms();
        if (!data_transaction_run(transaction, &run))
            return data_answer(c, &run.error, table, error);
        if (!check_affected(c, table, run.affected, 1, are_all_there, error))
            return false;
        write_raise_version(table, row);
    }
    data_note(c, statement, started_ns, (int64_t)count);
    return true;
}

bool tern_update_all_of(tern_ctx *c, const tern_type *type, void *items, size_t count,
                        const tern_write *options)
{
    const data_table *table = data_need_table(c, type);
    size_t size = table->type->size;
    char *rows = items;
    bool are_all_there = true;
    write_whole whole;
    data_request_of(c);
    column_set set = update_columns(c, table, options);
    row_columns columns = columns_of(table, &set);
    if (table->key_count == 0)
        data_misuse(c, "%s has no .key, so its rows cannot be updated", table->type->name);
    if (count == 0 || columns.count == columns.key_count)
        return true;
    for (size_t i = 0; i < count; i++) {
        if (!update_take_given(c, table, rows + i * size, options))
            return false;
        update_prepare(table, rows + i * size);
    }
    bool by_each = data_self.engine->dialect->updates_each && count > 1;
    bool needs_whole = by_each || count > write_batch(count, columns.count) || table->version != NULL;
    if (!write_whole_begin(c, &whole, needs_whole, options->error))
        return false;
    bool (*update)(tern_ctx *, const data_table *, const column_set *, char *, size_t, bool *,
                   tern_data_error *) = by_each ? update_each : update_batches;
    bool is_done = update(c, table, &set, rows, count, &are_all_there, options->error);
    return write_whole_end(c, &whole, is_done, options->error) && are_all_there;
}

/* Inserts rows: one, or many in one statement. */
#include "data/write.h"

#include <stdlib.h>

static bool is_left_out(const data_table *table, bool wants_key, unsigned column)
{
    return wants_key && table->columns[column].is_automatic;
}

void insert_head(sql_builder *b, const data_table *table, bool wants_key, unsigned rows)
{
    const char *comma = "";
    sql_add(b, "insert into ");
    sql_name(b, table->name);
    sql_add(b, " (");
    for (unsigned i = 0; i < table->column_count; i++) {
        if (is_left_out(table, wants_key, i))
            continue;
        sql_add(b, comma);
        sql_name(b, table->columns[i].name);
        comma = ", ";
    }
    sql_add(b, ") values ");
    for (unsigned row = 0; row < rows; row++) {
        comma = row == 0 ? "(" : ", (";
        for (unsigned i = 0; i < table->column_count; i++) {
            if (is_left_out(table, wants_key, i))
                continue;
            sql_add(b, comma);
            sql_arg(b, table->columns[i].kind);
            comma = ", ";
        }
        sql_add(b, ")");
    }
}

bool insert_args(tern_ctx *c, const data_table *table, bool wants_key, const void *row, tern_arg *args,
                 unsigned *count, tern_data_error *error)
{
    for (unsigned i = 0; i < table->column_count; i++)
        if (!is_left_out(table, wants_key, i) &&
            !write_arg(c, table, &table->columns[i], row, &args[(*count)++], error))
            return false;
    return true;
}

/** `rows` 0: one row; all its stored columns are returned. */
static const data_statement *insert_statement(tern_ctx *c, const data_table *table, bool wants_key,
                                              unsigned rows)
{
    statement_key key;
    statement_key_begin(&key, table->type, STATEMENT_INSERT);
    key.flags = wants_key;
    key.rows = rows;
    const data_statement *statement = statement_find(&key);
    if (statement != NULL)
        return statement;
    sql_builder b;
    sql_begin(&b);
    if (wants_key && table->column_count == 1) { /* a table with only a key */
        sql_add(&b, "insert into ");
        sql_name(&b, table->name);
        sql_add(&b, " default values");
    } else {
        insert_head(&b, table, wants_key, rows != 0 ? rows : 1);
    }
    if (rows == 0) {
        sql_add(&b, " returning ");
        select_columns(&b, table);
    } else if (wants_key) {
        sql_add(&b, " returning ");
        sql_name(&b, table->columns[table->keys[0]].name);
    }
    return sql_finish(c, &b, &key, true);
}

/** Reads the keys that the database generated, in the order they arrive. */
typedef struct new_keys {
    int64_t *keys;
    size_t count;
} new_keys;

static bool take_key(data_run *run, const data_row *row)
{
    new_keys *new = run->sink;
    bool is_null = false;
    const char *wanted =
        row->engine->column_read(row, 0, &tern_int64_type, &new->keys[new->count++], &is_null, run->memory);
    return wanted == NULL || data_refuse(&run->error, TERN_DATA_FAILED, "the new key is not %s", wanted);
}

static int compare_keys(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/** Inserts `count` rows in one statement; either all or none need a key from the database. */
static bool insert_batch(tern_ctx *c, const data_table *table, char *rows, unsigned count, bool wants_key,
                         tern_data_error *error)
{
    size_t size = table->type->size;
    unsigned arg_count = 0;
    tern_arg *args =
        ctx_need(c, arena_alloc(ctx_arena(c), (size_t)count * table->column_count * sizeof *args));
    new_keys new = {ctx_need(c, arena_alloc(ctx_arena(c), count * sizeof *new.keys)), 0};
    for (unsigned i = 0; i < count; i++)
        if (!insert_args(c, table, wants_key, rows + i * size, args, &arg_count, error))
            return false;
    data_run run = {.statement = insert_statement(c, table, wants_key, count),
                    .args = args,
                    .on_row = wants_key ? take_key : NULL,
                    .sink = &new};
    if (!data_execute(c, &run, table, error))
        return false;
    /* Keys are assigned in the order of the rows, although RETURNING guarantees no order. */
    qsort(new.keys, new.count, sizeof *new.keys, compare_keys);
    for (unsigned i = 0; i < new.count; i++)
        write_set_key(c, table, rows + i * size, new.keys[i]);
    return true;
}

/** Whether the row's texts are too long to be copied in the request's memory. */
static bool is_long(const tern_arg *args, unsigned count)
{
    enum { SHOWN_MOST_BYTES = 64 * 1024 };
    size_t bytes = 0;
    for (unsigned i = 0; i < count; i++)
        if (args[i].kind == TERN_ARG_TEXT || args[i].kind == TERN_ARG_BYTES || args[i].kind == TERN_ARG_JSON)
            bytes += args[i].text.len;
    return bytes > SHOWN_MOST_BYTES;
}

bool tern_insert_of(tern_ctx *c, const tern_type *type, void *row, const tern_write *options)
{
    const data_table *table = data_need_table(c, type);
    data_request_of(c);
    write_complete(c, table, row);
    bool wants_key = write_wants_key(table, row);
    unsigned count = 0;
    tern_arg *args = ctx_need(c, arena_alloc(ctx_arena(c), table->column_count * sizeof *args));
    if (!insert_args(c, table, wants_key, row, args, &count, options->error))
        return false;
    if (is_long(args, count))
        return insert_batch(c, table, row, 1, wants_key, options->error);
    rows_list list = {.c = c, .map = select_need_map(c, table), .items = row};
    data_run run = {.statement = insert_statement(c, table, wants_key, 0),
                    .args = args,
                    .on_row = rows_take_onto,
                    .sink = &list};
    return data_execute(c, &run, table, options->error);
}

/** The number of rows for the next statement: one of the sizes that statements exist for, with rows that all
 * have keys or all lack them. */
static unsigned batch_of(const data_table *table, const char *rows, size_t count, bool wants_key)
{
    size_t alike = 1;
    while (alike < count && alike < WRITE_BATCH_MOST &&
           write_wants_key(table, rows + alike * table->type->size) == wants_key)
        alike++;
    if (wants_key && table->column_count == 1)
        return 1;
    return write_batch(alike, table->column_count);
}

bool tern_insert_all_of(tern_ctx *c, const tern_type *type, void *items, size_t count,
                        const tern_write *options)
{
    const data_table *table = data_need_table(c, type);
    size_t size = table->type->size;
    char *rows = items;
    bool is_done = true;
    write_whole whole;
    data_request_of(c);
    if (options->error != NULL)
        *options->error = (tern_data_error){0};
    if (count == 0)
        return true;
    for (size_t i = 0; i < count; i++)
        write_complete(c, table, rows + i * size);
    bool wants_key = write_wants_key(table, rows);
    bool needs_whole = count > batch_of(table, rows, count, wants_key);
    if (!write_whole_begin(c, &whole, needs_whole, options->error))
        return false;
    for (size_t i = 0; i < count && is_done;) {
        wants_key = write_wants_key(table, rows + i * size);
        unsigned batch = batch_of(table, rows + i * size, count - i, wants_key);
        is_done = insert_batch(c, table, rows + i * size, batch, wants_key, options->error);
        i += batch;
    }
    return write_whole_end(c, &whole, is_done, options->error);
}

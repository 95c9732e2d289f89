#include "data/migrate/diff/diff.h"

#include "data/table/maker.h"
#include "schema/scalar.h"

#include <stdlib.h>
#include <string.h>

static void *copy_of(schema_diff *d, const void *items, size_t count, size_t size)
{
    void *copy = arena_alloc(d->memory, (count + 1) * size);
    if (copy == NULL)
        d->is_memory_short = true;
    else if (count != 0)
        memcpy(copy, items, count * size);
    return copy;
}

/* -- renames: the old schema under new names -- */

/** The new name of the table that was called `name`, when it was renamed. */
static const char *new_table_name(const schema_diff *d, const char *name)
{
    if (ddl_find_table(d->to, name) != NULL)
        return name;
    for (size_t i = 0; i < d->to->tables.count; i++) {
        const ddl_table *table = &d->to->tables.items[i];
        if (table->renamed_from != NULL && strcmp(table->renamed_from, name) == 0 &&
            ddl_find_table(d->from, table->name) == NULL)
            return table->name;
    }
    return name;
}

/** The new name of a column of the old table `from`, when it was renamed. */
static const char *new_column_name(const schema_diff *d, const ddl_table *from, const char *name)
{
    const ddl_table *to = ddl_find_table(d->to, new_table_name(d, from->name));
    if (to == NULL || ddl_find_column(to, name) != NULL)
        return name;
    for (size_t i = 0; i < to->columns.count; i++) {
        const ddl_column *column = &to->columns.items[i];
        if (column->renamed_from != NULL && strcmp(column->renamed_from, name) == 0 &&
            ddl_find_column(from, column->name) == NULL)
            return column->name;
    }
    return name;
}

static void rename_in_table(schema_diff *d, ddl_table *table, const ddl_table *from)
{
    table->columns.items = copy_of(d, from->columns.items, from->columns.count, sizeof *from->columns.items);
    table->key.items = copy_of(d, from->key.items, from->key.count, sizeof *from->key.items);
    table->search.items = copy_of(d, from->search.items, from->search.count, sizeof *from->search.items);
    if (d->is_memory_short)
        return;
    table->name = new_table_name(d, from->name);
    for (size_t i = 0; i < from->key.count; i++)
        table->key.items[i] = new_column_name(d, from, from->key.items[i]);
    for (size_t i = 0; i < from->search.count; i++)
        table->search.items[i] = new_column_name(d, from, from->search.items[i]);
    for (size_t i = 0; i < from->columns.count; i++) {
        ddl_column *column = &table->columns.items[i];
        column->name = new_column_name(d, from, column->name);
        const ddl_table *other =
            column->references != NULL ? ddl_find_table(d->from, column->references) : NULL;
        if (other == NULL)
            continue;
        column->references = new_table_name(d, other->name);
        column->references_column = new_column_name(d, other, column->references_column);
    }
}

static const ddl_schema *make_mid(schema_diff *d)
{
    ddl_schema *mid = copy_of(d, d->from, 1, sizeof *mid);
    if (mid == NULL)
        return NULL;
    mid->tables.items = copy_of(d, d->from->tables.items, d->from->tables.count, sizeof *mid->tables.items);
    for (size_t i = 0; i < d->from->tables.count && !d->is_memory_short; i++)
        rename_in_table(d, &mid->tables.items[i], &d->from->tables.items[i]);
    return mid;
}

bool diff_make(schema_diff *d, const ddl_schema *from, const ddl_schema *to, bool is_down, arena *memory)
{
    *d = (schema_diff){.memory = memory, .from = from, .to = to, .is_down = is_down};
    d->mid = make_mid(d);
    d->common = copy_of(d, NULL, 0, (to->tables.count + 1) * sizeof *d->common);
    if (d->is_memory_short)
        return false;
    for (size_t i = 0; i < to->tables.count; i++) {
        const ddl_table *mid = ddl_find_table(d->mid, to->tables.items[i].name);
        if (mid != NULL)
            d->common[d->common_count++] =
                (diff_table){&from->tables.items[mid - d->mid->tables.items], mid, &to->tables.items[i]};
    }
    return true;
}

bool diff_check_renames(const schema_diff *d, buf *problems)
{
    static const char line[] =
        "%s %s%s%s: .renamed_from = \"%s\", but a %s with the new name exists too; drop "
        "that in a migration of its own first\n";
    size_t before = problems->len;
    for (size_t i = 0; i < d->to->tables.count; i++) {
        const ddl_table *to = &d->to->tables.items[i], *from = ddl_find_table(d->from, to->name);
        if (to->renamed_from != NULL && from != NULL && ddl_find_table(d->from, to->renamed_from) != NULL &&
            ddl_find_table(d->to, to->renamed_from) == NULL)
            buf_add_printf(problems, line, "table", to->name, "", "", to->renamed_from, "table");
    }
    for (unsigned i = 0; i < d->common_count; i++)
        for (size_t k = 0; k < d->common[i].to->columns.count; k++) {
            const ddl_table *from = d->common[i].from, *to = d->common[i].to;
            const ddl_column *column = &to->columns.items[k];
            if (column->renamed_from != NULL && ddl_find_column(from, column->name) != NULL &&
                ddl_find_column(from, column->renamed_from) != NULL)
                buf_add_printf(problems, line, "column", to->name, ".", column->name, column->renamed_from,
                               "column");
        }
    return problems->len == before && !problems->failed;
}

const ddl_column *diff_old_column(const diff_table *t, const ddl_column *mid)
{
    return &t->from->columns.items[mid - t->mid->columns.items];
}

const diff_table *diff_find_common(const schema_diff *d, const char *name)
{
    const ddl_table *to = ddl_find_table(d->to, name);
    const diff_table *first = d->common, *end = first + d->common_count;
    while (to != NULL && first < end) { /* they are in the order of d->to */
        const diff_table *middle = first + (end - first) / 2;
        if (middle->to == to)
            return middle;
        if (middle->to < to)
            first = middle + 1;
        else
            end = middle;
    }
    return NULL;
}

const ddl_schema *diff_target_of_return(const schema_diff *d)
{
    schema_diff maker = {.memory = d->memory};
    ddl_schema *target = copy_of(&maker, d->from, 1, sizeof *target);
    ddl_table *tables = copy_of(&maker, d->from->tables.items, d->from->tables.count, sizeof *tables);
    if (maker.is_memory_short)
        return NULL;
    target->tables.items = tables;
    for (size_t i = 0; i < d->from->tables.count; i++) {
        const ddl_table *from = &d->from->tables.items[i], *mid = &d->mid->tables.items[i];
        tables[i].renamed_from = strcmp(from->name, mid->name) != 0 ? mid->name : NULL;
        tables[i].columns.items =
            copy_of(&maker, from->columns.items, from->columns.count, sizeof *from->columns.items);
        for (size_t k = 0; k < from->columns.count && !maker.is_memory_short; k++)
            tables[i].columns.items[k].renamed_from =
                strcmp(from->columns.items[k].name, mid->columns.items[k].name) != 0
                    ? mid->columns.items[k].name
                    : NULL;
    }
    return maker.is_memory_short ? NULL : target;
}

/* -- equal or not -- */

bool diff_is_same_column(data_dialect dialect, const ddl_table *table, const ddl_column *a,
                         const ddl_column *b)
{
    buf one = {0}, other = {0};
    ddl_add_column(&one, dialect, table, a, true);
    ddl_add_column(&other, dialect, table, b, true);
    bool is_same = !one.failed && !other.failed && strcmp(one.data, other.data) == 0;
    buf_free(&one);
    buf_free(&other);
    return is_same;
}

bool diff_is_same_index(const ddl_index *a, const ddl_index *b)
{
    bool is_same_where =
        a->where == NULL || b->where == NULL ? a->where == b->where : strcmp(a->where, b->where) == 0;
    return is_same_where && a->unique == b->unique && strcmp(a->columns, b->columns) == 0;
}

bool diff_is_same_search(data_dialect dialect, const ddl_table *a, const ddl_table *b)
{
    buf one = {0}, other = {0};
    ddl_add_search(&one, dialect, a);
    ddl_add_search(&other, dialect, b);
    bool is_same = !one.failed && !other.failed && one.len == other.len &&
                   (one.len == 0 || strcmp(one.data, other.data) == 0);
    buf_free(&one);
    buf_free(&other);
    return is_same;
}

/* -- values for existing rows -- */

static const char *const zeros[] = {
    [ddl_kind_boolean] = "false",
    [ddl_kind_int8] = "0",
    [ddl_kind_int16] = "0",
    [ddl_kind_int32] = "0",
    [ddl_kind_int64] = "0",
    [ddl_kind_uint8] = "0",
    [ddl_kind_uint16] = "0",
    [ddl_kind_uint32] = "0",
    [ddl_kind_uint64] = "0",
    [ddl_kind_float32] = "0",
    [ddl_kind_float64] = "0",
    [ddl_kind_text] = "",
    [ddl_kind_bytes] = "",
    [ddl_kind_uuid] = "00000000-0000-0000-0000-000000000000",
    [ddl_kind_date] = "1970-01-01",
    [ddl_kind_time] = "00:00:00.000000",
    [ddl_kind_datetime] = "1970-01-01T00:00:00.000000Z",
    [ddl_kind_duration] = "0",
    [ddl_kind_decimal] = "0",
    [ddl_kind_json] = "null",
};

/** The smallest value that is allowed when the limit itself is excluded. */
static const char *next_to_least(const ddl_column *column, char out[SCALAR_PRINT_BYTES])
{
    bool is_whole = column->kind <= ddl_kind_uint64;
    out[is_whole ? number_print_i64(strtoll(column->min, NULL, 10) + 1, out)
                 : number_print_double(strtod(column->min, NULL) + 1, out)] = '\0';
    return out;
}

bool diff_add_filling(buf *sql, data_dialect dialect, const ddl_column *column, bool is_down)
{
    if (column->nullable || column->fallback != NULL)
        return false;
    if (column->role == ddl_role_created || column->role == ddl_role_updated)
        return buf_add_text(sql, dialect->now);
    if (column->role != ddl_role_version && (!is_down || column->references != NULL))
        return false; /* a made-up key would refer to no row */
    char next[SCALAR_PRINT_BYTES];
    ddl_add_literal(sql, dialect, column->kind,
                    column->min_excluded         ? next_to_least(column, next)
                    : column->min != NULL        ? column->min
                    : column->choices.count != 0 ? column->choices.items[0]
                                                 : zeros[column->kind]);
    return true;
}

void diff_add_alter(buf *sql, const char *table)
{
    buf_add_text(sql, "alter table ");
    data_name_add(sql, table);
    buf_add_text(sql, " ");
}

void diff_sql_renames(const schema_diff *d, buf *sql)
{
    for (unsigned i = 0; i < d->common_count; i++) {
        const diff_table *t = &d->common[i];
        if (strcmp(t->from->name, t->to->name) != 0) {
            diff_add_alter(sql, t->from->name);
            buf_add_text(sql, "rename to ");
            data_name_add(sql, t->to->name);
            buf_add_text(sql, ";\n");
        }
        for (size_t k = 0; k < t->mid->columns.count; k++) {
            const char *was = t->from->columns.items[k].name, *is = t->mid->columns.items[k].name;
            if (strcmp(was, is) == 0)
                continue;
            diff_add_alter(sql, t->to->name);
            buf_add_text(sql, "rename column ");
            data_name_add(sql, was);
            buf_add_text(sql, " to ");
            data_name_add(sql, is);
            buf_add_text(sql, ";\n");
        }
    }
}

void diff_sql_drop_tables(const schema_diff *d, buf *sql)
{
    for (size_t i = d->mid->tables.count; i-- > 0;) {
        const ddl_table *mid = &d->mid->tables.items[i];
        if (ddl_find_table(d->to, mid->name) != NULL)
            continue;
        buf_add_text(sql, "drop table ");
        data_name_add(sql, mid->name);
        buf_add_text(sql, ";\n");
    }
}

void diff_sql(const schema_diff *d, data_dialect dialect, buf *sql)
{
    dialect->add_diff(d, sql);
}

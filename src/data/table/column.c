#include "data/table/maker.h"

#include <string.h>

/** Whether the field holds related rows, and so has no column. */
static bool is_relation(const tern_field *field)
{
    return field->via != NULL || field->by != NULL || field->through != NULL;
}

static const char *const system_names[] = {"ctid", "xmin", "xmax", "cmin", "cmax", "tableoid"};

static void check_column_name(table_maker *m, const char *name)
{
    const char *why = data_name_problem(name);
    if (why != NULL)
        table_mistake(m, ".column = \"%s\": %s", name, why);
    for (size_t i = 0; i < sizeof system_names / sizeof *system_names; i++)
        if (data_name_equal(name, system_names[i]))
            table_mistake(m, "PostgreSQL has a column %s of its own in each table; give it another .column",
                          system_names[i]);
}

/** The name of the first field that JSON omits from a value of this type, so that a column would lose it; or
 * NULL. `depth` ends the search in models that contain lists of themselves. */
static const tern_field *lost_in_json(const tern_type *type, unsigned depth)
{
    if (type->item != NULL)
        return lost_in_json(type->item, depth);
    for (unsigned i = 0; i < type->field_count && depth < 8; i++) {
        const tern_field *field = &type->fields[i];
        if (field->read_only || field->write_only)
            return field;
        const tern_field *inside = lost_in_json(field->type, depth + 1);
        if (inside != NULL)
            return inside;
    }
    return NULL;
}

static void check_value(table_maker *m, const data_column *column)
{
    const tern_field *field = m->field;
    if (column->kind == TERN_ARG_NULL)
        table_mistake(m, "a file is not stored in a table; store its path as text, and give it .not_stored");
    const tern_field *lost = column->kind == TERN_ARG_JSON ? lost_in_json(field->type, 0) : NULL;
    if (lost != NULL)
        table_mistake(m, "is kept as JSON, which would leave out %s of %s, as it is .%s", lost->name,
                      field->type->item != NULL ? field->type->item->name : field->type->name,
                      lost->write_only ? "write_only" : "read_only");
}

static void check_relation(table_maker *m, const tern_field *field)
{
    if (field->column != NULL || field->renamed_from != NULL)
        table_mistake(m, "holds related rows and has no column for .%s",
                      field->column != NULL ? "column" : "renamed_from");
}

static void add_key(table_maker *m, data_table *table, data_column *column)
{
    column->is_key = true;
    if (column->plan->type->kind == TERN_KIND_FLOAT)
        table_mistake(m, "floating-point numbers cannot be a .key: they are rarely equal");
    if (table->key_count == DATA_KEY_COLUMNS_MOST)
        table_mistake(m, "a key has at most %d columns", DATA_KEY_COLUMNS_MOST);
    else
        table->keys[table->key_count++] = (unsigned)(column - table->columns);
}

/** Columns that the data layer fills in itself: at most one of each, never null. */
static void take_role(table_maker *m, const char *role, data_column *column, data_column **place)
{
    if (*place != NULL)
        table_mistake(m, ".%s is %s already", role, (*place)->plan->field->name);
    if (column->is_nullable)
        table_mistake(m, ".%s is never null; leave out .%s", role,
                      column->plan->field->optional ? "optional" : "nullable");
    if (column->is_key)
        table_mistake(m, ".%s changes; it cannot be a .key", role);
    *place = column;
}

static void make_column(table_maker *m, data_table *table, data_column *column, const field_plan *plan)
{
    const tern_field *field = plan->field;
    *column = (data_column){
        .plan = plan,
        .name = field->column != NULL ? field->column : field->name,
        .kind = data_kind_of(field->type),
        .is_nullable = plan_may_lack(plan) && !field->key,
        .is_created = field->created,
        .is_updated = field->updated,
        .is_version = field->version,
        .is_unique = field->unique,
        .is_indexed = field->index,
        .on_delete = field->on_delete,
    };
    check_column_name(m, column->name);
    check_value(m, column);
    if (field->key)
        add_key(m, table, column);
    if (field->created)
        take_role(m, "created", column, &table->created);
    if (field->updated)
        take_role(m, "updated", column, &table->updated);
    if (field->version)
        take_role(m, "version", column, &table->version);
    if (field->renamed_from != NULL && data_name_equal(field->renamed_from, column->name))
        table_mistake(m, ".renamed_from is its present name");
    for (data_column *other = table->columns; other < column; other++)
        if (data_name_equal(other->name, column->name))
            table_mistake(m, "its column is called \"%s\", as that of %s is", column->name,
                          other->plan->field->name);
}

/** A column's former name must be unused now: otherwise a migration could not distinguish the two. */
static void check_former_names(table_maker *m, const data_table *table)
{
    for (unsigned i = 0; i < table->column_count; i++) {
        m->field = table->columns[i].plan->field;
        for (unsigned k = 0; m->field->renamed_from != NULL && k < table->column_count; k++)
            if (k != i && data_name_equal(m->field->renamed_from, table->columns[k].name))
                table_mistake(m, ".renamed_from = \"%s\", but there is still a column of that name",
                              m->field->renamed_from);
    }
    m->field = NULL;
}

static void finish_keys(table_maker *m, data_table *table)
{
    if (table->key_count == 0 && !table->is_view)
        table_mistake(m, "has no .key, by which a row is found: (int64_t, id, .key = true); if its rows are "
                         "only results of queries, give it .view = true");
    if (table->key_count != 1 || table->is_view)
        return;
    data_column *key = &table->columns[table->keys[0]];
    tern_kind kind = key->plan->type->kind;
    key->is_automatic =
        (kind == TERN_KIND_INT || kind == TERN_KIND_UINT) && key->plan->field->references == NULL;
    m->field = key->plan->field;
    if (key->is_automatic && key->plan->fallback != NULL)
        table_mistake(m, "the database numbers the rows; a .fallback would make them all the same");
    m->field = NULL;
}

static void name_table(table_maker *m, data_table *table)
{
    const tern_model_options *options = &table->type->options;
    table->name = options->table != NULL ? options->table : data_name_of_model(m->memory, table->type->name);
    table->renamed_from = options->renamed_from;
    if (table->name == NULL) {
        m->is_memory_short = true;
        return;
    }
    const char *why = data_name_problem(table->name);
    if (why != NULL)
        table_mistake(m, ".table = \"%s\": %s", table->name, why);
    else if (strncmp(table->name, "sqlite_", 7) == 0 || strncmp(table->name, "tern_", 5) == 0)
        table_mistake(m, "tables called %.*s... are not yours; give it another .table",
                      table->name[0] == 's' ? 7 : 5, table->name);
    if (table->is_view &&
        (options->unique_together != NULL || options->indexes != NULL || options->renamed_from != NULL))
        table_mistake(m, "a .view has no table, so it cannot have .unique_together, .indexes and "
                         ".renamed_from");
    if (table->renamed_from != NULL && data_name_equal(table->renamed_from, table->name))
        table_mistake(m, ".renamed_from is its present name");
}

void table_make_columns(table_maker *m, data_table *table)
{
    const type_plan *plan = plan_of(table->type);
    unsigned count = table->type->field_count;
    name_table(m, table);
    table->columns = table_zero(m, count * sizeof *table->columns);
    if (table->columns == NULL)
        return;
    for (unsigned i = 0; i < count; i++) {
        m->field = &table->type->fields[i];
        if (is_relation(m->field))
            check_relation(m, m->field);
        else if (!m->field->not_stored)
            make_column(m, table, &table->columns[table->column_count++], &plan->fields[i]);
    }
    m->field = NULL;
    if (table->column_count == 0)
        table_mistake(m, "all its fields are without a column");
    check_former_names(m, table);
    finish_keys(m, table);
    table_make_search(m, table);
}

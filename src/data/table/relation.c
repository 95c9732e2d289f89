/* Relations between models: foreign keys, and fields with the related rows. */
#include "data/table/maker.h"

#include <string.h>

/** The properties that a key and a reference to it must share. */
static bool is_alike(const tern_type *a, const tern_type *b)
{
    bool whole_a = a->kind == TERN_KIND_INT || a->kind == TERN_KIND_UINT;
    bool whole_b = b->kind == TERN_KIND_INT || b->kind == TERN_KIND_UINT;
    return whole_a && whole_b ? a->size >= b->size : a->kind == b->kind;
}

static void make_reference(table_maker *m, data_column *column)
{
    const tern_field *field = column->plan->field;
    const data_table *other = table_find(m, field->references);
    if (other == NULL) {
        table_mistake(m, ".references = %s, which is not given to tern_database", field->references->name);
        return;
    }
    if (other->is_view || other->key_count != 1) {
        table_mistake(m, ".references = %s, which %s", other->type->name,
                      other->is_view ? "is a .view, not a table" : "has a key of several columns");
        return;
    }
    const tern_field *key = other->columns[other->keys[0]].plan->field;
    if (!is_alike(field->type, key->type))
        table_mistake(m, "is %s and cannot hold every %s.%s, which is %s", field->type->name,
                      other->type->name, key->name, key->type->name);
    if (field->on_delete == TERN_SET_NULL && !column->is_nullable)
        table_mistake(m, ".on_delete = TERN_SET_NULL makes it null, and a .key cannot be null");
    column->references = other;
}

void table_make_references(table_maker *m, data_table *table)
{
    m->model = table->type;
    for (unsigned i = 0; i < table->column_count; i++) {
        m->field = table->columns[i].plan->field;
        if (m->field->references != NULL)
            make_reference(m, &table->columns[i]);
    }
    m->field = NULL;
}

void table_take_references(data_table *table)
{
    for (unsigned i = 0; i < table->column_count && table->of != NULL; i++) {
        data_column *column = &table->columns[i];
        const data_column *same = data_table_column(table->of, column->name, strlen(column->name));
        if (column->references == NULL && same != NULL)
            column->references = same->references;
    }
}

/* -- which rows a foreign key refers to -- */

const data_column *data_referred_column(const data_column *reference, const data_table *table)
{
    const data_table *to = reference != NULL ? reference->references : NULL;
    if (to == NULL || to->columns == NULL) /* neither is the case for a relation that was checked at start */
        return NULL;
    const data_column *key = &to->columns[to->keys[0]];
    if (to == table)
        return key;
    if (table->is_view && table->of == NULL && table->key_count == 1) {
        const data_column *own = &table->columns[table->keys[0]];
        return is_alike(own->plan->field->type, key->plan->field->type) ? own : NULL;
    }
    return table->of == to ? data_table_column(table, key->name, strlen(key->name)) : NULL;
}

data_pair_columns data_pair_columns_of(const data_table *pairs, const data_table *table,
                                       const data_table *item, const char *by)
{
    data_pair_columns found = {0};
    const data_column *named = by != NULL ? data_table_column(pairs, by, strlen(by)) : NULL;
    for (unsigned i = 0; i < pairs->column_count; i++) {
        const data_column *column = &pairs->columns[i];
        bool is_far = column != named && data_referred_column(column, item) != NULL;
        bool is_near = named != NULL ? column == named : data_referred_column(column, table) != NULL;
        if (is_near && is_far && data_table_base(table) != data_table_base(item)) {
            /* the foreign key of the other table applies to a view that has rows of any table */
            is_near = !table->is_view || column->references == data_table_base(table);
            is_far = !is_near;
        }
        found.near = is_near && found.near == NULL ? column : found.near;
        found.far = is_far && found.far == NULL ? column : found.far;
        found.near_count += is_near;
        found.far_count += is_far;
    }
    return found;
}

/* -- fields with related rows -- */

/** The foreign key with this name, if it refers to rows of `target`; otherwise NULL with a line. */
static const data_column *find_reference(table_maker *m, const char *option, const data_table *table,
                                         const char *name, const data_table *target)
{
    const data_column *column = data_table_column(table, name, strlen(name));
    if (column == NULL) {
        table_mistake(m, ".%s = \"%s\", but %s has no such field", option, name, table->type->name);
        return NULL;
    }
    if (data_referred_column(column, target) != NULL)
        return column;
    if (target->of != NULL && column->references == target->of)
        table_mistake(m, ".%s = \"%s\" refers to %s, whose .key the view %s of it has no field for", option,
                      name, target->of->type->name, target->type->name);
    else if (target->is_view && target->key_count != 1)
        table_mistake(m, ".%s = \"%s\" refers to rows of the view %s, which needs one field with .key = true",
                      option, name, target->type->name);
    else
        table_mistake(m, ".%s = \"%s\", but that field of %s does not refer to %s", option, name,
                      table->type->name, target->type->name);
    return NULL;
}

/**
 * A list of rows from a table of pairs, which references this table (by .by, where that is ambiguous) and the
 * item's.
 */
static void check_through(table_maker *m, const data_table *table, const data_table *item)
{
    const tern_field *field = m->field;
    const data_table *pairs = table_find(m, field->through);
    if (pairs == NULL) {
        table_mistake(m, ".through = %s, which is not given to tern_database", field->through->name);
        return;
    }
    if (field->by != NULL && find_reference(m, "by", pairs, field->by, table) == NULL)
        return;
    const data_pair_columns columns = data_pair_columns_of(pairs, table, item, field->by);
    if (field->by == NULL && data_table_base(table) == data_table_base(item))
        table_mistake(m, "%s refers to %s twice; say with .by which reference is this row's",
                      pairs->type->name, table->type->name);
    else if (columns.near_count != 1 || columns.far_count != 1)
        table_mistake(m, ".through = %s, which has %u foreign keys to %s and %u to %s instead of one to each",
                      pairs->type->name, columns.near_count, table->type->name, columns.far_count,
                      item->type->name);
}

static void check_relation(table_maker *m, const data_table *table)
{
    const tern_field *field = m->field;
    const tern_type *model = field->type->item != NULL ? field->type->item : field->type;
    const data_table *other = table_find(m, model);
    if (other == NULL) {
        table_mistake(m, "holds rows of %s, which is not given to tern_database", model->name);
        return;
    }
    if (field->via != NULL)
        find_reference(m, "via", table, field->via, other);
    else if (field->through != NULL)
        check_through(m, table, other);
    else
        find_reference(m, "by", data_table_base(other), field->by, table);
}

void table_check_relations(table_maker *m, const data_table *table)
{
    m->model = table->type;
    for (unsigned i = 0; i < table->type->field_count; i++) {
        m->field = &table->type->fields[i];
        if (m->field->via != NULL || m->field->by != NULL || m->field->through != NULL)
            check_relation(m, table);
    }
    m->field = NULL;
}

/* What models say of each other: foreign keys, and fields that hold the rows at their other end. */
#include "data/table/maker.h"

#include <string.h>

/** What a key and what refers to it must have in common. */
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
                      other->is_view ? "is no table but a .view" : "has a key of several columns");
        return;
    }
    const tern_field *key = other->columns[other->keys[0]].plan->field;
    if (!is_alike(field->type, key->type))
        table_mistake(m, "is %s and cannot hold every %s.%s, which is %s", field->type->name,
                      other->type->name, key->name, key->type->name);
    if (field->on_delete == TERN_SET_NULL && !column->is_nullable)
        table_mistake(m, ".on_delete = TERN_SET_NULL makes it null, which a .key never is");
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

/** The foreign key of that name, when it refers to `target`; else NULL with a line. */
static const data_column *find_reference(table_maker *m, const char *option, const data_table *table,
                                         const char *name, const data_table *target)
{
    const data_column *column = data_table_column(table, name, strlen(name));
    if (column == NULL)
        table_mistake(m, ".%s = \"%s\", but %s has no such field", option, name, table->type->name);
    else if (column->references != target)
        table_mistake(m, ".%s = \"%s\", but that field of %s does not refer to %s", option, name,
                      table->type->name, target->type->name);
    else
        return column;
    return NULL;
}

/** A list of rows that a table of pairs names: it refers to this one (by .by, where that is not clear) and to
 * the item's. */
static void check_through(table_maker *m, const data_table *table, const data_table *item)
{
    const tern_field *field = m->field;
    const data_table *pairs = table_find(m, field->through);
    if (pairs == NULL) {
        table_mistake(m, ".through = %s, which is not given to tern_database", field->through->name);
        return;
    }
    const data_column *near = NULL;
    if (field->by != NULL && (near = find_reference(m, "by", pairs, field->by, table)) == NULL)
        return;
    unsigned to_this = 0, to_item = 0;
    for (unsigned i = 0; i < pairs->column_count; i++) {
        const data_column *column = &pairs->columns[i];
        to_this += near != NULL ? column == near : column->references == table;
        to_item += column != near && column->references == item;
    }
    if (near == NULL && table == item)
        table_mistake(m, "%s refers to %s twice; say with .by which of both is this row's", pairs->type->name,
                      table->type->name);
    else if (to_this != 1 || to_item != 1)
        table_mistake(m, ".through = %s, which has %u foreign keys to %s and %u to %s instead of one to each",
                      pairs->type->name, to_this, table->type->name, to_item, item->type->name);
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
        find_reference(m, "by", other, field->by, table);
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

#include "data/part.h"
#include "app/bind/bind.h"
#include "base/mem.h"
#include "data/misuse.h"

#include <stdio.h>
#include <string.h>

/** A field that both models have. */
typedef struct part_field {
    const field_plan *from, *to; /* in the part, in the table's model */
    const data_column *column;   /* NULL: not stored */
} part_field;

struct data_part {
    data_part *next;
    const tern_type *type;
    const data_table *table;
    unsigned count;
    part_field fields[];
};

/* This worker's parts, one for each pair of models used as part and whole. */
static data_part *parts;

/** Whether a value can be copied from one to the other. Each source file has its own descriptions. */
static bool is_same_type(const tern_type *a, const tern_type *b)
{
    if (a == b)
        return true;
    if (a->kind != b->kind || a->size != b->size || (a->item != NULL) != (b->item != NULL))
        return false;
    if (a->item != NULL)
        return is_same_type(a->item, b->item);
    return (a->kind != TERN_KIND_ENUM && a->kind != TERN_KIND_MODEL) || strcmp(a->name, b->name) == 0;
}

static const field_plan *field_called(const tern_type *type, const char *name)
{
    const type_plan *plan = plan_of(type);
    for (unsigned i = 0; i < type->field_count; i++)
        if (strcmp(plan->fields[i].field->name, name) == 0)
            return &plan->fields[i];
    return NULL;
}

static const data_column *column_of(const data_table *table, const field_plan *f)
{
    for (unsigned i = 0; i < table->column_count; i++)
        if (table->columns[i].plan == f)
            return &table->columns[i];
    return NULL;
}

/** The name of a list or map is that of its items. */
static const char *type_name(const tern_type *type)
{
    return type->kind == TERN_KIND_LIST ? "a list" : type->kind == TERN_KIND_MAP ? "a map" : type->name;
}

/** Whether a TERN_PART declares the field itself: then its use is up to the program. */
static bool is_own(const tern_type *type, const field_plan *f)
{
    const tern_type *whole = type->whole;
    for (unsigned i = 0; whole != NULL && i < whole->field_count; i++)
        if (strcmp(whole->fields[i].name, f->field->name) == 0)
            return false;
    return whole != NULL;
}

/** The field of the part and its counterpart; `to` is NULL when the part alone has it. */
static part_field pair(tern_ctx *c, const data_table *table, const tern_type *type, const field_plan *from)
{
    const char *name = from->field->name;
    const field_plan *to = field_called(table->type, name);
    if (to == NULL && is_own(type, from))
        return (part_field){from, NULL, NULL};
    if (to == NULL)
        data_misuse(c, "%s.%s: %s has no field of that name, so %s is not a part of it", type->name, name,
                    table->type->name, type->name);
    if (!is_same_type(from->type, to->type))
        data_misuse(c, "%s.%s (%s) is not of the same type as %s.%s (%s)", type->name, name,
                    type_name(from->type), table->type->name, name, type_name(to->type));
    return (part_field){from, to, column_of(table, to)};
}

const data_part *data_part_of(tern_ctx *c, const data_table *table, const tern_type *type)
{
    for (data_part *part = parts; part != NULL; part = part->next)
        if (part->type == type && part->table == table)
            return part;
    bind_need_plan(c, type);
    const type_plan *plan = plan_of(type);
    for (unsigned i = 0; i < type->field_count; i++)
        pair(c, table, type, &plan->fields[i]); /* before anything needs cleanup */
    data_part *part = ctx_need(c, mem_alloc(sizeof *part + type->field_count * sizeof *part->fields));
    *part = (data_part){.next = parts, .type = type, .table = table};
    for (unsigned i = 0; i < type->field_count; i++) {
        const part_field both = pair(c, table, type, &plan->fields[i]);
        bool is_copied = both.column != NULL || (both.to != NULL && both.to->field->not_stored);
        if (is_copied) /* the others are related rows, or belong to the part alone */
            part->fields[part->count++] = both;
    }
    parts = part;
    return part;
}

static bool is_given(const part_field *f, const void *change)
{
    uint8_t state = *plan_state(f->from, change);
    return state == TERN_STATE_GIVEN || state == TERN_STATE_NULL;
}

/** A change does not set keys and times. */
static bool is_ours(const part_field *f)
{
    return f->column != NULL && (f->column->is_key || f->column->is_created || f->column->is_updated);
}

column_set data_part_columns(const data_part *part, const void *change)
{
    column_set set = {{0}, false};
    for (unsigned i = 0; i < part->count; i++) {
        const part_field *f = &part->fields[i];
        if (f->column != NULL && is_given(f, change) && !is_ours(f))
            column_set_add(&set, (unsigned)(f->column - part->table->columns));
    }
    return set;
}

static bool refuse_null(tern_ctx *c, const data_part *part, const data_column *column, tern_data_error *error)
{
    data_error why;
    data_refuse(&why, TERN_DATA_NOT_NULL, "%s.%s is given null, which its column never is",
                part->table->type->name, column->plan->field->name);
    snprintf(why.columns, sizeof why.columns, "%s", column->name);
    return data_answer(c, &why, part->table, error);
}

bool data_part_take(tern_ctx *c, const data_part *part, const void *change, void *row, tern_data_error *error)
{
    for (unsigned i = 0; i < part->count; i++) {
        const part_field *f = &part->fields[i];
        bool is_null = *plan_state(f->from, change) == TERN_STATE_NULL;
        if (is_null && f->column != NULL && !f->column->is_nullable && !is_ours(f))
            return refuse_null(c, part, f->column, error);
    }
    for (unsigned i = 0; i < part->count; i++) {
        const part_field *f = &part->fields[i];
        if (!is_given(f, change) || is_ours(f))
            continue;
        bool is_null = *plan_state(f->from, change) == TERN_STATE_NULL;
        memcpy(plan_value(f->to, row), plan_value(f->from, change), f->to->type->size);
        *plan_state(f->to, row) = is_null ? plan_lacking_state(f->to) : TERN_STATE_VALUE;
    }
    return true;
}

void data_part_forget(void)
{
    for (data_part *next; parts != NULL; parts = next) {
        next = parts->next;
        mem_free(parts);
    }
}

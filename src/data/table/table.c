#include "data/table/table.h"

#include "base/name_table.h"
#include "base/text.h"
#include "data/table/maker.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Made before the workers are forked, kept until the process ends. */
static arena tables_memory = {.limit_bytes = SIZE_MAX};
static data_table *tables;
static const data_table **ordered; /* referenced ones first */
static unsigned table_count;
static name_table index_of_names; /* space MODELS: models' names, NAMES: tables' in lower case; number + 1 */

enum { MODELS, NAMES };

void table_mistake(table_maker *m, const char *format, ...)
{
    char line[512];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    m->has_mistakes = true;
    bool ok = m->field != NULL ? buf_add_printf(m->problems, "model %s, field %s: %s\n", m->model->name,
                                                m->field->name, line)
                               : buf_add_printf(m->problems, "model %s: %s\n", m->model->name, line);
    if (!ok)
        m->is_memory_short = true;
}

void *table_zero(table_maker *m, size_t size)
{
    void *block = arena_alloc(m->memory, size);
    if (block == NULL) {
        m->is_memory_short = true;
        return NULL;
    }
    return memset(block, 0, size);
}

bool data_is_same_model(const tern_type *a, const tern_type *b)
{
    if (a == b)
        return true;
    if (a->kind != b->kind || a->size != b->size || a->field_count != b->field_count ||
        strcmp(a->name, b->name) != 0)
        return false;
    for (unsigned i = 0; i < a->field_count; i++)
        if (a->fields[i].offset != b->fields[i].offset ||
            a->fields[i].type->kind != b->fields[i].type->kind ||
            strcmp(a->fields[i].name, b->fields[i].name) != 0)
            return false;
    return true;
}

/** The table whose model is this one, among those of `list`. */
static data_table *find_in(data_table *list, const tern_type *model)
{
    uint32_t number = name_table_find(&index_of_names, MODELS, model->name, strlen(model->name));
    data_table *table = number != 0 ? &list[number - 1] : NULL;
    while (table != NULL && !data_is_same_model(table->type, model))
        table = table->older_namesake;
    return table;
}

data_table *table_find(const table_maker *m, const tern_type *model)
{
    return find_in(m->tables, model);
}

/** Puts the number of a new table under a name; returns the previous number, or 0. */
static uint32_t index_name(table_maker *m, uint32_t space, const char *name, uint32_t number)
{
    size_t len = strlen(name);
    uint32_t older = name_table_find(&index_of_names, space, name, len);
    if (!name_table_put(&index_of_names, space, name, len, number))
        m->is_memory_short = true;
    return older;
}

static void add_table(table_maker *m, tern_type *model)
{
    data_table *table = &m->tables[m->count++];
    *table = (data_table){.type = model, .is_view = model->options.view};
    uint32_t older = index_name(m, MODELS, model->name, m->count);
    if (older != 0)
        table->older_namesake = &m->tables[older - 1];
}

static void check_table_names(table_maker *m)
{
    for (unsigned i = 0; i < m->count && !m->is_memory_short; i++) {
        const data_table *table = &m->tables[i];
        char *name = table_zero(m, strlen(table->name) + 1);
        for (size_t k = 0; name != NULL && table->name[k] != '\0'; k++)
            name[k] = (char)text_lower((unsigned char)table->name[k]);
        uint32_t older = name != NULL && !table->is_view ? index_name(m, NAMES, name, i + 1) : 0;
        if (older == 0)
            continue;
        m->model = table->type;
        table_mistake(m,
                      "its table is called \"%s\", as that of %s; give one of them another .table, or "
                      ".view = true if rows are only read into it",
                      table->name, m->tables[older - 1].type->name);
    }
}

/** Finds the table of each view that has a table's name. */
static void find_bases(table_maker *m)
{
    for (unsigned i = 0; i < m->count; i++)
        for (unsigned k = 0; k < m->count && m->tables[i].is_view; k++)
            if (!m->tables[k].is_view && data_name_equal(m->tables[i].name, m->tables[k].name))
                m->tables[i].of = &m->tables[k];
}

/** Checks the given models: each must be given once and be valid. */
static bool take_models(table_maker *m, tern_type *const *models)
{
    unsigned given = 0;
    while (models[given] != NULL)
        given++;
    m->tables = table_zero(m, (given + 1) * sizeof *m->tables);
    for (unsigned i = 0; i < given && m->tables != NULL; i++) {
        m->model = models[i];
        if (models[i]->kind != TERN_KIND_MODEL)
            table_mistake(m, "is not a model; a table is made of a TERN_MODEL");
        else if (table_find(m, models[i]) != NULL)
            table_mistake(m, "is given twice");
        else if (!schema_prepare(models[i], m->problems))
            m->has_mistakes = true;
        else
            add_table(m, models[i]);
    }
    return !m->has_mistakes && !m->is_memory_short;
}

static void make_tables(table_maker *m)
{
    for (unsigned i = 0; i < m->count && !m->is_memory_short; i++) {
        m->model = m->tables[i].type;
        table_make_columns(m, &m->tables[i]);
    }
    if (m->has_mistakes || m->is_memory_short)
        return; /* the next steps use other tables' columns */
    check_table_names(m);
    find_bases(m);
    for (unsigned i = 0; i < m->count; i++)
        table_make_references(m, &m->tables[i]);
    for (unsigned i = 0; i < m->count; i++)
        table_take_references(&m->tables[i]);
    for (unsigned i = 0; i < m->count; i++)
        table_check_relations(m, &m->tables[i]);
    for (unsigned i = 0; i < m->count && !m->is_memory_short; i++)
        table_make_indexes(m, &m->tables[i]);
}

/** Puts the tables that `table` references before it. Tables that reference each other keep their given
 * order. */
static void put_in_order(data_table *table, bool *is_visited)
{
    unsigned number = (unsigned)(table - tables);
    if (is_visited[number])
        return;
    is_visited[number] = true;
    for (unsigned i = 0; i < table->column_count; i++)
        if (table->columns[i].references != NULL)
            put_in_order(&tables[table->columns[i].references - tables], is_visited);
    table->number = table_count;
    ordered[table_count++] = table;
}

static bool keep(table_maker *m)
{
    bool *is_visited = table_zero(m, m->count + 1);
    ordered = table_zero(m, (m->count + 1) * sizeof *ordered);
    if (is_visited == NULL || ordered == NULL)
        return false;
    tables = m->tables;
    for (unsigned i = 0; i < m->count; i++) {
        put_in_order(&tables[i], is_visited);
        plan_of(tables[i].type)->table = &tables[i];
    }
    return true;
}

bool data_tables_make(tern_type *const *models, buf *problems)
{
    table_maker m = {.memory = &tables_memory, .problems = problems};
    data_tables_forget();
    if (take_models(&m, models))
        make_tables(&m);
    if (!m.has_mistakes && !m.is_memory_short && keep(&m))
        return true;
    data_tables_forget();
    if (m.is_memory_short)
        buf_add_text(problems, "the tables of the models: out of memory\n");
    return false;
}

const data_table *const *data_tables(unsigned *count)
{
    *count = table_count;
    return ordered;
}

/** Another source file's description of a model that is a table: found by comparing, once. */
static const data_table *recognise(const tern_type *type)
{
    const data_table *table = find_in(tables, type);
    if (table == NULL)
        return NULL;
    buf problems = {0};
    if (schema_prepare((tern_type *)(uintptr_t)type, &problems))
        plan_of(type)->table = table;
    buf_free(&problems);
    return table;
}

const data_table *data_table_of(const tern_type *type)
{
    const type_plan *plan = plan_of(type);
    return plan != NULL && plan->table != NULL ? plan->table : recognise(type);
}

const data_table *data_table_of_name(const char *model)
{
    uint32_t number = name_table_find(&index_of_names, MODELS, model, strlen(model));
    return number != 0 ? &tables[number - 1] : NULL;
}

void data_tables_forget(void)
{
    for (unsigned i = 0; i < table_count; i++)
        if (plan_of(tables[i].type) != NULL)
            plan_of(tables[i].type)->table = NULL;
    tables = NULL;
    ordered = NULL;
    table_count = 0;
    name_table_free(&index_of_names);
    arena_free(&tables_memory);
}

const data_column *data_table_column(const data_table *table, const char *name, size_t len)
{
    for (unsigned i = 0; i < table->column_count; i++) {
        const data_column *column = &table->columns[i];
        if (strlen(column->name) == len && memcmp(column->name, name, len) == 0)
            return column;
    }
    for (unsigned i = 0; i < table->column_count; i++) {
        const char *field = table->columns[i].plan->field->name;
        if (strlen(field) == len && memcmp(field, name, len) == 0)
            return &table->columns[i];
    }
    return NULL;
}

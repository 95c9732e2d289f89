#include "data/named.h"
#include "base/mem.h"
#include "data/nested.h"
#include "data/statement.h"

#include <string.h>

static const char no_memory[] = "out of memory for the row";

/** A map under construction, in the request's memory. */
typedef struct map_maker {
    data_run *run;
    const data_row *row;
    const field_plan **fields;
    const char **names;
    rows_nests nests;
    size_t name_bytes;
} map_maker;

static const field_plan *field_of_column(const tern_type *type, const char *name, size_t len)
{
    const type_plan *plan = plan_of(type);
    for (unsigned i = 0; i < type->field_count; i++) {
        const tern_field *field = plan->fields[i].field;
        const char *column = field->column != NULL ? field->column : field->name;
        if (strncmp(column, name, len) == 0 && column[len] == '\0')
            return &plan->fields[i];
    }
    return NULL;
}

/* -- dotted names -- */

/** The number of the model in field `f` of model `parent`; 0 with an error. */
static unsigned nest_of(map_maker *m, unsigned parent, const field_plan *f)
{
    rows_nests *nests = &m->nests;
    for (unsigned i = 1; i < nests->count; i++)
        if (nests->items[i].parent == parent && nests->items[i].field == f)
            return i;
    if (nests->count == NESTS_MOST) {
        data_refuse(&m->run->error, TERN_DATA_REFUSED, "the columns fill more than %d nested models of %s",
                    NESTS_MOST - 1, nests->items[0].type->name);
        return 0;
    }
    nests->items[nests->count] = (rows_nest){
        .type = f->type, .field = f, .offset = nests->items[parent].offset + f->offset, .parent = parent};
    return nests->count++;
}

/** Reports why a step of "author.name" cannot be resolved. */
static bool refuse_step(map_maker *m, const char *name, const tern_type *type, const field_plan *f,
                        const char *step, size_t len)
{
    const char *model = m->nests.items[0].type->name;
    if (f == NULL)
        return data_refuse(&m->run->error, TERN_DATA_REFUSED,
                           "the column \"%s\" is not a field of %s: %s has no field \"%.*s\"", name, model,
                           type->name, (int)len, step);
    return data_refuse(&m->run->error, TERN_DATA_REFUSED,
                       "the column \"%s\" is not a field of %s: %s.%s is %s", name, model, type->name,
                       f->field->name,
                       f->type->kind == TERN_KIND_LIST ? "a list, which tern_preload fills" : "not a model");
}

/** The field of "author.name", and in `*nest` the model that it belongs to; NULL with an error. */
static const field_plan *walk(map_maker *m, const char *name, unsigned *nest)
{
    *nest = 0;
    for (const char *step = name;;) {
        const tern_type *type = m->nests.items[*nest].type;
        size_t len = strcspn(step, ".");
        const field_plan *f = field_of_column(type, step, len);
        bool is_last = step[len] == '\0';
        if (f == NULL || (!is_last && f->type->kind != TERN_KIND_MODEL)) {
            refuse_step(m, name, type, f, step, len);
            return NULL;
        }
        if (is_last)
            return f;
        *nest = nest_of(m, *nest, f);
        if (*nest == 0)
            return NULL;
        step += len + 1;
    }
}

/* -- building -- */

static bool map_column(map_maker *m, unsigned column)
{
    const tern_type *type = m->nests.items[0].type;
    const char *name = m->row->engine->column_name(m->row, column);
    unsigned nest = 0;
    if (name == NULL)
        return data_refuse(&m->run->error, TERN_DATA_FAILED, no_memory);
    const field_plan *f = field_of_column(type, name, strlen(name));
    if (f == NULL && strchr(name, '.') == NULL)
        return data_refuse(&m->run->error, TERN_DATA_REFUSED, "the column \"%s\" is not a field of %s", name,
                           type->name);
    if (f == NULL && (f = walk(m, name, &nest)) == NULL)
        return false;
    for (unsigned i = 0; i < column && nest != 0; i++)
        if (m->fields[i] == f && m->nests.of_column[i] == nest)
            return data_refuse(&m->run->error, TERN_DATA_REFUSED,
                               "two columns are called \"%s\", and %s has one field for them", name,
                               type->name);
    m->fields[column] = f;
    m->names[column] = name;
    m->nests.of_column[column] = (uint8_t)nest;
    m->name_bytes += strlen(name) + 1;
    return true;
}

/** A nested model is filled as a whole, from JSON, or field by field. */
static bool check_nests(const map_maker *m)
{
    for (unsigned i = 1; i < m->nests.count; i++)
        for (unsigned k = 0; k < m->row->columns; k++)
            if (m->fields[k] == m->nests.items[i].field && m->nests.of_column[k] == m->nests.items[i].parent)
                return data_refuse(&m->run->error, TERN_DATA_REFUSED,
                                   "the column \"%s\" is all of a nested model, and others are its fields",
                                   m->names[k]);
    return true;
}

static void *room_for(map_maker *m, size_t count, size_t size)
{
    void *block = arena_alloc(m->run->memory, count * size);
    if (block == NULL)
        data_refuse(&m->run->error, TERN_DATA_FAILED, no_memory);
    return block;
}

static bool make(map_maker *m, const tern_type *type)
{
    const unsigned columns = m->row->columns;
    m->fields = room_for(m, columns, sizeof *m->fields);
    m->names = room_for(m, columns, sizeof *m->names);
    m->nests.of_column = room_for(m, columns, sizeof *m->nests.of_column);
    m->nests.items = room_for(m, NESTS_MOST, sizeof *m->nests.items);
    if (m->fields == NULL || m->names == NULL || m->nests.of_column == NULL || m->nests.items == NULL)
        return false;
    m->nests.items[0] = (rows_nest){.type = type};
    m->nests.count = 1;
    for (unsigned i = 0; i < columns; i++)
        if (!map_column(m, i))
            return false;
    return check_nests(m);
}

/* -- keeping -- */

/** Copies the whole map into the copy_bytes from `to` on. */
static named_map *copy(const map_maker *m, named_map *to)
{
    const unsigned columns = m->row->columns, nests = m->nests.count;
    rows_nests *copied = (rows_nests *)(to + 1);
    rows_nest *items = (rows_nest *)(copied + 1);
    const field_plan **fields = (const field_plan **)(items + nests);
    const char **names = (const char **)(fields + columns);
    uint8_t *of_column = (uint8_t *)(names + columns);
    char *text = (char *)(of_column + columns);
    memcpy(items, m->nests.items, nests * sizeof *items);
    if (columns != 0) {
        memcpy(fields, m->fields, columns * sizeof *fields);
        memcpy(of_column, m->nests.of_column, columns);
    }
    for (unsigned i = 0; i < columns; i++) {
        size_t len = strlen(m->names[i]) + 1;
        names[i] = memcpy(text, m->names[i], len);
        text += len;
    }
    *copied = (rows_nests){.items = items, .count = nests, .of_column = of_column};
    *to = (named_map){.map = {.type = items[0].type,
                              .fields = fields,
                              .count = columns,
                              .nests = nests > 1 ? copied : NULL},
                      .names = names};
    return to;
}

static size_t copy_bytes(const map_maker *m)
{
    return sizeof(named_map) + sizeof(rows_nests) + m->nests.count * sizeof(rows_nest) +
           m->row->columns * (sizeof *m->fields + sizeof *m->names + 1) + m->name_bytes;
}

static bool fits(const named_map *kept, const data_row *row)
{
    if (kept->map.count != row->columns)
        return false;
    for (unsigned i = 0; i < row->columns; i++) {
        const char *name = row->engine->column_name(row, i);
        if (name == NULL || strcmp(kept->names[i], name) != 0)
            return false;
    }
    return true;
}

/** Finds an existing map. While tables are being changed, connections may differ in the columns of `*`. */
static const rows_map *find_kept(const named_map *kept, const data_row *row)
{
    while (kept != NULL && !fits(kept, row))
        kept = kept->older;
    return kept != NULL ? &kept->map : NULL;
}

const rows_map *rows_map_named(data_run *run, const tern_type *type, const data_row *row)
{
    named_map **kept = statement_result(run->statement), *made = NULL;
    const rows_map *found = kept != NULL ? find_kept(*kept, row) : NULL;
    map_maker m = {.run = run, .row = row};
    if (found != NULL)
        return found;
    if (!make(&m, type))
        return NULL;
    if (kept != NULL && (made = mem_alloc(copy_bytes(&m))) != NULL) {
        copy(&m, made)->older = *kept;
        *kept = made;
        return &made->map;
    }
    made = room_for(&m, 1, copy_bytes(&m));
    return made != NULL ? &copy(&m, made)->map : NULL;
}

void named_map_free(named_map *map)
{
    for (named_map *older; map != NULL; map = older) {
        older = map->older;
        mem_free(map);
    }
}

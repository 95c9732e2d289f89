#include "data/rows.h"
#include "app/bind/bind.h"
#include "base/mem.h"
#include "data/misuse.h"

#include <string.h>

/* -- tables and maps -- */

/** Every source file that includes a model has a description of its own, of the same name and layout. */
static const data_table *table_by_name(const tern_type *type)
{
    const data_table *table = data_table_of_name(type->name);
    while (table != NULL && table->type->size != type->size)
        table = table->older_namesake;
    return table;
}

const data_table *data_need_table(tern_ctx *c, const tern_type *type)
{
    const data_table *table = data_table_of(type);
    if (table == NULL)
        table = table_by_name(type);
    if (table == NULL)
        data_misuse(c, "%s is no table: it is not among the models given to tern_database", type->name);
    return table;
}

/* One a table, made when it is first read from. */
static struct {
    rows_map **of_table;
    unsigned count;
} maps;

static rows_map *map_new(const data_table *table)
{
    rows_map *map = mem_alloc(sizeof *map + table->column_count * sizeof *map->fields);
    if (map == NULL)
        return NULL;
    *map = (rows_map){.type = table->type,
                      .fields = (const field_plan **)(map + 1),
                      .count = table->column_count,
                      .is_whole = table->column_count == table->type->field_count};
    for (unsigned i = 0; i < table->column_count; i++)
        map->fields[i] = table->columns[i].plan;
    return map;
}

const rows_map *rows_map_of_table(const data_table *table)
{
    unsigned count, i = table->number;
    if (maps.of_table == NULL) {
        data_tables(&count);
        maps.of_table = mem_zero(count, sizeof *maps.of_table);
        if (maps.of_table == NULL)
            return NULL;
        maps.count = count;
    }
    if (maps.of_table[i] == NULL)
        maps.of_table[i] = map_new(table);
    return maps.of_table[i];
}

void rows_forget(void)
{
    for (unsigned i = 0; i < maps.count; i++)
        mem_free(maps.of_table[i]);
    mem_free(maps.of_table);
    memset(&maps, 0, sizeof maps);
}

const field_plan *rows_field_of_column(const tern_type *type, const char *name)
{
    const type_plan *plan = plan_of(type);
    for (unsigned i = 0; i < type->field_count; i++) {
        const tern_field *field = plan->fields[i].field;
        if (strcmp(field->column != NULL ? field->column : field->name, name) == 0)
            return &plan->fields[i];
    }
    return NULL;
}

bool rows_map_by_name(const tern_type *type, const data_row *row, rows_map *map, data_run *run)
{
    *map = (rows_map){.type = type,
                      .fields = arena_alloc(run->memory, row->columns * sizeof *map->fields),
                      .count = row->columns};
    if (map->fields == NULL)
        return data_refuse(&run->error, TERN_DATA_FAILED, "there is no memory for the row");
    for (unsigned i = 0; i < row->columns; i++) {
        const char *name = row->engine->column_name(row, i);
        map->fields[i] = rows_field_of_column(type, name);
        if (map->fields[i] == NULL)
            return data_refuse(&run->error, TERN_DATA_REFUSED, "the column \"%s\" is not a field of %s", name,
                               type->name);
    }
    return true;
}

/* -- rows -- */

/** Writes all of each field that has a column: engines clear what is null. */
static inline bool read_columns(const rows_map *map, data_run *run, const data_row *row, void *out)
{
    const tern_type *type = map->type;
    for (unsigned i = 0; i < map->count; i++) {
        const field_plan *f = map->fields[i];
        bool is_null = false;
        const char *wanted =
            row->engine->column_read(row, i, f->type, plan_value(f, out), &is_null, run->memory);
        if (wanted != NULL)
            return data_refuse(&run->error, TERN_DATA_FAILED, "what is stored for %s.%s is not %s",
                               type->name, f->field->name, wanted);
        if (is_null && f->type->kind == TERN_KIND_TEXT && !plan_may_lack(f)) /* nobody looks for NULL there */
            return data_refuse(&run->error, TERN_DATA_FAILED, "what is stored for %s.%s is null", type->name,
                               f->field->name);
        *plan_state(f, out) = is_null ? plan_lacking_state(f) : TERN_STATE_VALUE;
    }
    return true;
}

bool rows_read(const rows_map *map, data_run *run, const data_row *row, void *out)
{
    const tern_type *type = map->type;
    if (!map->is_whole) {
        const field_plan *fields = plan_of(type)->fields;
        memset(out, 0, type->size);
        for (unsigned i = 0; i < type->field_count; i++)
            *plan_state(&fields[i], out) = TERN_STATE_ABSENT;
    }
    return read_columns(map, run, row, out);
}

enum { FIRST_ROOM = 8 };

/** The next item of the list; NULL with run->error set. */
static void *next_item(rows_list *list, data_run *run)
{
    size_t size = list->map->type->size;
    if (list->count == list->room) {
        size_t room = list->room != 0 ? 2 * list->room : FIRST_ROOM;
        char *items = arena_alloc(run->memory, room * size);
        if (items == NULL) {
            data_refuse(&run->error, TERN_DATA_FAILED, "there is no memory for %zu rows", room);
            return NULL;
        }
        if (list->count != 0)
            memcpy(items, list->items, list->count * size);
        list->items = items;
        list->room = room;
    }
    return list->items + list->count * size;
}

bool rows_take(data_run *run, const data_row *row)
{
    rows_list *list = run->sink;
    void *item = next_item(list, run);
    if (item == NULL || !rows_read(list->map, run, row, item))
        return false;
    list->count++;
    run->rows++;
    return true;
}

bool rows_take_into(data_run *run, const data_row *row)
{
    rows_list *list = run->sink;
    list->count++;
    run->rows++;
    return rows_read(list->map, run, row, list->items);
}

bool rows_take_onto(data_run *run, const data_row *row)
{
    rows_list *list = run->sink;
    list->count++;
    run->rows++;
    return read_columns(list->map, run, row, list->items);
}

bool rows_take_only(data_run *run, const data_row *row)
{
    rows_take_into(run, row);
    return false;
}

void *rows_as_list(const rows_list *list)
{
    tern_bool_list *header = tern_alloc(list->c, sizeof *header); /* every list begins alike */
    header->items = (bool *)(void *)list->items;
    header->count = list->count;
    return header;
}

#include "data/rows.h"
#include "base/mem.h"
#include "data/misuse.h"
#include "data/nested.h"

#include <string.h>

/* -- tables and maps -- */

/** Every source file that includes a model has its own description of it, with the same name and layout. */
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
        data_misuse(c, "%s is not a table: it is not one of the models given to tern_database", type->name);
    return table;
}

/* One for each table, made when it is first read. */
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

/* -- rows -- */

/** Writes every field that has a column completely: engines clear fields that are null. */
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
        if (is_null && f->type->kind == TERN_KIND_TEXT &&
            !plan_may_lack(f)) /* callers do not check for NULL */
            return data_refuse(&run->error, TERN_DATA_FAILED, "what is stored for %s.%s is null", type->name,
                               f->field->name);
        *plan_state(f, out) = is_null ? plan_lacking_state(f) : TERN_STATE_VALUE;
    }
    return true;
}

void rows_mark_absent(const tern_type *type, void *out)
{
    const field_plan *fields = plan_of(type)->fields;
    for (unsigned i = 0; i < type->field_count; i++)
        *plan_state(&fields[i], out) = TERN_STATE_ABSENT;
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

/* Rarely called, so it is kept out of the code that runs for every row. */
__attribute__((noinline)) bool rows_grow(data_run *run, char **items, size_t *room, size_t size)
{
    size_t more = *room != 0 ? 2 * *room : FIRST_ROOM;
    char *block = arena_alloc(run->memory, more * size);
    if (block == NULL)
        return data_refuse(&run->error, TERN_DATA_FAILED, "out of memory for %zu rows", more);
    if (*room != 0)
        memcpy(block, *items, *room * size);
    *items = block;
    *room = more;
    return true;
}

/** The next item of the list; NULL with run->error set. */
static inline void *next_item(rows_list *list, data_run *run)
{
    if (list->count == list->room && !rows_grow(run, &list->items, &list->room, list->map->type->size))
        return NULL;
    return list->items + list->count * list->map->type->size;
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

bool rows_take_nested(data_run *run, const data_row *row)
{
    rows_list *list = run->sink;
    void *item = next_item(list, run);
    if (item == NULL || !nested_read(list->map, run, row, item))
        return false;
    list->count++;
    run->rows++;
    return true;
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
    rows_list *list = run->sink;
    list->count++;
    run->rows++;
    rows_read(list->map, run, row, list->items);
    return false;
}

void *rows_list_of(tern_ctx *c, void *items, size_t count)
{
    tern_bool_list *header = tern_alloc(c, sizeof *header); /* every list begins the same way */
    *header = (tern_bool_list){.items = items, .count = count};
    return header;
}

void *rows_as_list(const rows_list *list)
{
    return rows_list_of(list->c, list->items, list->count);
}

#include "data/values.h"

#include "data/rows.h"

bool values_check(data_run *run, const data_row *row)
{
    if (row->columns == 1)
        return true;
    if (row->columns == 0)
        return data_refuse(&run->error, TERN_DATA_REFUSED,
                           "the statement gives no column, and one is read (tern_sql_run is for statements "
                           "without rows)");
    return data_refuse(
        &run->error, TERN_DATA_REFUSED,
        "the statement gives %u columns, and one is read (tern_sql reads several into a model)",
        row->columns);
}

/** The address of the next value; NULL with run->error set. */
static void *next_place(value_list *list, data_run *run)
{
    size_t size = list->type->size;
    if (list->count == list->room && !rows_grow(run, &list->items, &list->room, size))
        return NULL;
    return list->items + list->count * size;
}

bool values_take(data_run *run, const data_row *row)
{
    value_list *list = run->sink;
    void *place = values_check(run, row) ? next_place(list, run) : NULL;
    bool is_null = false;
    if (place == NULL)
        return false;
    const char *wanted = row->engine->column_read(row, 0, list->type, place, &is_null, run->memory);
    if (wanted != NULL && list->field == NULL)
        return data_refuse(&run->error, TERN_DATA_FAILED, "a value of the column \"%s\" is not %s",
                           row->engine->column_name(row, 0), wanted);
    if (wanted != NULL)
        return data_refuse(&run->error, TERN_DATA_FAILED, "what is stored for %s.%s is not %s",
                           list->table->type->name, list->field->field->name, wanted);
    if (is_null && list->field != NULL && list->type->kind == TERN_KIND_TEXT && !plan_may_lack(list->field))
        return data_refuse(&run->error, TERN_DATA_FAILED, "what is stored for %s.%s is null",
                           list->table->type->name, list->field->field->name);
    list->count++;
    run->rows++;
    return true;
}

void *values_as_list(tern_ctx *c, const value_list *list)
{
    return rows_list_of(c, list->items, list->count);
}

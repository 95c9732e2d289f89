#include "data/nested.h"

#include <string.h>

/** Reads every column into its model. `*filled` receives a bit for each model that has a value. */
static bool read_columns(const rows_map *map, data_run *run, const data_row *row, char *out, uint64_t *filled)
{
    for (unsigned i = 0; i < map->count; i++) {
        const unsigned number = map->nests->of_column[i];
        const rows_nest *nest = &map->nests->items[number];
        const field_plan *f = map->fields[i];
        char *model = out + nest->offset;
        bool is_null = false;
        const char *wanted =
            row->engine->column_read(row, i, f->type, plan_value(f, model), &is_null, run->memory);
        if (wanted != NULL)
            return data_refuse(&run->error, TERN_DATA_FAILED, "what is stored for %s.%s is not %s",
                               nest->type->name, f->field->name, wanted);
        *plan_state(f, model) = is_null ? plan_lacking_state(f) : TERN_STATE_VALUE;
        *filled |= (uint64_t)!is_null << number;
    }
    return true;
}

/** Records which nested models are present, outer ones first. A model is also present if a model inside it
 * is. */
static bool settle(const rows_nests *nests, data_run *run, char *out, uint64_t *filled)
{
    for (unsigned i = nests->count; i-- > 1;)
        *filled |= (*filled >> i & 1) << nests->items[i].parent;
    for (unsigned i = 1; i < nests->count; i++) {
        const rows_nest *nest = &nests->items[i], *parent = &nests->items[nest->parent];
        uint8_t *state = plan_state(nest->field, out + parent->offset);
        if ((*filled >> i & 1) != 0) {
            *state = TERN_STATE_VALUE;
        } else if (plan_may_lack(nest->field)) {
            memset(out + nest->offset, 0, nest->type->size);
            *state = plan_lacking_state(nest->field);
        } else if ((*filled >> nest->parent & 1) != 0) {
            return data_refuse(&run->error, TERN_DATA_FAILED,
                               "all columns of %s.%s are null, and the field is not .optional",
                               parent->type->name, nest->field->field->name);
        }
    }
    return true;
}

/** Callers do not check for NULL in a text that must have a value. */
static bool check_texts(const rows_map *map, data_run *run, const char *out, uint64_t filled)
{
    for (unsigned i = 0; i < map->count; i++) {
        const rows_nest *nest = &map->nests->items[map->nests->of_column[i]];
        const field_plan *f = map->fields[i];
        bool is_there = (filled >> map->nests->of_column[i] & 1) != 0;
        if (is_there && f->type->kind == TERN_KIND_TEXT && !plan_may_lack(f) &&
            *(const char *const *)plan_value(f, out + nest->offset) == NULL)
            return data_refuse(&run->error, TERN_DATA_FAILED, "what is stored for %s.%s is null",
                               nest->type->name, f->field->name);
    }
    return true;
}

bool nested_read(const rows_map *map, data_run *run, const data_row *row, void *out)
{
    uint64_t filled = 1;
    memset(out, 0, map->type->size);
    for (unsigned i = 0; i < map->nests->count; i++)
        rows_mark_absent(map->nests->items[i].type, (char *)out + map->nests->items[i].offset);
    return read_columns(map, run, row, out, &filled) && settle(map->nests, run, out, &filled) &&
           check_texts(map, run, out, filled);
}

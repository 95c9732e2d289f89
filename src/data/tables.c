#include "data/tables.h"

#include "data/table/table.h"

#include <tern/data.h>

static size_t count_of(tern_type *const *models)
{
    size_t count = 0;
    while (models[count] != NULL)
        count++;
    return count;
}

static bool is_among(tern_type *const *models, size_t count, const tern_type *model)
{
    for (size_t i = 0; i < count; i++)
        if (data_is_same_model(models[i], model))
            return true;
    return false;
}

tern_type **data_tables_join(tern_app *app, tern_type *const *models)
{
    size_t own = count_of(models), room = own + 1;
    for (const data_tables_wanted *wanted = app->tables; wanted != NULL; wanted = wanted->next)
        room += count_of(wanted->models);
    tern_type **all = app_keep(app, room * sizeof(tern_type *));
    if (all == NULL)
        return NULL;
    size_t count = own;
    for (size_t i = 0; i < own; i++)
        all[i] = models[i]; /* with those given twice, which data_tables_make refuses */
    for (const data_tables_wanted *wanted = app->tables; wanted != NULL; wanted = wanted->next)
        for (size_t i = 0; wanted->models[i] != NULL; i++)
            if (!is_among(all, count, wanted->models[i]))
                all[count++] = wanted->models[i];
    return all;
}

/** Refuses tables that have no database. */
static bool prepare(void *arg, buf *problems)
{
    const tern_app *app = arg;
    if (app->has_database)
        return true;
    for (const data_tables_wanted *wanted = app->tables; wanted != NULL; wanted = wanted->next) {
        buf_add_printf(problems, "%s: its tables (", wanted->needed_by);
        for (size_t i = 0; wanted->models[i] != NULL; i++)
            buf_add_printf(problems, "%s%s", i != 0 ? ", " : "", wanted->models[i]->name);
        buf_add_text(problems, ") need a database; call tern_database(app, ...) in main too\n");
    }
    return false;
}

void tern_tables_of(tern_app *app, const char *needed_by, tern_type *const *models)
{
    size_t count = count_of(models);
    data_tables_wanted *wanted = app_keep(app, sizeof *wanted);
    tern_type **kept = app_keep(app, (count + 1) * sizeof(tern_type *));
    if (wanted == NULL || kept == NULL)
        return; /* recorded: app_compile reports it */
    for (size_t i = 0; i < count; i++)
        kept[i] = models[i];
    wanted->needed_by = app_keep_text(app, needed_by != NULL ? needed_by : "tern_tables");
    wanted->models = kept;
    if (app->tables == NULL)
        app_add_hook(app, &(app_hook){.prepare = prepare, .arg = app});
    data_tables_wanted **end = &app->tables;
    while (*end != NULL)
        end = &(*end)->next;
    *end = wanted;
}

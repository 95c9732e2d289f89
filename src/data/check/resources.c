/* The named filters of resources: a filter that clients may use is worth an index. */
#include "data/check/check.h"

#include "data/resource/resource.h"

#include <string.h>

/** A note as tern_select would leave it for one filter. NULL without memory. */
static const tern_sql_note *note_of(arena *a, const resource *r, const data_column *column)
{
    tern_sql_note *note = arena_alloc(a, sizeof *note);
    const tern_resource_options *o = &r->options;
    if (note == NULL)
        return NULL;
    *note = (tern_sql_note){
        .type = r->model,
        .place = arena_printf(a, "%s:%d", o->file, o->line),
        .call = arena_printf(a, "tern_resource(%s, .where = \"\\\"%s\\\" = ?\", .args = filters, .limit = 1)",
                             r->model->name, column->name)};
    return note->place != NULL && note->call != NULL ? note : NULL;
}

static bool add_resource(check_notes *notes, arena *a, const resource *r)
{
    const data_table *table = data_table_of(r->model);
    for (unsigned i = 0; table != NULL && i < r->filter_count; i++) {
        const data_column *column =
            data_table_column(table, r->filters[i]->name, strlen(r->filters[i]->name));
        const tern_sql_note *note = column != NULL ? note_of(a, r, column) : NULL;
        if (column != NULL && (note == NULL || !check_notes_add(notes, a, note)))
            return false;
    }
    return true;
}

bool check_add_resources(check_notes *notes, arena *a, const tern_app *app)
{
    bool is_done = true;
    for (unsigned i = 0; app->router != NULL && i < router_count(app->router) && is_done; i++) {
        const resource *r = data_resource_listed(router_at(app->router, i));
        if (r != NULL && r->options.filters != NULL)
            is_done = add_resource(notes, a, r);
    }
    return is_done;
}

/** The headers with a '_' in their name that an application can read. */
#include "app/openapi/internal.h"
#include "app/provide/provide.h"
#include "base/text.h"

#include <string.h>

static bool has(const app_names *names, const char *name, size_t len)
{
    for (unsigned i = 0; i < names->count; i++)
        if (names->list[i].len == len && text_equal_nocase(names->list[i].data, name, len))
            return true;
    return false;
}

static void add(tern_app *app, const char *name)
{
    app_names *names = &app->underscored;
    size_t len = strlen(name);
    if (strchr(name, '_') == NULL || has(names, name, len))
        return;
    if (names->count == names->room) {
        unsigned room = names->room != 0 ? names->room * 2 : 8;
        tern_str *list = app_keep(app, room * sizeof *list);
        if (list == NULL)
            return;
        if (names->count != 0)
            memcpy(list, names->list, names->count * sizeof *list);
        names->list = list;
        names->room = room;
    }
    names->list[names->count++] = (tern_str){name, len};
}

static void add_input(tern_app *app, const bind_plan *plan)
{
    for (unsigned i = 0; plan != NULL && i < plan->count; i++)
        if (plan->fields[i].source == TERN_FROM_HEADER)
            add(app, plan->fields[i].name);
}

void app_collect_header_names(tern_app *app)
{
    app->underscored.count = 0;
    for (unsigned i = 0; i < router_count(app->router); i++) {
        const route *r = router_at(app->router, i);
        for (unsigned n = 0; n < provide_input_count(r); n++)
            add_input(app, provide_input(r, n));
    }
    for (const openapi_scheme *scheme = app->schemes; scheme != NULL; scheme = scheme->next)
        if (scheme->options.type == TERN_SECURITY_API_KEY_HEADER && scheme->options.key != NULL)
            add(app, scheme->options.key);
}

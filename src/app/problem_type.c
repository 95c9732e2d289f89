/** Kinds of problems that an application declares, and their members. */
#include "app/problem_type.h"

#include "app/bind/bind.h"
#include "schema/json/json.h"

#include <tern/log.h>

#include <string.h>

const problem_type *problem_type_find(const tern_app *app, tern_str type)
{
    for (const problem_type *t = app->problem_types; t != NULL; t = t->next)
        if (strlen(t->type) == type.len && memcmp(t->type, type.data, type.len) == 0)
            return t;
    return NULL;
}

void tern_problem_type_with(tern_app *app, const char *type, int status,
                            const tern_problem_type_options *options)
{
    const char *wrong = type == NULL || *type == '\0' ? "needs a URI that names it"
                        : strpbrk(type, " ,\"\\\r\n\t") != NULL
                            ? "must not have spaces, commas, quotes or backslashes"
                        : status < 400 || status > 599 ? "needs a status of 400 to 599"
                        : problem_type_find(app, (tern_str){type, strlen(type)}) != NULL ? "is declared twice"
                                                                                         : NULL;
    if (wrong != NULL) {
        tern_mistake(app, "tern_problem_type(\"%s\") %s", type != NULL ? type : "", wrong);
        return;
    }
    problem_type *added = app_keep(app, sizeof *added);
    if (added == NULL)
        return;
    *added = (problem_type){.next = app->problem_types,
                            .type = app_keep_text(app, type),
                            .status = status,
                            .title = app_keep_text(app, options->title),
                            .description = app_keep_text(app, options->description),
                            .model = options->model};
    if (added->type != NULL)
        app->problem_types = added;
}

const char *tern_print_members_(tern_ctx *c, const tern_type *type, const void *members)
{
    json_out out;
    bind_need_plan(c, type);
    json_out_init(&out, ctx_arena(c), type->size * 2);
    if (type->kind != TERN_KIND_MODEL || members == NULL || !json_encode(type, members, &out)) {
        char label[160];
        tern_log(TERN_LOG_ERROR, "%s: the members of a problem, of the type %s, cannot be written as JSON",
                 ctx_route_label(c, label, sizeof label), type->name);
        return NULL;
    }
    return ctx_text(c, (tern_str){out.data, out.len});
}

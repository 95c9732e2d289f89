/** An application's own kinds of parameters. */
#include "app/ctx.h"
#include "app/router/kind.h"

#include <string.h>

/** The mistake in the declaration; NULL if none. */
static const char *mistake_in(const tern_app *app, const char *name, bool has_check,
                              const tern_route_kind_options *options)
{
    static const char first[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
                      others[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    size_t len = strlen(name);
    if (len == 0 || strchr(first, name[0]) == NULL || strspn(name, others) != len)
        return "needs a name of letters, digits, '-' and '_', that begins with a letter";
    if (strcmp(name, "int") == 0 || strcmp(name, "uuid") == 0 ||
        route_kind_find(app->kinds, (tern_str){name, len}) != NULL)
        return "needs a unique name; this one is taken";
    return has_check || options->pattern != NULL ? NULL : "needs a function that checks values, or .pattern";
}

void tern_route_kind_with(tern_app *app, const char *name, bool (*check)(tern_str value),
                          const tern_route_kind_options *options)
{
    name = name != NULL ? name : "";
    const char *mistake = mistake_in(app, name, check != NULL, options);
    if (mistake != NULL) {
        tern_mistake(app, "tern_route_kind(\"%s\") %s", name, mistake);
        return;
    }
    route_kind *kind = app_keep(app, sizeof *kind);
    if (kind == NULL)
        return;
    *kind = (route_kind){
        .next = app->kinds,
        .name = app_keep_text(app, name),
        .check = check,
        .pattern = app_keep_text(app, options->pattern),
        .format = app_keep_text(app, options->format),
        .description = app_keep_text(app, options->description),
        .example = app_keep_text(app, options->example),
    };
    if (kind->name != NULL)
        app->kinds = kind;
}

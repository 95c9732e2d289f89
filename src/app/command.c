#include "app/command.h"

#include <stdlib.h>

void app_add_command(tern_app *app, const app_command *command)
{
    app_command *kept = app_keep(app, sizeof *kept), **end = &app->commands;
    if (kept == NULL)
        return;
    *kept = *command;
    kept->next = NULL;
    while (*end != NULL)
        end = &(*end)->next;
    *end = kept;
}

void app_add_launch(tern_app *app, const app_launch *launch)
{
    app_launch *kept = app_keep(app, sizeof *kept), **end = &app->launches;
    if (kept == NULL)
        return;
    *kept = *launch;
    kept->next = NULL;
    while (*end != NULL)
        end = &(*end)->next;
    *end = kept;
}

const char *app_database_url(const tern_app *app)
{
    if (app->database_url != NULL)
        return app->database_url;
    const char *url = getenv("TERN_DATABASE_URL"); /* tests run without the command line's settings */
    return url != NULL && *url != '\0' ? url : NULL;
}

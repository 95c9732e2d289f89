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

bool app_may_launch(const tern_app *app, const app_launching *how, buf *problems)
{
    bool may = true;
    for (const app_launch *launch = app->launches; launch != NULL && may; launch = launch->next)
        may = launch->check(launch->arg, how, problems);
    return may;
}

/* Tests run without the command line's settings. */
static const char *setting_or_variable(const char *setting, const char *variable)
{
    const char *value = setting != NULL ? setting : getenv(variable);
    return value != NULL && *value != '\0' ? value : NULL;
}

const char *app_database_url(const tern_app *app)
{
    return setting_or_variable(app->database_url, "TERN_DATABASE_URL");
}

const char *app_database_prepare(const tern_app *app)
{
    return setting_or_variable(app->database_prepare, "TERN_DATABASE_PREPARE");
}

const char *app_redis_url(const tern_app *app)
{
    return setting_or_variable(app->redis_url, "TERN_REDIS_URL");
}

const char *app_mail_url(const tern_app *app)
{
    return setting_or_variable(app->mail_url, "TERN_MAIL_URL");
}

const char *app_mail_from(const tern_app *app)
{
    return setting_or_variable(app->mail_from, "TERN_MAIL_FROM");
}

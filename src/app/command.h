/**
 * Commands that other layers give an application: `APP migrate`, `APP db`.
 *
 * They run in the one process that was started, without workers or a loop.
 */
#ifndef APP_COMMAND_H
#define APP_COMMAND_H

#include "app/ctx.h"

typedef struct app_command {
    struct app_command *next;
    const char *name, *help; /* "migrate", "bring the database up to date" */
    /** After app_prepare. `arguments` are the words behind the name but for the flags of settings; `program`
     * is what people type. Returns the exit code. */
    int (*run)(void *arg, const char *program, int count, char **arguments);
    void *arg;
} app_command;

/** How the application is being started. */
typedef struct app_launching {
    const char *program; /* what people type */
    unsigned workers;    /* processes; 0: this one alone */
} app_launching;

/** Something that must be right before the workers are forked: false with lines in `problems`. */
typedef struct app_launch {
    struct app_launch *next;
    bool (*check)(void *arg, const app_launching *how, buf *problems);
    void *arg;
} app_launch;

/** Adds a copy of `command`, which then stands in --help. */
void app_add_command(tern_app *app, const app_command *command);
/** Adds a check that `run` makes in the process that is to be the master. */
void app_add_launch(tern_app *app, const app_launch *launch);

/** The URL of --database-url or TERN_DATABASE_URL; NULL when neither is given. It may hold a password: not
 * for logs. */
const char *app_database_url(const tern_app *app);
/** The word of --database-prepare or TERN_DATABASE_PREPARE; NULL when neither is given. */
const char *app_database_prepare(const tern_app *app);

#endif

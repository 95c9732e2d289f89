/**
 * Commands that other layers add to an application: `APP migrate`, `APP db`.
 *
 * They run in the process that was started, without workers or a loop.
 */
#ifndef APP_COMMAND_H
#define APP_COMMAND_H

#include "app/ctx.h"

typedef struct app_command {
    struct app_command *next;
    const char *name, *help; /* "migrate", "bring the database up to date" */
    /** After app_prepare. `arguments` are the words after the name, except the flags of settings; `program`
     * is the name that users type. Returns the exit code. */
    int (*run)(void *arg, const char *program, int count, char **arguments);
    void *arg;
} app_command;

/** How the application is being started. */
typedef struct app_launching {
    const char *program; /* as users type it */
    unsigned workers;    /* processes; 0: only this one */
    bool is_command;     /* it does not serve: only what a command of tern_command needs counts */
} app_launching;

/** A check before the workers are forked: false with lines in `problems`. */
typedef struct app_launch {
    struct app_launch *next;
    bool (*check)(void *arg, const app_launching *how, buf *problems);
    void *arg;
} app_launch;

/** Adds a copy of `command`, which is then listed in --help. */
void app_add_command(tern_app *app, const app_command *command);
/** Makes all checks; false with their lines in `problems`. */
bool app_may_launch(const tern_app *app, const app_launching *how, buf *problems);
/** Adds a check that `run` makes in the process that becomes the master. */
void app_add_launch(tern_app *app, const app_launch *launch);

/** The URL of --database-url or TERN_DATABASE_URL; NULL when neither is given. It may contain a password:
 * never log it. */
const char *app_database_url(const tern_app *app);
/** The word of --database-prepare or TERN_DATABASE_PREPARE; NULL when neither is given. */
const char *app_database_prepare(const tern_app *app);
/** The URL of --redis or TERN_REDIS_URL; NULL when neither is given. It may contain a password. */
const char *app_redis_url(const tern_app *app);
/** The URL of --mail-url or TERN_MAIL_URL, which may contain a password, and the sender of --mail-from or
 * TERN_MAIL_FROM; NULL when neither is given. */
const char *app_mail_url(const tern_app *app);
const char *app_mail_from(const tern_app *app);

#endif

/* tern_command: commands of the application itself. */
#include "app/command.h"
#include "app/command_work.h"

#include <stdio.h>

typedef struct own_command {
    tern_app *app;
    const char *name;
    int (*run)(tern_ctx *c, int count, char **words);
} own_command;

typedef struct own_call {
    const own_command *command;
    int count, code;
    char **words;
} own_call;

static void work(tern_ctx *c, void *arg)
{
    own_call *call = arg;
    call->code = call->command->run(c, call->count, call->words);
}

static int run(void *arg, const char *program, int count, char **words)
{
    own_call call = {.command = arg, .count = count, .words = words, .code = 1};
    const app_launching how = {.program = program, .is_command = true};
    buf problem = {0};
    bool may = app_may_launch(call.command->app, &how, &problem);
    bool is_done = may && app_run_command_work(call.command->app, work, &call, &problem);
    fflush(stdout);
    if (!is_done) {
        const char *why = problem.data != NULL ? problem.data : "out of memory";
        fprintf(stderr, may ? "%s: %s: %s\n" : "%s: %s: %s", program, call.command->name, why);
    }
    buf_free(&problem);
    return is_done ? call.code : 1;
}

void tern_command(tern_app *app, const char *name, const char *help,
                  int (*run_own)(tern_ctx *c, int count, char **words))
{
    own_command *kept = app_keep(app, sizeof *kept);
    if (kept == NULL)
        return; /* recorded: app_compile reports it */
    *kept = (own_command){app, app_keep_text(app, name), run_own};
    app_add_command(
        app, &(app_command){.name = kept->name, .help = app_keep_text(app, help), .run = run, .arg = kept});
}

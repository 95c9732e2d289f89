#include "data/seed.h"

#include "app/command_work.h"
#include "data/execute.h"
#include "data/worker_database.h"

#include <stdio.h>

/** Kept as the argument of a hook, whose `prepare` identifies it as a seed. */
typedef struct seed {
    void (*fill)(tern_ctx *c);
    const char *name;
} seed;

static bool prepare(void *arg, buf *problems)
{
    const seed *s = arg;
    if (s->fill == NULL)
        buf_add_text(problems, "tern_seed: pass it a function\n");
    return s->fill != NULL;
}

void tern_seed_of(tern_app *app, void (*fill)(tern_ctx *c), const char *name)
{
    seed *s = app_keep(app, sizeof *s);
    if (s == NULL)
        return; /* recorded: app_compile reports it */
    *s = (seed){fill, app_keep_text(app, name)};
    app_add_hook(app, &(app_hook){.prepare = prepare, .arg = s});
}

/** The current function, for the line that reports where it failed. */
typedef struct seeding {
    const seed *now;
    char words[DATA_WORDS_BYTES]; /* of the failure that ended it: cleared before each attempt */
} seeding;

static void fill_one(tern_ctx *c, void *arg)
{
    seeding *run = arg;
    run->words[0] = '\0';
    run->now->fill(c);
}

static void try_to_fill(tern_ctx *c, void *arg)
{
    tern_transact(c, fill_one, arg);
}

/** Runs the function; its failure is reported with the engine's message, which is not in a log. */
static void fill_in_transaction(tern_ctx *c, seeding *run)
{
    unwind_reason why = ctx_guard(c, try_to_fill, run);
    const char *detail = c->scope.problem_detail;
    if (why == UNWIND_NONE)
        return;
    if (why == UNWIND_FAIL && run->words[0] != '\0')
        detail = detail == NULL ? run->words : tern_sprintf(c, "%s (%s)", detail, run->words);
    if (why == UNWIND_FAIL)
        ctx_fail(c, c->scope.problem_status, detail);
    unwind_throw(why);
}

static void run_all(tern_ctx *c, void *arg)
{
    seeding *run = arg;
    data_request_of(c)->words = run->words;
    for (const app_hook *hook = c->app->hooks; hook != NULL; hook = hook->next) {
        if (hook->prepare != prepare)
            continue;
        run->now = hook->arg;
        fill_in_transaction(c, run);
        printf("seeded  %s\n", run->now->name);
    }
    if (run->now == NULL)
        printf("Nothing to seed: the program passes no function to tern_seed.\n");
}

bool data_seed_run(tern_app *app, buf *problem)
{
    seeding run = {0};
    buf why = {0};
    bool is_done = app_run_command_work(app, run_all, &run, &why);
    if (!is_done) {
        if (run.now != NULL)
            buf_add_printf(problem, "%s: ", run.now->name);
        buf_add(problem, why.data, why.len);
    }
    buf_free(&why);
    return is_done;
}

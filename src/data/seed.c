#include "data/seed.h"

#include "app/alone.h"
#include "data/execute.h"
#include "data/worker.h"

#include <stdio.h>

/** Kept as the argument of a hook, whose `prepare` tells that it is one. */
typedef struct seed {
    void (*fill)(tern_ctx *c);
    const char *name;
} seed;

static bool prepare(void *arg, buf *problems)
{
    const seed *s = arg;
    if (s->fill == NULL)
        buf_add_text(problems, "tern_seed: is given no function\n");
    return s->fill != NULL;
}

void tern_seed_of(tern_app *app, void (*fill)(tern_ctx *c), const char *name)
{
    seed *s = app_keep(app, sizeof *s);
    if (s == NULL)
        return; /* noted: app_compile says so */
    *s = (seed){fill, app_keep_text(app, name)};
    app_add_hook(app, &(app_hook){.prepare = prepare, .arg = s});
}

/** What is being run, for the line that says where it failed. */
typedef struct seeding {
    const seed *now;
    char words[200];
} seeding;

static void fill_one(tern_ctx *c, void *arg)
{
    const seed *s = arg;
    s->fill(c);
}

static void run_all(tern_ctx *c, void *arg)
{
    seeding *run = arg;
    data_request_of(c)->words = run->words;
    for (const app_hook *hook = c->app->hooks; hook != NULL; hook = hook->next) {
        if (hook->prepare != prepare)
            continue;
        run->now = hook->arg;
        tern_transact(c, fill_one, hook->arg);
        printf("seeded  %s\n", run->now->name);
    }
    if (run->now == NULL)
        printf("There is nothing to seed: no function is given to tern_seed.\n");
}

bool data_seed_run(tern_app *app, buf *problem)
{
    seeding run = {0};
    buf why = {0};
    bool is_done = app_run_alone(app, run_all, &run, &why);
    if (!is_done) {
        if (run.now != NULL)
            buf_add_printf(problem, "%s: ", run.now->name);
        buf_add(problem, why.data, why.len);
        if (run.words[0] != '\0')
            buf_add_printf(problem, " (%s)", run.words);
    }
    buf_free(&why);
    return is_done;
}

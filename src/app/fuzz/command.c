/* TERN_FUZZ as a test among others, and `tests fuzz` with its command line. */
#include "app/fuzz/internal.h"
#include "base/clock.h"
#include "base/random.h"
#include "base/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { USUAL_REQUESTS = 2000, USUAL_SECONDS = 20, USUAL_STEP_S = 5, EXIT_USAGE = 2, NAMES_MOST = 32 };

static tern_fuzz *first;
static tern_fuzz **end = &first;

static int fuzz_main(tern_app *(*make_app)(void), int argc, char **argv);

void tern_fuzz_register(tern_fuzz *fuzz)
{
    *end = fuzz;
    end = &fuzz->next;
    test_fuzz_main = fuzz_main;
}

/* -- a run -- */

/** "POST /mail, GET /slow": splits a list of routes, NULL-ended; NULL when it is empty. */
static const char *const *split(arena *a, const char *list)
{
    size_t count = 1, at = 0;
    if (list == NULL || *list == '\0')
        return NULL;
    for (const char *p = list; *p != '\0'; p++)
        count += *p == ',';
    const char **names = test_need(arena_alloc(a, (count + 1) * sizeof *names));
    while (*list != '\0') {
        list += strspn(list, ", ");
        size_t len = strcspn(list, ",");
        if (len > 0)
            names[at++] = test_need(arena_text(a, list, len));
        list += len;
    }
    names[at] = NULL;
    return names;
}

/** The first of the names that no route has: it would not select any. NULL when all match a route. */
static const char *unknown_name(const tern_app *app, const char *const *names)
{
    for (; names != NULL && *names != NULL; names++) {
        const char *path = strchr(*names, ' ');
        bool is_known = false;
        path = path != NULL ? path + 1 : *names;
        size_t len = strlen(path), most = len > 0 && path[len - 1] == '*' ? len - 1 : len + 1;
        for (unsigned i = 0; i < router_count(app->router); i++)
            is_known |= strncmp(router_at(app->router, i)->pattern, path, most) == 0;
        if (!is_known)
            return *names;
    }
    return NULL;
}

/** Starts the application, in the process of each case. */
static bool prepare(fuzz_run *run, tern_app *(*make_app)(void), app_testing *testing, buf *problems)
{
    char *no_arguments[] = {(char *)"test", NULL};
    run->app = make_app();
    if (run->app == NULL) {
        buf_add_text(problems, "make_app returned NULL\n");
        return false;
    }
    run->app->testing = testing;
    if (!settings_read(run->settings, &run->app->options, NULL, 1, no_arguments, problems) ||
        !app_prepare(run->app, problems))
        return false;
    for (unsigned i = 0; i < router_count(run->app->router); i++) {
        const tern_type *returns = router_at(run->app->router, i)->options.returns;
        if (returns != NULL)
            fuzz_returns_prepare(run->arena, returns);
    }
    const char *unknown = unknown_name(run->app, run->only);
    if (unknown == NULL)
        unknown = unknown_name(run->app, run->skip);
    if (unknown != NULL)
        buf_add_printf(problems, "fuzz: no route is called \"%s\" (of .routes or .skip)\n", unknown);
    return unknown == NULL;
}

static bool open_shared(fuzz_run *run)
{
    void *shared = mmap(NULL, sizeof *run->shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    run->output_fd = memfd_create("tern-fuzz-output", MFD_CLOEXEC);
    if (shared == MAP_FAILED || run->output_fd < 0)
        return false;
    run->shared = shared;
    return true;
}

/** Runs everything and appends the report; false when it could not run. */
static bool run_all(fuzz_run *run, tern_app *(*make_app)(void), buf *out)
{
    app_testing testing = {0};
    settings standard;
    uint64_t began = clock_ns();
    unsigned number = 0;
    run->settings = &standard;
    run->findings_end = &run->findings;
    if (!prepare(run, make_app, &testing, out) || !open_shared(run)) {
        if (out->len == 0)
            buf_add_printf(out, "fuzz: %s\n", strerror(errno));
        return false;
    }
    bool is_run = fuzz_drive(run);
    if (!is_run)
        buf_add_printf(out, "fuzz: %s\n",
                       run->error == ECANCELED ? "the application cannot start" : strerror(run->error));
    fuzz_print_summary(run, (clock_ns() - began) / 1000000, out);
    for (const fuzz_finding *f = run->findings; f != NULL; f = f->next)
        fuzz_print(run, f, ++number, out);
    munmap(run->shared, sizeof *run->shared);
    close(run->output_fd);
    app_free(run->app);
    return is_run;
}

static fuzz_run *run_of(const tern_fuzz *fuzz, arena *a)
{
    fuzz_run *run = test_need(arena_alloc(a, sizeof *run));
    memset(run, 0, sizeof *run);
    run->options = fuzz;
    run->arena = a;
    run->seed = fuzz->seed != 0 ? fuzz->seed : 1;
    run->most_requests = fuzz->requests != 0 ? fuzz->requests : USUAL_REQUESTS;
    run->seconds = fuzz->time_s != 0 ? fuzz->time_s : USUAL_SECONDS;
    run->step_ms = 1000 * (fuzz->request_s != 0 ? fuzz->request_s : USUAL_STEP_S);
    run->skip = split(a, fuzz->skip);
    run->only = split(a, fuzz->routes);
    run->headers = fuzz->headers;
    return run;
}

void tern_fuzz_run(tern_test *t, const tern_fuzz *fuzz)
{
    buf out = {0};
    fuzz_run *run = run_of(fuzz, &t->arena);
    bool is_sound = run_all(run, t->make_app, &out) && run->finding_count == 0;
    if (!is_sound) {
        buf reason = {0};
        test_add_place(&reason, fuzz->file, fuzz->line);
        buf_add_text(&reason, out.failed ? "out of memory\n" : out.data);
        test_fail_text(&reason);
    }
    buf_free(&out);
}

/* -- the command line -- */

static const char help[] =
    "usage: %s fuzz [--seed N] [--requests N] [--seconds S] [--route ROUTE]... [--skip ROUTE]...\n"
    "       [--header LINE]... [--timeout S] [--database-url URL] [WORD]\n"
    "\n"
    "Sends requests that the models of the routes allow, and requests that they do not allow, and prints\n"
    "a test for each promise that is broken. WORD chooses among several TERN_FUZZ by their names.\n"
    "\n"
    "  --seed N           repeat the requests of this seed (default: a random seed, which is printed)\n"
    "  --requests N       how many (default: 20000)\n"
    "  --seconds S        how long at most (default: 60)\n"
    "  --route ROUTE      only this one, as it is declared: \"POST /todos\", \"/todos/{id}\", \"/admin/*\"\n"
    "  --skip ROUTE       all but this one\n"
    "  --header LINE      a header of every request: \"Authorization: Bearer x\"\n"
    "  --timeout S        how long one request may take (default: 5)\n"
    "  --database-url URL which database, in transactions that are rolled back (or TERN_DATABASE_URL)\n";

typedef struct fuzz_arguments {
    uint64_t seed, requests, seconds, timeout;
    const char *routes[NAMES_MOST], *skipped[NAMES_MOST], *headers[NAMES_MOST]; /* NULL-ended */
    const char *database_url, *word;
    const char *problem, *problem_with;
    bool wants_help;
} fuzz_arguments;

static void add_to(fuzz_arguments *o, const char **list, const char *value, const char *flag)
{
    unsigned count = 0;
    while (list[count] != NULL)
        count++;
    if (count + 1 < NAMES_MOST) {
        list[count] = value;
        return;
    }
    o->problem = "is given too many times";
    o->problem_with = flag;
}

static void take_flag(fuzz_arguments *o, const char *flag, const char *value)
{
    const struct {
        const char *name;
        uint64_t *number;
        const char **text, **list;
    } flags[] = {{"--seed", &o->seed, NULL, NULL},       {"--requests", &o->requests, NULL, NULL},
                 {"--seconds", &o->seconds, NULL, NULL}, {"--timeout", &o->timeout, NULL, NULL},
                 {"--route", NULL, NULL, o->routes},     {"--skip", NULL, NULL, o->skipped},
                 {"--header", NULL, NULL, o->headers},   {"--database-url", NULL, &o->database_url, NULL}};
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        if (strcmp(flag, flags[i].name) != 0)
            continue;
        bool is_number = flags[i].number != NULL && value != NULL &&
                         text_get_u64(value, strlen(value), flags[i].number) && *flags[i].number > 0;
        if (value == NULL || (flags[i].number != NULL && !is_number)) {
            o->problem = flags[i].number != NULL ? "needs a number of at least 1" : "needs a value";
            o->problem_with = flag;
        } else if (flags[i].text != NULL) {
            *flags[i].text = value;
        } else if (flags[i].list != NULL) {
            add_to(o, flags[i].list, value, flag);
        }
        return;
    }
    o->problem = "is unknown; --help lists every option";
    o->problem_with = flag;
}

static void read_arguments(fuzz_arguments *o, int argc, char **argv)
{
    for (int at = 2; at < argc && o->problem == NULL; at++) {
        if (strcmp(argv[at], "--help") == 0)
            o->wants_help = true;
        else if (argv[at][0] != '-')
            o->word = argv[at];
        else {
            take_flag(o, argv[at], at + 1 < argc ? argv[at + 1] : NULL);
            at++;
        }
    }
}

static int run_one(const tern_fuzz *fuzz, const fuzz_arguments *o, tern_app *(*make_app)(void))
{
    enum { REQUESTS = 20000, SECONDS = 60 };
    static tern_test self; /* owns the memory of the run */
    const tern_test_case test = {.name = fuzz->name, .file = fuzz->file, .line = fuzz->line};
    buf out = {0};
    self = (tern_test){.test = &test, .make_app = make_app, .report_fd = STDERR_FILENO};
    test_current = &self;
    arena_init(&self.arena, NULL, 0, SIZE_MAX / 2);
    fuzz_run *run = run_of(fuzz, &self.arena);
    run->most_requests = o->requests != 0 ? o->requests : REQUESTS;
    run->seconds = (unsigned)(o->seconds != 0 ? o->seconds : SECONDS);
    run->seed = o->seed;
    if (o->timeout != 0)
        run->step_ms = (unsigned)o->timeout * 1000;
    if (o->routes[0] != NULL)
        run->only = o->routes;
    if (o->skipped[0] != NULL)
        run->skip = o->skipped;
    if (o->headers[0] != NULL)
        run->headers = o->headers;
    bool is_run = run_all(run, make_app, &out);
    fputs(out.failed ? "out of memory\n" : out.data, is_run ? stdout : stderr);
    int code = is_run && run->finding_count == 0 ? 0 : 1;
    buf_free(&out);
    arena_free(&self.arena);
    test_current = NULL;
    return code;
}

/** Refuses names that match no route. */
static bool are_known(const fuzz_arguments *o, tern_app *(*make_app)(void), const char *program)
{
    buf problems = {0};
    tern_app *app = make_app();
    bool is_right = app != NULL && app_compile(app, &problems);
    const char *unknown = is_right ? unknown_name(app, o->routes) : NULL;
    if (is_right && unknown == NULL)
        unknown = unknown_name(app, o->skipped);
    if (unknown != NULL)
        fprintf(stderr, "%s fuzz: no route is called \"%s\"; `%s --serve routes` lists them\n", program,
                unknown, program);
    buf_free(&problems);
    if (app != NULL)
        app_free(app);
    return unknown == NULL; /* the run reports other mistakes */
}

static int fuzz_main(tern_app *(*make_app)(void), int argc, char **argv)
{
    const char *program = argv[0];
    fuzz_arguments o = {0};
    int code = 0;
    bool has_run = false;
    read_arguments(&o, argc, argv);
    if (o.wants_help) {
        printf(help, program);
        return 0;
    }
    if (o.problem != NULL) {
        fprintf(stderr, "%s fuzz: %s %s\n", program, o.problem_with, o.problem);
        return EXIT_USAGE;
    }
    if (o.database_url != NULL && setenv("TERN_DATABASE_URL", o.database_url, 1) != 0)
        return 1;
    if (!are_known(&o, make_app, program))
        return EXIT_USAGE;
    if (test_prepare(make_app, program, USUAL_SECONDS) == TEST_GROUND_BAD)
        return 1;
    if (o.seed == 0 && !random_bytes(&o.seed, sizeof o.seed))
        o.seed = clock_ns();
    o.seed = o.seed % 1000000007 + (o.seed % 1000000007 == 0);
    for (const tern_fuzz *fuzz = first; fuzz != NULL; fuzz = fuzz->next) {
        if (o.word != NULL && strstr(fuzz->name, o.word) == NULL)
            continue;
        has_run = true;
        code |= run_one(fuzz, &o, make_app);
    }
    if (!has_run)
        fprintf(stderr, "%s fuzz: no TERN_FUZZ has \"%s\" in its name\n", program, o.word);
    return has_run ? code : EXIT_USAGE;
}

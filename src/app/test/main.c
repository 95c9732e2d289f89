/* The program that runs an application's tests: its command line, and the selection of tests. */
#include "app/cores.h"
#include "app/test/internal.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { EXIT_USAGE = 2, MOST_JOBS = 256, MOST_SECONDS = 86400, STANDARD_SECONDS = 30 };

int (*test_fuzz_main)(tern_app *(*make_app)(void), int argc, char **argv);

static tern_test_case *first_test;
static tern_test_case **last_test = &first_test;

void tern_test_register(tern_test_case *test)
{
    *last_test = test;
    last_test = &test->next;
}

static const char help[] =
    "usage: %s [--jobs N] [--timeout SECONDS] [--database-url URL] [--tap] [--junit FILE] [WORD...]\n"
    "       %s --list | --serve [ARGUMENTS] | --help\n"
    "\n"
    "Runs the tests whose name contains one of the words, or all tests.\n"
    "\n"
    "  --jobs N           run N tests at a time (default: one per core)\n"
    "  --timeout SECONDS  how long a test may take that has no time of its own (default: 30)\n"
    "  --database-url URL which database the tests work on, in transactions that are rolled back\n"
    "                     (or TERN_DATABASE_URL; default: the application's own, and instead of a\n"
    "                     SQLite file of its own one in memory for each test)\n"
    "  --tap              print TAP on a terminal too\n"
    "  --junit FILE       also write the results as JUnit XML\n"
    "  --list             print the tests' names\n"
    "  --serve            run the application itself, with the arguments that follow\n";

typedef struct test_options {
    unsigned jobs, seconds, tap, list, help;
    const char *junit, *database_url;
    char **words; /* the remaining arguments, at the front of argv */
    unsigned word_count;
    const char *problem, *problem_with; /* NULL: none */
} test_options;

static bool take_number(const char *text, uint64_t most, unsigned *out)
{
    uint64_t number;
    if (text == NULL || !text_get_u64(text, strlen(text), &number) || number == 0 || number > most)
        return false;
    *out = (unsigned)number;
    return true;
}

/** Reads the flag argv[*at] and its value. */
static void take_flag(test_options *o, int argc, char **argv, int *at)
{
    const struct {
        const char *name;
        unsigned *number;
        uint64_t most; /* 0: a switch */
        const char **text;
    } flags[] = {{"--jobs", &o->jobs, MOST_JOBS, NULL},
                 {"--timeout", &o->seconds, MOST_SECONDS, NULL},
                 {"--tap", &o->tap, 0, NULL},
                 {"--list", &o->list, 0, NULL},
                 {"--help", &o->help, 0, NULL},
                 {"--junit", NULL, 0, &o->junit},
                 {"--database-url", NULL, 0, &o->database_url}};
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        if (strcmp(argv[*at], flags[i].name) != 0)
            continue;
        if (flags[i].text == NULL && flags[i].most == 0) {
            *flags[i].number = 1;
            return;
        }
        const char *value = *at + 1 < argc ? argv[++*at] : NULL;
        if (flags[i].text != NULL)
            *flags[i].text = value;
        if (value == NULL ||
            (flags[i].number != NULL && !take_number(value, flags[i].most, flags[i].number))) {
            o->problem = flags[i].number != NULL      ? "needs a number of at least 1"
                         : flags[i].text == &o->junit ? "needs a file's name"
                                                      : "needs a URL";
            o->problem_with = flags[i].name;
        }
        return;
    }
    o->problem = "is unknown; --help lists every option";
    o->problem_with = argv[*at];
}

static test_options read_options(int argc, char **argv)
{
    test_options o = {.seconds = STANDARD_SECONDS, .words = argv};
    for (int at = 1; at < argc && o.problem == NULL; at++) {
        if (argv[at][0] == '-')
            take_flag(&o, argc, argv, &at);
        else
            argv[o.word_count++] = argv[at];
    }
    if (o.jobs == 0)
        o.jobs = cores_available();
    return o;
}

static bool is_chosen(const tern_test_case *test, const test_options *o)
{
    for (unsigned i = 0; i < o->word_count; i++)
        if (strstr(test->name, o->words[i]) != NULL)
            return true;
    return o->word_count == 0;
}

static unsigned choose_some(const test_options *o, bool commits, test_result *results)
{
    unsigned count = 0;
    for (const tern_test_case *test = first_test; test != NULL; test = test->next) {
        if (!is_chosen(test, o) || test->commits != commits)
            continue;
        if (results != NULL)
            results[count].test = test;
        count++;
    }
    return count;
}

/** Tests that commit their writes come last. `results` may be NULL. */
static unsigned choose(const test_options *o, test_result *results)
{
    unsigned count = choose_some(o, false, results);
    return count + choose_some(o, true, results != NULL ? results + count : NULL);
}

static int list_tests(const test_options *o)
{
    for (const tern_test_case *test = first_test; test != NULL; test = test->next)
        if (is_chosen(test, o))
            puts(test->name);
    return fflush(stdout) == 0 ? 0 : 1;
}

static int run_tests(test_plan *plan, const char *program)
{
    uint64_t began = clock_ns();
    test_ground ground = test_prepare(plan->make_app, program, plan->seconds);
    if (ground == TEST_GROUND_BAD)
        return 1;
    if (ground == TEST_GROUND_IN_TURN)
        plan->jobs = 1;
    if (!test_run_all(plan)) {
        fprintf(stderr, "cannot run the tests: %s\n", strerror(errno));
        return 1;
    }
    bool is_shown = test_show_end(plan, (unsigned)((clock_ns() - began) / 1000000));
    return is_shown && test_failures(plan) == 0 ? 0 : 1;
}

int tern_test_main(tern_app *(*make_app)(void), int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "--serve") == 0)
        return tern_run(make_app(), argc - 1, argv + 1);
    if (argc > 1 && strcmp(argv[1], TEST_SERVES) == 0)
        return test_serve_main(make_app, argc, argv);
    if (argc > 1 && test_fuzz_main != NULL && strcmp(argv[1], "fuzz") == 0)
        return test_fuzz_main(make_app, argc, argv);
    const char *program = argc > 0 ? argv[0] : "tests";
    test_options o = read_options(argc, argv);
    if (o.help) {
        printf(help, program, program);
        return 0;
    }
    if (o.problem != NULL) {
        fprintf(stderr, "%s: %s %s\n", program, o.problem_with, o.problem);
        return EXIT_USAGE;
    }
    if (o.list)
        return list_tests(&o);
    if (o.database_url != NULL && setenv("TERN_DATABASE_URL", o.database_url, 1) != 0) {
        fprintf(stderr, "%s: out of memory\n", program);
        return 1;
    }
    test_plan plan = {.make_app = make_app, .jobs = o.jobs, .seconds = o.seconds, .junit = o.junit};
    plan.format = o.tap || !isatty(STDOUT_FILENO) ? TEST_TAP : TEST_HUMAN;
    plan.count = choose(&o, NULL);
    if (plan.count == 0) {
        fprintf(stderr, "%s: %s\n", program,
                first_test == NULL ? "it has no tests" : "no test has such a name");
        return EXIT_USAGE;
    }
    plan.results = mem_zero(plan.count, sizeof *plan.results);
    if (plan.results == NULL) {
        fprintf(stderr, "%s: out of memory\n", program);
        return 1;
    }
    choose(&o, plan.results);
    int code = run_tests(&plan, program);
    for (unsigned i = 0; i < plan.count; i++) {
        buf_free(&plan.results[i].reason);
        buf_free(&plan.results[i].output);
    }
    mem_free(plan.results);
    return code;
}

/** The internals of the test client, shared by its files. */
#ifndef APP_TEST_INTERNAL_H
#define APP_TEST_INTERNAL_H

#include "app/run.h"
#include "base/arena.h"
#include "base/buf.h"

#include <tern/test.h>

#include <sys/types.h>

typedef struct test_cookie {
    struct test_cookie *next;
    const char *name, *value, *path;
} test_cookie;

/** A header that tern_test_set_header gives to requests. */
typedef struct test_header {
    struct test_header *next;
    const char *name, *value;
} test_header;

/** The running test; each process has one. */
struct tern_test {
    const tern_test_case *test;
    tern_app *(*make_app)(void);
    tern_app *app; /* NULL until the first request */
    settings settings;
    app_testing testing;
    arena arena;
    test_cookie *cookies;
    struct provide_replacement *replacements; /* also used by the application, after it is created */
    test_header *headers;
    unsigned sent;     /* requests */
    const char *doing; /* the request that is being answered; NULL: none */
    int report_fd;     /* receives the reason of a failure */
    pid_t served;      /* the process that tern_test_serve started; 0: none */
};

extern tern_test *test_current;

/* -- in the test's process -- */

/**
 * Runs one test in this process, and then exits. `has_ended` is set after the body has returned.
 */
_Noreturn void test_run(const tern_test_case *test, tern_app *(*make_app)(void), int report_fd, int output_fd,
                        bool *has_ended);
/** Fails the test when `block` is NULL; returns it otherwise. */
void *test_need(void *block);
/** Ends the test with a complete reason. */
_Noreturn void test_fail_text(const buf *reason);
/** Appends "file:line: ". */
void test_add_place(buf *out, const char *file, int line);

/**
 * Sends `len` bytes to the application as one connection, and appends its whole answer to `heard`. (wire.c)
 */
void test_talk(tern_test *t, const char *request, size_t len, buf *heard);
/** Closes what the requests of the test opened. (wire.c) */
void test_close(tern_test *t);
/** Fails the test if it replaced a provider that no route of the application needs. (provide.c) */
void test_check_replacements(const tern_test *t);
/** Ends the process that tern_test_serve started. (serve.c) */
void test_stop_serving(tern_test *t);

/** As tern_test_send_with, but for an answer that does not come whole: NULL, and `*wrong` says why.
 * (answer.c) */
tern_answer *test_send(tern_test *t, const char *method, const char *path, const tern_test_request *request,
                       const char **wrong);
/**
 * Parses an answer; NULL, or a description of the error. Changes `heard`, and `a` points into it. (answer.c)
 */
const char *test_read_answer(tern_test *t, buf *heard, bool has_no_body, tern_answer *a);
/** Keeps the cookies that `a` sets. (cookies.c) */
void test_take_cookies(tern_test *t, const tern_answer *a);
/** Appends the Cookie line for a request to `path`, if there are cookies to send. (cookies.c) */
void test_add_cookies(const tern_test *t, const char *path, buf *out);

/** Appends the lines of two texts with the differences marked: '-' is expected, '+' is actual. (diff.c) */
void test_add_diff(buf *out, const char *want, const char *seen);
/** Appends where two JSON values first differ, and a diff of both. (diff.c) */
void test_add_json_diff(buf *out, const char *pointer, const tern_value *want, const tern_value *seen);
/** The value as indented text, in the test's memory. (diff.c) */
const char *test_pretty(const tern_value *value);

/** `tests fuzz ...`; NULL in a program without TERN_FUZZ, which does not hold the fuzzer then. (main.c) */
extern int (*test_fuzz_main)(tern_app *(*make_app)(void), int argc, char **argv);

/** The first argument of the process that tern_test_serve starts; "commits" or "undone" follows, then the
 * arguments for tern_run. (serve.c) */
#define TEST_SERVES "--serve-for-test"
int test_serve_main(tern_app *(*make_app)(void), int argc, char **argv);

/* -- in the program that runs the tests -- */

typedef enum test_ground {
    TEST_GROUND_SOUND,
    TEST_GROUND_IN_TURN, /* tests can only run one at a time */
    TEST_GROUND_BAD      /* lines on standard error say why no test can be run */
} test_ground;

/** Prepares what the tests share: the tables of the application's database, if it has one. May take as long
 * as a test. (ground.c) */
test_ground test_prepare(tern_app *(*make_app)(void), const char *program, unsigned seconds);

typedef enum test_outcome { TEST_PASSED, TEST_FAILED, TEST_CRASHED, TEST_TOO_SLOW } test_outcome;

typedef struct test_result {
    const tern_test_case *test;
    test_outcome outcome;
    unsigned ms;
    buf reason; /* lines; the first is a summary */
    buf output; /* the output of the test */
} test_result;

typedef enum test_format { TEST_HUMAN, TEST_TAP } test_format;

typedef struct test_plan {
    tern_app *(*make_app)(void);
    test_result *results; /* one for each chosen test */
    unsigned count, jobs, seconds;
    test_format format;
    const char *junit; /* the file to write; NULL: none */
} test_plan;

/** Runs all of `plan`, each test in its own process, and calls `test_show` for each in order. False with
 * errno set when a process cannot be made. (runner.c) */
bool test_run_all(test_plan *plan);

/** Prints one result. (report.c) */
void test_show(const test_plan *plan, unsigned index);
/** Prints the summary, and writes the JUnit file; false when that cannot be written. (report.c) */
bool test_show_end(const test_plan *plan, unsigned ms);
unsigned test_failures(const test_plan *plan);

#endif

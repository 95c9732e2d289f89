/* Runs one test, in its own process. */
#include "app/test/internal.h"
#include "base/log.h"
#include "runtime/crash.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { EXIT_FAILED = 1 };

tern_test *test_current;

/** For crash reports: the request during which the test crashed or exceeded its time. */
static size_t describe(void *self, char *out, size_t size)
{
    const tern_test *t = self;
    size_t len = t->app != NULL ? app_describe(t->app, out, size) : 0;
    if (len != 0 || t->doing == NULL)
        return len;
    len = strnlen(t->doing, size);
    memcpy(out, t->doing, len);
    return len;
}

void test_run(const tern_test_case *test, tern_app *(*make_app)(void), int report_fd, int output_fd,
              bool *has_ended)
{
    tern_test t = {.test = test, .make_app = make_app, .report_fd = report_fd};
    const worker_service service = {.self = &t, .describe = describe};
    test_current = &t;
    arena_init(&t.arena, NULL, 0, SIZE_MAX / 2);
    if (dup2(output_fd, STDOUT_FILENO) < 0 || dup2(output_fd, STDERR_FILENO) < 0 ||
        !crash_install(NULL, &service))
        tern_test_fail_at(test->file, test->line, "the test's process cannot be set up");
    log_set_human(true); /* people read the log below the reason of a failure */
    test->run(&t);
    test_stop_serving(&t);
    test_close(&t);
    arena_free(&t.arena);
    test_current = NULL;
    *has_ended = true;
    exit(0); /* a leak check at exit can still change the result */
}

void *test_need(void *block)
{
    if (block == NULL)
        tern_test_fail_at(test_current->test->file, test_current->test->line, "out of memory");
    return block;
}

void test_add_place(buf *out, const char *file, int line)
{
    buf_add_printf(out, "%s:%d: ", file, line);
}

void test_fail_text(const buf *reason)
{
    const char *text = reason->failed ? "out of memory for the reason\n" : reason->data;
    size_t len = strlen(text);
    while (len > 0) {
        ssize_t n = write(test_current->report_fd, text, len);
        if (n <= 0)
            break;
        text += n;
        len -= (size_t)n;
    }
    fflush(NULL);
    _exit(EXIT_FAILED); /* skips exit handlers: memory of a failed test is not freed, but is not a leak */
}

void tern_test_fail_at(const char *file, int line, const char *format, ...)
{
    char text[4096];
    buf reason = {0};
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    test_add_place(&reason, file, line);
    buf_add_text(&reason, text);
    buf_add_text(&reason, "\n");
    test_fail_text(&reason);
}

char *tern_test_sprintf(tern_test *t, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *text = arena_vprintf(&t->arena, NULL, format, args);
    va_end(args);
    return test_need(text);
}

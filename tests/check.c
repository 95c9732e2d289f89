#include "check.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CHECK_FAILED = 91, CHECK_SKIPPED = 92, CHECK_SECONDS = 60 };

static check_test *first;
static check_test **last = &first;

void (*check_before_all)(void), (*check_after_all)(void);

void check_register(check_test *test)
{
    *last = test;
    last = &test->next;
}

void check_fail(const char *file, int line, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fprintf(stderr, "# %s:%d: ", file, line);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    fflush(NULL);
    _exit(CHECK_FAILED);
}

void check_skip(const char *reason)
{
    fprintf(stderr, "# skipped: %s\n", reason);
    _exit(CHECK_SKIPPED);
}

static void print_bytes(const char *label, const unsigned char *data, size_t len)
{
    fprintf(stderr, "#   %s (%zu bytes): ", label, len);
    for (size_t i = 0; i < len && i < 512; i++) {
        if (data[i] >= 0x20 && data[i] < 0x7f)
            fputc(data[i], stderr);
        else
            fprintf(stderr, "\\x%02x", data[i]);
    }
    fputc('\n', stderr);
}

void check_bytes(const char *file, int line, const void *seen, size_t seen_len, const void *want,
                 size_t want_len)
{
    if (seen_len == want_len && (want_len == 0 || memcmp(seen, want, want_len) == 0))
        return;
    print_bytes("seen", seen, seen_len);
    print_bytes("want", want, want_len);
    check_fail(file, line, "bytes differ");
}

void check_text(const char *file, int line, const char *seen, const char *want)
{
    if (seen == NULL || want == NULL) {
        if (seen != want)
            check_fail(file, line, "text is %s, not %s", seen ? seen : "NULL", want ? want : "NULL");
        return;
    }
    check_bytes(file, line, seen, strlen(seen), want, strlen(want));
}

/** Runs one test in a child process; returns the child's wait status. */
static int run_test(const check_test *test)
{
    fflush(NULL);
    pid_t pid = fork();
    if (pid < 0) {
        perror("# fork");
        exit(1);
    }
    if (pid == 0) {
        alarm(CHECK_SECONDS); /* a hung test dies by SIGALRM instead of holding up the run */
        test->run();
        fflush(NULL);
        exit(0); /* not _exit: leaks are looked for at exit */
    }
    int status = 0;
    waitpid(pid, &status, 0);
    return status;
}

static bool run_around(const char *name, void (*run)(void))
{
    const check_test around = {name, run, NULL};
    int status = run != NULL ? run_test(&around) : 0;
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        printf("Bail out! %s has failed\n", name);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/** Usage: PROGRAM [WORD] runs every test, or those whose name contains WORD. */
int main(int argc, char **argv)
{
    int count = 0, failed = 0;
    if (!run_around("what comes before all tests", check_before_all))
        return 1;
    for (check_test *test = first; test != NULL; test = test->next) {
        if (argc > 1 && strstr(test->name, argv[1]) == NULL)
            continue;
        count++;
        int status = run_test(test);
        if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
            printf("ok %d - %s\n", count, test->name);
        } else if (WIFEXITED(status) && WEXITSTATUS(status) == CHECK_SKIPPED) {
            printf("ok %d - %s # SKIP\n", count, test->name);
        } else {
            failed++;
            if (WIFSIGNALED(status))
                fprintf(stderr, "# ended by signal %d (%s)\n", WTERMSIG(status), strsignal(WTERMSIG(status)));
            printf("not ok %d - %s\n", count, test->name);
        }
    }
    failed += !run_around("what comes after all tests", check_after_all);
    printf("1..%d\n", count);
    return failed == 0 ? 0 : 1;
}

/* Serves the application on a real port, for tests whose client needs one. */
#include "app/test/internal.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { LOOK_MS = 5, WAIT_MS = 10000 };

int test_serve_main(tern_app *(*make_app)(void), int argc, char **argv)
{
    static app_testing testing; /* its workers are in the group, too */
    tern_app *app = make_app();
    testing.commits = argc > 2 && strcmp(argv[2], "commits") == 0;
    if (app != NULL)
        app->testing = &testing;
    return tern_run(app, argc - 2, argv + 2);
}

/** Executes this program again, so that nothing that the test has open is inherited. */
static _Noreturn void become_server(const tern_test *t, int log_fd, pid_t parent)
{
    char *const arguments[] = {(char *)"serve",
                               (char *)TEST_SERVES,
                               (char *)(t->test->commits ? "commits" : "undone"),
                               (char *)"run",
                               (char *)"--host",
                               (char *)"127.0.0.1",
                               (char *)"--port",
                               (char *)"0",
                               (char *)"--workers",
                               (char *)"1",
                               NULL};
    if (dup2(log_fd, STDERR_FILENO) >= 0 && prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == parent)
        execv("/proc/self/exe", arguments);
    _exit(127);
}

/** Finds "http://..." in the server's log so far. */
static const char *find_address(tern_test *t, int log_fd)
{
    char log[4096];
    ssize_t len = pread(log_fd, log, sizeof log - 1, 0);
    if (len <= 0)
        return NULL;
    log[len] = '\0';
    const char *begin = strstr(log, "http://127.0.0.1:");
    if (begin == NULL)
        return NULL;
    size_t port_at = strlen("http://127.0.0.1:"), digits = strspn(begin + port_at, "0123456789");
    if (digits == 0 || begin[port_at + digits] == '\0') /* the line may still be incomplete */
        return NULL;
    return test_need(arena_text(&t->arena, begin, port_at + digits));
}

const char *tern_test_serve(tern_test *t)
{
    const struct timespec pause = {.tv_nsec = LOOK_MS * 1000000L};
    const char *address = NULL;
    pid_t parent = getpid();
    if (t->served != 0)
        tern_test_fail_at(t->test->file, t->test->line, "tern_test_serve can be called once in a test");
    if (t->replacements != NULL)
        tern_test_fail_at(t->test->file, t->test->line,
                          "tern_test_serve starts the application in another process, where no provider is "
                          "replaced (tern_test_provide)");
    int log_fd = memfd_create("tern-test-serve", MFD_CLOEXEC);
    if (log_fd < 0 || (t->served = fork()) < 0)
        tern_test_fail_at(t->test->file, t->test->line, "the application cannot be served: %s",
                          strerror(errno));
    if (t->served == 0)
        become_server(t, log_fd, parent);
    for (int waited = 0; address == NULL && waited < WAIT_MS; waited += LOOK_MS) {
        nanosleep(&pause, NULL);
        address = find_address(t, log_fd);
        if (address == NULL && waitpid(t->served, NULL, WNOHANG) == t->served)
            break;
    }
    if (address == NULL) {
        char log[4096] = "";
        ssize_t len = pread(log_fd, log, sizeof log - 1, 0);
        tern_test_fail_at(t->test->file, t->test->line, "the application does not serve:\n%s",
                          len > 0 ? log : "");
    }
    close(log_fd);
    return address;
}

void test_stop_serving(tern_test *t)
{
    if (t->served <= 0)
        return;
    kill(t->served, SIGTERM);
    waitpid(t->served, NULL, 0);
    t->served = 0;
}

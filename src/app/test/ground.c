/* Prepares what the tests share, before the first test. Runs in its own process, since each test must begin
 * with nothing open. */
#include "app/command.h"
#include "app/test/internal.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/** The exit codes of the process. Any other end is ignored: the tests will fail in the same way and report
 * more. */
enum { EXIT_SOUND = 0, EXIT_IN_TURN = 101, EXIT_BAD = 102, EXIT_UNKNOWN = 103 };

static bool check_all(const tern_app *app, const char *program)
{
    buf problems = {0}, shown = {0};
    bool is_right = true;
    const char *slash = strrchr(program, '/');
    buf_add_printf(&shown, "%s --serve", slash != NULL ? slash + 1 : program); /* `tests --serve migrate` */
    const app_launching how = {.program = shown.data, .workers = 1};
    for (const app_launch *launch = app->launches; launch != NULL && is_right && !shown.failed;
         launch = launch->next)
        is_right = launch->check(launch->arg, &how, &problems);
    if (!is_right)
        fprintf(stderr, "%s: %s", program, problems.failed ? "out of memory\n" : problems.data);
    buf_free(&problems);
    buf_free(&shown);
    return is_right;
}

static int look(tern_app *(*make_app)(void), const char *program)
{
    char *no_arguments[] = {(char *)"test", NULL};
    buf problems = {0};
    settings standard;
    app_testing testing = {0};
    tern_app *app = make_app();
    if (app == NULL)
        return EXIT_UNKNOWN;
    app->testing = &testing;
    if (!settings_read(&standard, &app->options, NULL, 1, no_arguments, &problems) ||
        !app_prepare(app, &problems))
        return EXIT_UNKNOWN;
    if (!check_all(app, program))
        return EXIT_BAD;
    return testing.is_in_turn ? EXIT_IN_TURN : EXIT_SOUND;
}

test_ground test_prepare(tern_app *(*make_app)(void), const char *program, unsigned seconds)
{
    int status = 0;
    pid_t parent = getpid();
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
        if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent || dup2(nothing, STDIN_FILENO) < 0 ||
            dup2(nothing, STDOUT_FILENO) < 0)
            _exit(EXIT_UNKNOWN);
        alarm(seconds);
        _exit(look(make_app, program));
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
        return TEST_GROUND_SOUND;
    return WEXITSTATUS(status) == EXIT_IN_TURN ? TEST_GROUND_IN_TURN
           : WEXITSTATUS(status) == EXIT_BAD   ? TEST_GROUND_BAD
                                               : TEST_GROUND_SOUND;
}

#include "runtime/reexec.h"

#include "base/mem.h"
#include "check.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void leave(int pid, const char *rest)
{
    char text[256];
    snprintf(text, sizeof text, "pid=%d\n%s", pid, rest);
    CHECK(setenv("TERN_INHERIT", text, 1) == 0);
}

static void check_nothing(const inheritance *found)
{
    CHECK_INT(found->listener_count, 0);
    CHECK_INT(found->channel_count, 0);
    CHECK(found->channels == NULL);
}

TEST(reexec_inherits_descriptors_and_workers_of_this_process)
{
    char text[256];
    int fds[5];
    for (int i = 0; i < 5; i++)
        CHECK((fds[i] = dup(STDERR_FILENO)) >= 0);
    snprintf(text, sizeof text,
             "channels=%d,%d\nworkers=77,78\nlistener=%d,%d http://127.0.0.1:8000\n"
             "listener=%d unix:/run/a, b=c.sock",
             fds[2], fds[3], fds[0], fds[1], fds[4]);
    leave(getpid(), text);
    inheritance found;
    CHECK(reexec_inherit(&found));
    CHECK_INT(found.listener_count, 2);
    CHECK_INT(found.listeners[0].count, 2);
    CHECK_INT(found.listeners[0].fds[1], fds[1]);
    CHECK_TEXT(found.listeners[0].address, "http://127.0.0.1:8000");
    CHECK_INT(found.listeners[1].count, 1);
    CHECK_INT(found.listeners[1].fds[0], fds[4]);
    CHECK_TEXT(found.listeners[1].address, "unix:/run/a, b=c.sock");
    CHECK_INT(found.channel_count, 1);
    CHECK_INT(found.channels[0].end[HANDOVER_GIVE], fds[3]);
    CHECK_INT(found.worker_count, 2);
    CHECK_INT(found.workers[1], 78);
    CHECK_INT(fcntl(fds[0], F_GETFD), FD_CLOEXEC);
    CHECK(getenv("TERN_INHERIT") == NULL);
    reexec_forget(&found);
}

TEST(reexec_ignores_the_environment_of_another_process)
{
    leave(getpid() + 1, "listener=2 http://127.0.0.1:8000\nchannels=1,2\nworkers=1");
    inheritance found;
    CHECK(!reexec_inherit(&found));
    check_nothing(&found);
    CHECK_INT(found.worker_count, 0);
    CHECK(getenv("TERN_INHERIT") == NULL);
}

TEST(reexec_survives_nonsense)
{
    static const char *const rests[] = {"",
                                        "listener=",
                                        "listener= http://127.0.0.1:8000\nlistener=2",
                                        "listener=999999 http://a:1\nchannels=999999,999998\nworkers=",
                                        "listener=x\nchannels=,,,\nworkers=-\n=\n\n",
                                        "listener=-5 a\nchannels=-\nworkers=a",
                                        "channels=2"};
    for (size_t i = 0; i < sizeof rests / sizeof rests[0]; i++) {
        leave(getpid(), rests[i]);
        inheritance found;
        CHECK(reexec_inherit(&found));
        check_nothing(&found);
        CHECK_INT(found.worker_count, 0);
        reexec_forget(&found);
    }
}

TEST(reexec_finds_nothing_in_a_clean_environment)
{
    CHECK(unsetenv("TERN_INHERIT") == 0);
    inheritance found;
    CHECK(!reexec_inherit(&found));
    check_nothing(&found);
}

#include "runtime/reexec.h"

#include "base/mem.h"
#include "check.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const worker_config config = {.workers = 2, .port = 8000};

static void leave(int pid, const char *rest)
{
    char text[256];
    snprintf(text, sizeof text, "pid=%d%s", pid, rest);
    CHECK(setenv("TERN_INHERIT", text, 1) == 0);
}

static void check_nothing(const inheritance *found)
{
    CHECK_INT(found->listener_count, 0);
    CHECK_INT(found->channel_count, 0);
    CHECK(found->listeners == NULL);
    CHECK(found->channels == NULL);
}

TEST(reexec_inherits_descriptors_and_workers_of_this_process)
{
    char text[256];
    int fds[4];
    for (int i = 0; i < 4; i++)
        CHECK((fds[i] = dup(STDERR_FILENO)) >= 0);
    snprintf(text, sizeof text, " listeners=%d,%d channels=%d,%d workers=77,78 at=127.0.0.1 port 8000",
             fds[0], fds[1], fds[2], fds[3]);
    leave(getpid(), text);
    inheritance found;
    CHECK(reexec_inherit(&config, &found));
    CHECK_INT(found.listener_count, 2);
    CHECK_INT(found.listeners[1], fds[1]);
    CHECK_INT(found.channel_count, 1);
    CHECK_INT(found.channels[0].end[HANDOVER_GIVE], fds[3]);
    CHECK_INT(found.worker_count, 2);
    CHECK_INT(found.workers[1], 78);
    CHECK_INT(fcntl(fds[0], F_GETFD), FD_CLOEXEC);
    CHECK(getenv("TERN_INHERIT") == NULL);
    mem_free(found.listeners);
    mem_free(found.channels);
    mem_free(found.workers);
}

TEST(reexec_leaves_out_listeners_of_another_address)
{
    char text[128];
    int fd = dup(STDERR_FILENO);
    snprintf(text, sizeof text, " listeners=%d channels= workers= at=127.0.0.1 port 9000", fd);
    leave(getpid(), text);
    inheritance found;
    CHECK(reexec_inherit(&config, &found));
    check_nothing(&found);
    CHECK_INT(fcntl(fd, F_GETFD), -1);
}

TEST(reexec_ignores_the_environment_of_another_process)
{
    leave(getpid() + 1, " listeners=2 channels=1,2 workers=1 at=127.0.0.1 port 8000");
    inheritance found;
    CHECK(!reexec_inherit(&config, &found));
    check_nothing(&found);
    CHECK_INT(found.worker_count, 0);
    CHECK(getenv("TERN_INHERIT") == NULL);
}

TEST(reexec_survives_nonsense)
{
    static const char *const rests[] = {
        "", " listeners=", " listeners=999999 channels=999999,999998 workers= at=127.0.0.1 port 8000",
        " listeners=x channels=,,, workers=- at=", " listeners=-5 channels=- workers=a"};
    for (size_t i = 0; i < sizeof rests / sizeof rests[0]; i++) {
        leave(getpid(), rests[i]);
        inheritance found;
        CHECK(reexec_inherit(&config, &found));
        check_nothing(&found);
        CHECK_INT(found.worker_count, 0);
    }
}

TEST(reexec_finds_nothing_in_a_clean_environment)
{
    CHECK(unsetenv("TERN_INHERIT") == 0);
    inheritance found;
    CHECK(!reexec_inherit(&config, &found));
    check_nothing(&found);
}

#include "runtime/handover.h"

#include "base/mem.h"
#include "check.h"
#include "runtime/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

static handover_set one_channel(void)
{
    handover_set set = {0};
    CHECK(handover_open(&set, 1));
    return set;
}

TEST(handover_carries_a_socket_and_its_note)
{
    handover_set set = one_channel();
    int pair[2];
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    const handover_note sent = {.incarnation = 7, .record = 3, .kind = LISTENER_TLS, .is_begun = true};
    CHECK(handover_send(&set.channels[0], pair[0], &sent));
    close(pair[0]);
    handover_note note;
    int fd = handover_take(&set.channels[0], &note);
    CHECK(fd >= 0);
    CHECK_INT(note.incarnation, 7);
    CHECK_INT(note.record, 3);
    CHECK_INT(note.kind, LISTENER_TLS);
    CHECK(note.is_begun);
    CHECK(fcntl(fd, F_GETFD) == FD_CLOEXEC);
    CHECK(write(pair[1], "x", 1) == 1);
    char byte = 0;
    CHECK(read(fd, &byte, 1) == 1 && byte == 'x');
    close(fd);
    close(pair[1]);
    handover_close(&set);
}

TEST(handover_take_of_an_empty_channel_does_not_wait)
{
    handover_set set = one_channel();
    handover_note note;
    CHECK_INT(handover_take(&set.channels[0], &note), -1);
    CHECK_INT(errno, EAGAIN);
    handover_close(&set);
}

TEST(handover_send_fails_when_the_channel_is_full)
{
    handover_set set = one_channel();
    const handover_note note = {.record = 1};
    int sent = 0;
    while (handover_send(&set.channels[0], STDIN_FILENO, &note))
        CHECK(++sent < 100000);
    CHECK(sent > 100);
    handover_note got;
    int fd = handover_take(&set.channels[0], &got);
    CHECK(fd >= 0);
    close(fd);
    handover_close(&set);
}

TEST(handover_take_without_a_free_descriptor_returns_emfile_and_continues)
{
    handover_set set = one_channel();
    const handover_note note = {.record = 1};
    CHECK(handover_send(&set.channels[0], STDIN_FILENO, &note));
    CHECK(handover_send(&set.channels[0], STDIN_FILENO, &note));
    struct rlimit before, none;
    CHECK(getrlimit(RLIMIT_NOFILE, &before) == 0);
    none = before;
    none.rlim_cur = 3;
    CHECK(setrlimit(RLIMIT_NOFILE, &none) == 0);
    handover_note got;
    int fd = handover_take(&set.channels[0], &got);
    int error = errno;
    CHECK(setrlimit(RLIMIT_NOFILE, &before) == 0);
    CHECK_INT(fd, -1);
    CHECK_INT(error, EMFILE);
    CHECK_INT(got.record, 1);
    fd = handover_take(&set.channels[0], &got);
    CHECK(fd >= 0);
    close(fd);
    handover_close(&set);
}

#ifdef TERN_FAULTS
TEST(handover_open_fails_cleanly_without_memory)
{
    handover_set set = {0};
    mem_fail_at(1, 1);
    CHECK(!handover_open(&set, 2));
    CHECK_INT(errno, ENOMEM);
    mem_fail_at(0, 0);
    CHECK(handover_open(&set, 2));
    CHECK_INT(set.count, 2);
    handover_close(&set);
}
#endif

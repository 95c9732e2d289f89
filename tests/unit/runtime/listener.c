#include "runtime/listener.h"

#include "base/mem.h"
#include "check.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/** The lowest free descriptor: the same before and after when nothing is left open. */
static int next_descriptor(void)
{
    int fd = dup(STDERR_FILENO);
    CHECK(fd >= 0);
    close(fd);
    return fd;
}

static uint16_t port_of(int fd)
{
    struct sockaddr_in address = {0};
    socklen_t len = sizeof address;
    CHECK(getsockname(fd, (struct sockaddr *)&address, &len) == 0);
    return ntohs(address.sin_port);
}

static void silence(void)
{
    CHECK(freopen("/dev/null", "w", stderr) != NULL); /* the server tests check the line */
}

TEST(listener_opens_a_socket_a_worker_on_the_same_free_port)
{
    listener_set set;
    CHECK(listener_open(&set, &(worker_config){.workers = 3}));
    CHECK_INT(set.count, 3);
    CHECK(set.port != 0);
    for (unsigned i = 0; i < 3; i++)
        CHECK_INT(port_of(set.fds[i]), set.port);
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%u", set.port);
    CHECK_TEXT(set.url, url);
    listener_close(&set);
}

TEST(listener_sockets_do_not_block_are_closed_on_exec_and_pass_on_nodelay)
{
    listener_set set;
    CHECK(listener_open(&set, &(worker_config){.workers = 1}));
    CHECK(fcntl(set.fds[0], F_GETFL) & O_NONBLOCK);
    CHECK(fcntl(set.fds[0], F_GETFD) & FD_CLOEXEC);
    int client = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(set.port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    CHECK(connect(client, (struct sockaddr *)&address, sizeof address) == 0);
    int accepted = accept(set.fds[0], NULL, NULL), has_nodelay = 0;
    socklen_t len = sizeof has_nodelay;
    CHECK(getsockopt(accepted, IPPROTO_TCP, TCP_NODELAY, &has_nodelay, &len) == 0);
    CHECK(has_nodelay);
    close(accepted);
    close(client);
    listener_close(&set);
}

TEST(threat_114_listener_refuses_a_taken_port_of_its_own_user)
{
    silence();
    listener_set first, second;
    CHECK(listener_open(&first, &(worker_config){.workers = 2}));
    int before = next_descriptor();
    CHECK(!listener_open(&second, &(worker_config){.workers = 2, .port = first.port}));
    CHECK_INT(next_descriptor(), before);
    uint16_t port = first.port;
    listener_close(&first);
    CHECK(listener_open(&second, &(worker_config){.workers = 2, .port = port}));
    CHECK_INT(second.port, port);
    listener_close(&second);
}

TEST(listener_refuses_hosts_that_cannot_be_bound)
{
    static const char *const hosts[] = {"203.0.113.9", "unix:", "unix:/nowhere/at/all", "[::1"};
    silence();
    int before = next_descriptor();
    for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
        listener_set set;
        CHECK(!listener_open(&set, &(worker_config){.host = hosts[i], .workers = 1}));
        CHECK_INT(next_descriptor(), before);
    }
}

TEST(listener_adopts_sockets_and_opens_those_that_are_missing)
{
    listener_set before, after;
    CHECK(listener_open(&before, &(worker_config){.workers = 1}));
    uint16_t port = before.port;
    CHECK(listener_adopt(&after, &(worker_config){.workers = 3}, before.fds, 1));
    CHECK_INT(after.count, 3);
    CHECK_INT(after.port, port);
    CHECK_INT(port_of(after.fds[2]), port);
    listener_close(&after);
}

TEST(listener_removes_its_own_socket_file_only)
{
    char folder[] = "/tmp/listener-XXXXXX", host[128], path[64];
    CHECK(mkdtemp(folder) != NULL);
    snprintf(path, sizeof path, "%s/s", folder);
    snprintf(host, sizeof host, "unix:%s", path);
    listener_set first, second;
    CHECK(listener_open(&first, &(worker_config){.host = host, .workers = 2}));
    CHECK_INT(first.count, 1);
    CHECK(unlink(path) == 0);
    CHECK(listener_open(&second, &(worker_config){.host = host, .workers = 2}));
    listener_close(&first);
    CHECK(access(path, F_OK) == 0);
    listener_close(&second);
    CHECK(access(path, F_OK) != 0);
    CHECK(rmdir(folder) == 0);
}

/** Opens a socket file in a new folder and reports its attributes; false when it is refused. */
static bool open_file(worker_config config, struct stat *file)
{
    char folder[] = "/tmp/listener-XXXXXX", host[128];
    CHECK(mkdtemp(folder) != NULL);
    snprintf(host, sizeof host, "unix:%s/s", folder);
    config.host = host;
    listener_set set;
    bool is_open = listener_open(&set, &config);
    if (is_open) {
        CHECK(stat(host + 5, file) == 0);
        listener_close(&set);
    }
    CHECK(access(host + 5, F_OK) != 0);
    CHECK(rmdir(folder) == 0);
    return is_open;
}

TEST(listener_gives_a_socket_file_the_configured_mode)
{
    struct stat file;
    mode_t mine = umask(022);
    CHECK(open_file((worker_config){0}, &file));
    CHECK_INT(file.st_mode & 0777, 0755);
    static const unsigned modes[] = {0660, 0600, 0666, 0777, 0001};
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        CHECK(open_file((worker_config){.socket_mode = modes[i]}, &file));
        CHECK_INT(file.st_mode & 0777, modes[i]);
    }
    CHECK_INT(umask(mine), 022);
}

TEST(listener_gives_a_socket_file_to_its_owner_and_group)
{
    char own[32], group[32];
    struct stat file;
    snprintf(own, sizeof own, "%u", (unsigned)geteuid());
    snprintf(group, sizeof group, "%u", (unsigned)getegid());
    CHECK(open_file((worker_config){.socket_owner = own, .socket_group = group}, &file));
    CHECK(file.st_uid == geteuid() && file.st_gid == getegid());
    if (geteuid() != 0)
        return; /* giving files away is a privilege */
    CHECK(open_file((worker_config){.socket_owner = "nobody", .socket_group = "1234", .socket_mode = 0660},
                    &file));
    CHECK(file.st_uid != 0 && file.st_gid == 1234 && (file.st_mode & 0777) == 0660);
}

TEST(listener_refuses_unknown_owners)
{
    struct stat file;
    silence();
    int before = next_descriptor();
    CHECK(!open_file((worker_config){.socket_owner = "no such user"}, &file));
    CHECK(!open_file((worker_config){.socket_group = "no such group"}, &file));
    CHECK(!open_file((worker_config){.socket_group = "-1"}, &file));
    CHECK(!open_file((worker_config){.socket_owner = "4294967295"}, &file));
    listener_set set;
    CHECK(!listener_open(&set, &(worker_config){.socket_mode = 0660}));
    CHECK_INT(next_descriptor(), before);
}

TEST(threat_111_listener_leaves_nothing_open_when_memory_is_short)
{
#ifdef TERN_FAULTS
    silence();
    int before = next_descriptor();
    bool is_open = false;
    for (unsigned long n = 1; !is_open; n++) {
        CHECK(n < 10);
        listener_set set;
        mem_fail_at(n, 0);
        is_open = listener_open(&set, &(worker_config){.workers = 2});
        mem_fail_at(0, 0);
        if (is_open)
            listener_close(&set);
        CHECK_INT(next_descriptor(), before);
    }
#else
    check_skip("no faults in this build");
#endif
}

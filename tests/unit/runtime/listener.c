#include "runtime/listener.h"

#include "base/mem.h"
#include "check.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

enum { MOST = 4 };

/** Listens on addresses as --listen takes them. */
static bool open_left(listener_set *set, const char *const *urls, worker_config config, listener_left *left,
                      unsigned left_count)
{
    static listen_address addresses[MOST];
    char reason[128];
    config.listen = addresses;
    for (; urls[config.listen_count] != NULL; config.listen_count++)
        CHECK(listen_address_read(urls[config.listen_count], strlen(urls[config.listen_count]),
                                  &addresses[config.listen_count], reason, sizeof reason));
    return listener_set_open(set, &config, left, left_count);
}

#define OPEN(set, workers_count, ...)                                                                        \
    open_left((set), (const char *const[]){__VA_ARGS__, NULL}, (worker_config){.workers = (workers_count)},  \
              NULL, 0)

/** Listens on one host, as --host and --port name it. */
static bool open_host(listener_set *set, const char *host, uint16_t port, worker_config config)
{
    listen_address address;
    char reason[128];
    config.listen = &address;
    config.listen_count = 1;
    return listen_address_from_host(host, port, &address, reason, sizeof reason) &&
           listener_set_open(set, &config, NULL, 0);
}

static bool open_at(listener_set *set, uint16_t port, unsigned workers)
{
    return open_host(set, "127.0.0.1", port, (worker_config){.workers = workers});
}

static void silence(void)
{
    CHECK(freopen("/dev/null", "w", stderr) != NULL); /* the server tests check the line */
}

TEST(listener_opens_a_socket_a_worker_on_the_same_free_port)
{
    listener_set set;
    CHECK(open_at(&set, 0, 3));
    CHECK_INT(set.list[0].count, 3);
    CHECK(set.list[0].port != 0);
    for (unsigned i = 0; i < 3; i++)
        CHECK_INT(port_of(set.list[0].fds[i]), set.list[0].port);
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%u", set.list[0].port);
    CHECK_TEXT(set.list[0].url, url);
    listener_set_close(&set);
}

TEST(listener_sockets_do_not_block_are_closed_on_exec_and_pass_on_nodelay)
{
    listener_set set;
    CHECK(open_at(&set, 0, 1));
    CHECK(fcntl(set.list[0].fds[0], F_GETFL) & O_NONBLOCK);
    CHECK(fcntl(set.list[0].fds[0], F_GETFD) & FD_CLOEXEC);
    int client = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(set.list[0].port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    CHECK(connect(client, (struct sockaddr *)&address, sizeof address) == 0);
    int accepted = accept(set.list[0].fds[0], NULL, NULL), has_nodelay = 0;
    socklen_t len = sizeof has_nodelay;
    CHECK(getsockopt(accepted, IPPROTO_TCP, TCP_NODELAY, &has_nodelay, &len) == 0);
    CHECK(has_nodelay);
    close(accepted);
    close(client);
    listener_set_close(&set);
}

TEST(threat_114_listener_refuses_a_taken_port_of_its_own_user)
{
    silence();
    listener_set first, second;
    CHECK(open_at(&first, 0, 2));
    int before = next_descriptor();
    CHECK(!open_at(&second, first.list[0].port, 2));
    CHECK_INT(next_descriptor(), before);
    uint16_t port = first.list[0].port;
    listener_set_close(&first);
    CHECK(open_at(&second, port, 2));
    CHECK_INT(second.list[0].port, port);
    listener_set_close(&second);
}

TEST(listener_refuses_hosts_that_cannot_be_bound)
{
    static const char *const hosts[] = {"203.0.113.9", "unix:", "unix:/nowhere/at/all", "[::1"};
    silence();
    int before = next_descriptor();
    for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
        listener_set set;
        CHECK(!open_host(&set, hosts[i], 0, (worker_config){.workers = 1}));
        CHECK_INT(next_descriptor(), before);
    }
}

/** The sockets of a listener as a program before would have left them. */
static listener_left leave(listener *l)
{
    listener_left left = {.address = l->address, .fds = l->fds, .count = l->count};
    return left;
}

TEST(listener_takes_over_sockets_and_opens_those_that_are_missing)
{
    listener_set before, after;
    CHECK(OPEN(&before, 1, "http://127.0.0.1:0"));
    uint16_t port = before.list[0].port;
    listener_left left = leave(&before.list[0]);
    CHECK(open_left(&after, (const char *const[]){"http://127.0.0.1:0", NULL}, (worker_config){.workers = 3},
                    &left, 1));
    CHECK(left.fds == NULL);
    CHECK_INT(after.list[0].count, 3);
    CHECK_INT(after.list[0].port, port);
    CHECK_INT(port_of(after.list[0].fds[2]), port);
    mem_free(before.list); /* its sockets were left */
    listener_set_close(&after);
}

TEST(listener_keeps_sockets_beyond_the_number_of_workers)
{
    listener_set before, after;
    CHECK(OPEN(&before, 3, "http://127.0.0.1:0"));
    listener_left left = leave(&before.list[0]);
    CHECK(open_left(&after, (const char *const[]){"http://127.0.0.1:0", NULL}, (worker_config){.workers = 1},
                    &left, 1));
    CHECK_INT(after.list[0].count, 3);
    mem_free(before.list); /* its sockets were left */
    listener_set_close(&after);
}

TEST(listener_of_another_address_is_closed_and_a_new_one_opened)
{
    listener_set before, after;
    int first = next_descriptor();
    CHECK(OPEN(&before, 2, "http://127.0.0.1:0"));
    listener_left left = leave(&before.list[0]);
    CHECK(open_left(&after, (const char *const[]){"http://[::1]:0", NULL}, (worker_config){.workers = 2},
                    &left, 1));
    CHECK_INT(after.count, 1);
    CHECK_INT(strncmp(after.list[0].url, "http://[::1]:", 13), 0);
    mem_free(before.list); /* its sockets were left */
    listener_set_close(&after);
    CHECK_INT(next_descriptor(), first);
}

TEST(listener_of_another_scheme_is_not_taken_over)
{
    listener_set before, after;
    CHECK(OPEN(&before, 1, "http://127.0.0.1:0"));
    listener_left left = leave(&before.list[0]);
    CHECK(open_left(&after, (const char *const[]){"https://127.0.0.1:0", NULL},
                    (worker_config){.workers = 1, .has_tls = true}, &left, 1));
    CHECK_INT(after.list[0].kind, LISTENER_TLS);
    CHECK(after.list[0].port != before.list[0].port);
    mem_free(before.list); /* its sockets were left */
    listener_set_close(&after);
}

TEST(listener_that_cannot_be_added_leaves_those_taken_over_serving)
{
    silence();
    listener_set other, before, after;
    char taken[LISTEN_TEXT_BYTES];
    CHECK(OPEN(&other, 1, "http://127.0.0.1:0"));
    CHECK(OPEN(&before, 1, "http://127.0.0.1:0"));
    listener_left left = leave(&before.list[0]);
    snprintf(taken, sizeof taken, "unix:/nowhere/at/all");
    CHECK(open_left(&after, (const char *const[]){taken, "http://127.0.0.1:0", NULL},
                    (worker_config){.workers = 1}, &left, 1));
    CHECK_INT(after.count, 1);
    CHECK_TEXT(after.list[0].url, before.list[0].url);
    mem_free(before.list); /* its sockets were left */
    listener_set_close(&after);
    listener_set_close(&other);
}

TEST(listeners_of_several_addresses_have_their_own_sockets)
{
    char folder[] = "/tmp/listener-XXXXXX", file[64];
    CHECK(mkdtemp(folder) != NULL);
    snprintf(file, sizeof file, "unix:%s/s", folder);
    listener_set set;
    CHECK(OPEN(&set, 2, "http://127.0.0.1:0", file, "http://127.0.0.1:0"));
    CHECK_INT(set.count, 3);
    CHECK_INT(set.list[0].count, 2);
    CHECK_INT(set.list[1].count, 1);
    CHECK(set.list[1].is_shared);
    CHECK_TEXT(set.list[1].url, file);
    CHECK(set.list[0].port != set.list[2].port);
    CHECK_INT(listener_set_sockets(&set), 5);
    listener_set_close(&set);
    CHECK(rmdir(folder) == 0);
}

TEST(listener_of_a_name_and_of_its_address_is_refused_as_one)
{
    silence();
    listener_set first, both;
    char name[64], number[64];
    CHECK(OPEN(&first, 1, "http://127.0.0.1:0"));
    snprintf(number, sizeof number, "http://127.0.0.1:%u", first.list[0].port);
    snprintf(name, sizeof name, "http://127.1:%u", first.list[0].port);
    listener_set_close(&first);
    int before = next_descriptor();
    CHECK(!OPEN(&both, 1, number, name));
    CHECK(!OPEN(&both, 1, number, number));
    CHECK_INT(next_descriptor(), before);
}

/** Whether an IPv6 listener takes IPv4 connections, too. */
static bool takes_v4(const listener *l)
{
    int v6_only = 1;
    socklen_t len = sizeof v6_only;
    CHECK(getsockopt(l->fds[0], IPPROTO_IPV6, IPV6_V6ONLY, &v6_only, &len) == 0);
    return !v6_only;
}

TEST(listener_of_every_ipv6_address_takes_ipv4_unless_another_one_does)
{
    listener_set set;
    char v4[64], v6[64];
    CHECK(OPEN(&set, 1, "http://[::]:0"));
    CHECK(takes_v4(&set.list[0]));
    snprintf(v4, sizeof v4, "http://0.0.0.0:%u", set.list[0].port);
    snprintf(v6, sizeof v6, "http://[::]:%u", set.list[0].port);
    listener_set_close(&set);
    CHECK(OPEN(&set, 2, v6, v4));
    CHECK(!takes_v4(&set.list[0]));
    listener_set_close(&set);
    CHECK(OPEN(&set, 2, v4, v6));
    CHECK(!takes_v4(&set.list[1]));
    listener_set_close(&set);
}

TEST(listener_that_takes_ipv4_is_replaced_where_another_one_shall)
{
    listener_set before, after;
    char v4[64], v6[64];
    CHECK(OPEN(&before, 1, "http://[::]:0"));
    snprintf(v4, sizeof v4, "http://0.0.0.0:%u", before.list[0].port);
    snprintf(v6, sizeof v6, "http://[::]:%u", before.list[0].port);
    listener_set_close(&before);
    CHECK(OPEN(&before, 1, v6));
    listener_left left = leave(&before.list[0]);
    CHECK(open_left(&after, (const char *const[]){v6, v4, NULL}, (worker_config){.workers = 1}, &left, 1));
    CHECK_INT(after.count, 2);
    CHECK(!takes_v4(&after.list[0]));
    mem_free(before.list); /* its sockets were left */
    listener_set_close(&after);
}

TEST(listener_of_all_addresses_and_of_one_share_a_port)
{
    listener_set set;
    char all[64], one[64];
    CHECK(OPEN(&set, 1, "http://0.0.0.0:0"));
    snprintf(all, sizeof all, "http://0.0.0.0:%u", set.list[0].port);
    snprintf(one, sizeof one, "http://127.0.0.1:%u", set.list[0].port);
    listener_set_close(&set);
    CHECK(OPEN(&set, 2, all, one));
    CHECK_INT(set.count, 2);
    listener_set_close(&set);
}

TEST(listener_of_tls_is_refused_where_the_service_has_no_certificate)
{
    silence();
    listener_set set;
    int before = next_descriptor();
    CHECK(!OPEN(&set, 1, "http://127.0.0.1:0", "https://127.0.0.1:0"));
    CHECK_INT(next_descriptor(), before);
    CHECK(open_left(&set, (const char *const[]){"https://127.0.0.1:0", NULL},
                    (worker_config){.workers = 1, .has_tls = true}, NULL, 0));
    CHECK_INT(set.list[0].kind, LISTENER_TLS);
    CHECK_INT(strncmp(set.list[0].url, "https://127.0.0.1:", 18), 0);
    listener_set_close(&set);
}

TEST(listener_removes_its_own_socket_file_only)
{
    char folder[] = "/tmp/listener-XXXXXX", host[128], path[64];
    CHECK(mkdtemp(folder) != NULL);
    snprintf(path, sizeof path, "%s/s", folder);
    snprintf(host, sizeof host, "unix:%s", path);
    listener_set first, second;
    CHECK(open_host(&first, host, 0, (worker_config){.workers = 2}));
    CHECK_INT(first.list[0].count, 1);
    CHECK(unlink(path) == 0);
    CHECK(open_host(&second, host, 0, (worker_config){.workers = 2}));
    listener_set_close(&first);
    CHECK(access(path, F_OK) == 0);
    listener_set_close(&second);
    CHECK(access(path, F_OK) != 0);
    CHECK(rmdir(folder) == 0);
}

/** Opens a socket file in a new folder and reports its attributes; false when it is refused. */
static bool open_file(worker_config config, struct stat *file)
{
    char folder[] = "/tmp/listener-XXXXXX", host[128];
    CHECK(mkdtemp(folder) != NULL);
    snprintf(host, sizeof host, "unix:%s/s", folder);
    listener_set set;
    bool is_open = open_host(&set, host, 0, config);
    if (is_open) {
        CHECK(stat(host + 5, file) == 0);
        listener_set_close(&set);
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
    CHECK(!open_host(&set, "127.0.0.1", 0, (worker_config){.socket_mode = 0660}));
    CHECK_INT(next_descriptor(), before);
}

TEST(threat_111_listener_leaves_nothing_open_when_memory_is_short)
{
#ifdef TERN_FAULTS
    silence();
    int before = next_descriptor();
    bool is_open = false;
    for (unsigned long n = 1; !is_open; n++) {
        CHECK(n < 20);
        listener_set set;
        mem_fail_at(n, 0);
        is_open = OPEN(&set, 2, "http://127.0.0.1:0", "http://127.0.0.1:0");
        mem_fail_at(0, 0);
        if (is_open)
            listener_set_close(&set);
        CHECK_INT(next_descriptor(), before);
    }
#else
    check_skip("no faults in this build");
#endif
}

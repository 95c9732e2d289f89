/**
 * The smallest service that the master's tests need: one canned answer a request, and paths that misbehave.
 *
 *   echo_service PORT WORKERS [NAME=VALUE ...] [--check]
 *
 * Settings: host, listen (an URL; several are listened on), drain_ms, watchdog_ms, memory_limit, max_connections, backlog, fail (a file: while it
 * exists, workers do not start), fail_index (only this worker), bad_check (a file: while it exists, --check
 * fails), mark (text that /version answers: a file's content). Paths: /pid /version /totals /crash /exit
 * /hang /slow (200 ms) /leak (32 MiB) / - anything else answers "hello".
 */
#include "http/exchange.h"
#include "runtime/listen_address.h"
#include "runtime/loop.h"
#include "runtime/worker.h"

#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

typedef struct client {
    loop_source source;
    list_link link;
    loop_later freed;
    timer_entry slow;
    size_t len;
    bool is_busy, must_close;
    char in[1024];
} client;

static struct {
    list_link clients;
    listen_address listen[LISTENERS_MAX];
    const char *host;
    const char *fail, *bad_check, *mark;
    int fail_index; /* the worker that `fail` is about; -1: all */
    char version[64];
    bool is_draining, has_successor;
} service;

static void free_client(loop_later *later)
{
    mem_free(list_owner(later, client, freed));
}

static void close_client(client *k)
{
    list_remove(&k->link);
    timer_stop(&loop_self.timers, &k->slow);
    loop_remove(&k->source);
    close(k->source.fd);
    k->source.fd = -1;
    k->freed.run = free_client;
    loop_do_later(&k->freed);
    worker_connection_closed();
    if (service.is_draining && list_empty(&service.clients))
        worker_drained();
}

static void answer(client *k, const char *body)
{
    char text[512];
    bool is_last = k->must_close || (service.is_draining && !service.has_successor);
    int len = snprintf(text, sizeof text, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n%s\r\n%s", strlen(body),
                       is_last ? "Connection: close\r\n" : "", body);
    k->is_busy = false;
    if (send(k->source.fd, text, (size_t)len, MSG_NOSIGNAL) != len || is_last)
        close_client(k);
    else if (service.is_draining && k->len == 0 &&
             worker_hand_over(k->source.fd, (worker_arrival){.is_begun = true}))
        close_client(k);
}

static void answer_slowly(timer_entry *timer)
{
    answer(list_owner(timer, client, slow), "slow");
}

static void leak(void)
{
    enum { LEAK_BYTES = 32 << 20 };
    /* each block points to the previous one: reachable, so LeakSanitizer does not report it */
    static char *newest;
    char *block = mem_alloc(LEAK_BYTES);
    if (!block)
        return;
    memset(block, 1, LEAK_BYTES);
    memcpy(block, &newest, sizeof newest);
    newest = block;
}

static void misbehave(const char *path)
{
    if (strcmp(path, "/crash") == 0)
        abort();
    if (strcmp(path, "/exit") == 0)
        _exit(9);
    if (strcmp(path, "/hang") == 0)
        for (volatile int i = 0;; i = !i)
            continue;
    if (strcmp(path, "/leak") == 0)
        leak();
}

static void handle(client *k, const char *path)
{
    char body[64] = "hello";
    k->is_busy = true;
    misbehave(path);
    if (strcmp(path, "/slow") == 0) {
        k->slow.fire = answer_slowly;
        timer_start(&loop_self.timers, &k->slow, loop_self.now_ms + 200);
        return;
    }
    if (strcmp(path, "/pid") == 0)
        snprintf(body, sizeof body, "%d %u", (int)getpid(), worker_index());
    if (strcmp(path, "/totals") == 0) {
        worker_totals totals = worker_get_totals();
        snprintf(body, sizeof body, "restarts=%llu hangs=%llu serving=%u connections=%u",
                 (unsigned long long)totals.restarts, (unsigned long long)totals.hangs, totals.serving,
                 totals.connections);
    }
    if (strcmp(path, "/version") == 0)
        snprintf(body, sizeof body, "%s", service.version);
    answer(k, body);
}

/** Handles the first complete request in the buffer; false when there is none. */
static bool handle_next(client *k)
{
    k->in[k->len] = '\0';
    char *end = strstr(k->in, "\r\n\r\n");
    char path[64];
    if (k->is_busy || !end || sscanf(k->in, "GET %63s", path) != 1)
        return false;
    size_t used = (size_t)(end + 4 - k->in);
    k->must_close = strstr(k->in, "Connection: close") != NULL;
    memmove(k->in, k->in + used, k->len - used);
    k->len -= used;
    handle(k, path);
    return true;
}

static void on_client(loop_source *source, uint32_t events)
{
    (void)events;
    client *k = list_owner(source, client, source);
    for (;;) {
        ssize_t got = recv(k->source.fd, k->in + k->len, sizeof k->in - 1 - k->len, 0);
        if (got < 0)
            return;
        if (got == 0) {
            close_client(k);
            return;
        }
        k->len += (size_t)got;
        while (k->source.fd >= 0 && handle_next(k))
            continue;
        if (k->source.fd < 0)
            return;
    }
}

static void on_connection(void *self, int fd, worker_arrival arrival)
{
    (void)self;
    (void)arrival;
    client *k = mem_zero(1, sizeof *k);
    if (k)
        k->source = (loop_source){.fd = fd, .on_event = on_client};
    if (!k || !loop_add(&k->source, EPOLLIN | EPOLLRDHUP)) {
        mem_free(k);
        close(fd);
        worker_connection_closed();
        return;
    }
    list_append(&service.clients, &k->link);
}

static void read_version(void)
{
    FILE *file = service.mark ? fopen(service.mark, "re") : NULL;
    if (file && !fgets(service.version, sizeof service.version, file))
        service.version[0] = '\0';
    if (file)
        fclose(file);
}

static bool start(void *self)
{
    (void)self;
    list_init(&service.clients);
    read_version();
    bool is_meant = service.fail_index < 0 || (unsigned)service.fail_index == worker_index();
    return !service.fail || !is_meant || access(service.fail, F_OK) != 0;
}

static void drain(void *self, bool has_successor)
{
    (void)self;
    service.is_draining = true;
    service.has_successor = has_successor;
    list_link *next;
    for (list_link *link = service.clients.next; link != &service.clients; link = next) {
        client *k = list_owner(link, client, link);
        next = link->next;
        char byte;
        bool has_input = k->len > 0 || recv(k->source.fd, &byte, 1, MSG_PEEK) > 0;
        if (!k->is_busy && !has_input &&
            (!has_successor || worker_hand_over(k->source.fd, (worker_arrival){.is_begun = true})))
            close_client(k);
    }
    if (list_empty(&service.clients))
        worker_drained();
}

static void abort_all(void *self)
{
    (void)self;
    while (!list_empty(&service.clients))
        close_client(list_owner(service.clients.next, client, link));
    worker_drained();
}

static size_t describe(void *self, char *out, size_t size)
{
    (void)self;
    static const char text[] = "an echo";
    size_t len = sizeof text - 1 < size ? sizeof text - 1 : size;
    memcpy(out, text, len);
    return len;
}

/** `listen` may be given several times; without it the service listens on host and port. */
static void add_listener(worker_config *config, const char *url)
{
    char reason[128];
    if (config->listen_count == LISTENERS_MAX ||
        !listen_address_read(url, strlen(url), &service.listen[config->listen_count], reason, sizeof reason))
        abort();
    config->listen_count++;
}

static void read_setting(worker_config *config, const char *text)
{
    const char *value = strchr(text, '=');
    if (!value)
        return;
    value++;
    if (strncmp(text, "host=", 5) == 0)
        service.host = value;
    else if (strncmp(text, "listen=", 7) == 0)
        add_listener(config, value);
    else if (strncmp(text, "drain_ms=", 9) == 0)
        config->drain_ms = strtoull(value, NULL, 10);
    else if (strncmp(text, "watchdog_ms=", 12) == 0)
        config->watchdog_ms = strtoull(value, NULL, 10);
    else if (strncmp(text, "memory_limit=", 13) == 0)
        config->memory_limit_bytes = strtoull(value, NULL, 10);
    else if (strncmp(text, "max_connections=", 16) == 0)
        config->max_connections = (unsigned)strtoul(value, NULL, 10);
    else if (strncmp(text, "fail=", 5) == 0)
        service.fail = value;
    else if (strncmp(text, "fail_index=", 11) == 0)
        service.fail_index = (int)strtol(value, NULL, 10);
    else if (strncmp(text, "bad_check=", 10) == 0)
        service.bad_check = value;
    else if (strncmp(text, "mark=", 5) == 0)
        service.mark = value;
}

int main(int argc, char **argv)
{
    worker_config config = {.listen = service.listen,
                            .has_tls = true,
                            .workers = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 0,
                            .backlog = 1024,
                            .drain_ms = 5000,
                            .name = "echo"};
    bool is_check = false;
    service.fail_index = -1;
    service.host = "127.0.0.1";
    for (int i = 3; i < argc; i++) {
        read_setting(&config, argv[i]);
        is_check |= strcmp(argv[i], "--check") == 0;
    }
    char reason[128];
    uint16_t port = argc > 1 ? (uint16_t)strtoul(argv[1], NULL, 10) : 0;
    if (config.listen_count == 0)
        config.listen_count =
            listen_address_from_host(service.host, port, &service.listen[0], reason, sizeof reason);
    if (config.listen_count == 0)
        fprintf(stderr, "host: %s\n", reason);
    if (is_check || config.listen_count == 0)
        return service.bad_check && access(service.bad_check, F_OK) == 0;
    const worker_service offered = {.start = start,
                                    .on_connection = on_connection,
                                    .refuse = http_refuse,
                                    .drain = drain,
                                    .abort = abort_all,
                                    .describe = describe};
    return master_run(&config, &offered);
}

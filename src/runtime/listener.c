#include "runtime/listener.h"

#include "base/mem.h"
#include "runtime/socket_file.h"
#include "runtime/systemd.h"
#include "runtime/tcp_socket.h"
#include <tern/log.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { REASON_BYTES = LISTEN_TEXT_BYTES + 64 };

#define LENT_ADDRESS "systemd:" /* then its kind: the address of a socket that systemd has passed */

/** The opening of a set. */
typedef struct opening {
    listener_set *set;
    const worker_config *config;
    listener_left *left;
    unsigned left_count;
    bool
        is_successor; /* the program before has left sockets: it goes on without those that cannot be opened */
    char reason[REASON_BYTES];
} opening;

/** Reports why `address` is not listened on. Returns whether the service goes on without it. */
static bool give_up(const opening *o, const listen_address *address)
{
    char text[LISTEN_TEXT_BYTES];
    listen_address_print(address, text);
    if (o->is_successor)
        tern_log(TERN_LOG_ERROR, "cannot listen on %s: %s; the service goes on without it", text, o->reason);
    else
        fprintf(stderr, "cannot listen on %s: %s\n", text, o->reason);
    return o->is_successor;
}

static bool fail(opening *o, int error)
{
    snprintf(o->reason, sizeof o->reason, "%s", tcp_socket_hint(error));
    return false;
}

static tcp_options options_of(const worker_config *config, const listen_address *address)
{
    tcp_options options = {.backlog = config->backlog ? (int)config->backlog : SOMAXCONN};
    if (address->port == 0 || !tcp_address_is_every(address, AF_INET6))
        return options;
    for (unsigned i = 0; i < config->listen_count; i++)
        options.v6_only |=
            config->listen[i].port == address->port && tcp_address_is_every(&config->listen[i], AF_INET);
    return options;
}

static unsigned workers_of(const worker_config *config)
{
    return config->workers ? config->workers : 1;
}

/** Whether the service can begin such connections. */
static bool can_begin(opening *o, listener_kind kind)
{
    if (kind == LISTENER_PLAIN || o->config->has_tls)
        return true;
    snprintf(o->reason, sizeof o->reason, "TLS needs a certificate, and this program has none");
    return false;
}

/* -- one listener -- */

static bool get_name(int fd, struct sockaddr_storage *address, socklen_t *len)
{
    *len = sizeof *address;
    return getsockname(fd, (struct sockaddr *)address, len) == 0;
}

static void describe_file(listener *l, const struct sockaddr_un *address)
{
    struct stat file;
    char path[sizeof address->sun_path + 1];
    snprintf(path, sizeof path, "%.*s", (int)sizeof address->sun_path, address->sun_path);
    snprintf(l->url, sizeof l->url, "unix:%s", path);
    l->is_shared = true;
    if (l->is_lent || stat(path, &file) != 0)
        return;
    snprintf(l->unix_path, sizeof l->unix_path, "%s", path);
    l->unix_device = file.st_dev;
    l->unix_inode = file.st_ino;
}

/** Fills in what follows from the first socket. */
static bool describe(opening *o, listener *l)
{
    struct sockaddr_storage address = {0};
    socklen_t len;
    char host[INET6_ADDRSTRLEN + 32], port[8];
    if (!get_name(l->fds[0], &address, &len))
        return fail(o, errno);
    if (address.ss_family == AF_UNIX) {
        describe_file(l, (const struct sockaddr_un *)(const void *)&address);
        return true;
    }
    int failure = getnameinfo((struct sockaddr *)&address, len, host, sizeof host, port, sizeof port,
                              NI_NUMERICHOST | NI_NUMERICSERV);
    if (failure != 0)
        return fail(o, failure == EAI_SYSTEM ? errno : ENOMEM);
    listen_address shown = {.kind = l->kind, .port = (uint16_t)strtoul(port, NULL, 10)};
    snprintf(shown.host, sizeof shown.host, "%s", host);
    listen_address_print(&shown, l->url);
    l->port = shown.port;
    return true;
}

/** One socket a worker, all on the address of the first; extra ones of a program with more workers stay. */
static bool open_missing(opening *o, listener *l, tcp_options options)
{
    struct sockaddr_storage name;
    tcp_address address = {0};
    if (l->is_shared)
        return true;
    if (!get_name(l->fds[0], &name, &address.len) || address.len > sizeof address.at)
        return fail(o, errno);
    memcpy(&address.at, &name, address.len);
    while (l->count < workers_of(o->config)) {
        int fd = tcp_socket_listen(&address, options);
        if (fd < 0)
            return fail(o, errno);
        l->fds[l->count++] = fd;
    }
    return true;
}

static void close_listener(listener *l)
{
    for (unsigned i = 0; i < l->count; i++)
        close(l->fds[i]);
    mem_free(l->fds);
    struct stat file;
    if (l->unix_path[0] != '\0' && stat(l->unix_path, &file) == 0 && file.st_dev == l->unix_device &&
        file.st_ino == l->unix_inode)
        unlink(l->unix_path);
    *l = (listener){0};
}

static bool complete(opening *o, listener *l, tcp_options options)
{
    if (o->set->count == LISTENERS_MAX) {
        snprintf(o->reason, sizeof o->reason, "there are more than %d listeners", LISTENERS_MAX);
        return false;
    }
    int *room = mem_realloc(l->fds, (l->count + workers_of(o->config)) * sizeof *room);
    if (room == NULL)
        return fail(o, ENOMEM);
    l->fds = room;
    return can_begin(o, l->kind) && describe(o, l) && open_missing(o, l, options);
}

/** Adds a listener whose first `count` sockets are open. It owns `fds`, also on failure. */
static bool add(opening *o, listener l, int *fds, unsigned count, tcp_options options)
{
    l.fds = fds;
    l.count = count;
    listener *list = mem_realloc(o->set->list, (o->set->count + 1) * sizeof *list);
    if (list != NULL)
        o->set->list = list;
    bool is_complete = list != NULL ? complete(o, &l, options) : fail(o, ENOMEM);
    if (is_complete)
        list[o->set->count++] = l;
    else
        close_listener(&l);
    return is_complete;
}

/** Adds a listener with one open socket, which it owns. */
static bool add_first(opening *o, listener l, int fd, tcp_options options)
{
    int *fds = mem_alloc(sizeof *fds);
    if (fds == NULL) {
        close(fd);
        return fail(o, ENOMEM);
    }
    fds[0] = fd;
    return add(o, l, fds, 1, options);
}

/* -- where its first socket comes from -- */

/** The sockets left for `address`, or NULL. */
static listener_left *find_left(const opening *o, const char *address)
{
    for (unsigned i = 0; i < o->left_count; i++)
        if (o->left[i].fds != NULL && strcmp(o->left[i].address, address) == 0)
            return &o->left[i];
    return NULL;
}

/** Whether the left sockets still suit: whether [::] takes IPv4 cannot be changed once a socket is bound. */
static bool suits(const listener_left *left, const listen_address *address, tcp_options options)
{
    int v6_only = 0;
    socklen_t len = sizeof v6_only;
    return !tcp_address_is_every(address, AF_INET6) ||
           getsockopt(left->fds[0], IPPROTO_IPV6, IPV6_V6ONLY, &v6_only, &len) < 0 ||
           (v6_only != 0) == options.v6_only;
}

static bool take_over(opening *o, listener l, listener_left *left, tcp_options options)
{
    int *fds = left->fds;
    left->fds = NULL;
    return add(o, l, fds, left->count, options);
}

static bool is_taken_by_us(opening *o, const tcp_address *address)
{
    for (unsigned i = 0; i < o->set->count; i++) {
        struct sockaddr_storage name;
        tcp_address other = {0};
        if (!get_name(o->set->list[i].fds[0], &name, &other.len) || other.len > sizeof other.at)
            continue;
        memcpy(&other.at, &name, other.len);
        if (tcp_address_is_same(&other, address)) {
            snprintf(o->reason, sizeof o->reason, "%.200s is the same address", o->set->list[i].url);
            return true;
        }
    }
    return false;
}

static bool open_file(opening *o, listener l, const listen_address *address, tcp_options options)
{
    int fd = socket_file_listen(address->host, o->config, options.backlog, o->reason, sizeof o->reason);
    return fd >= 0 && add_first(o, l, fd, options);
}

/** `found` is the address as tcp_socket_find has it, for TCP. */
static bool open_one(opening *o, const listen_address *address, const tcp_address *found)
{
    listener l = {.kind = address->kind};
    const tcp_options options = options_of(o->config, address);
    listen_address_print(address, l.address);
    listener_left *left = find_left(o, l.address);
    if (left != NULL && suits(left, address, options))
        return take_over(o, l, left, options);
    if (address->family == LISTEN_FILE)
        return open_file(o, l, address, options);
    if (is_taken_by_us(o, found))
        return false;
    int fd = tcp_socket_listen(found, options);
    return fd >= 0 ? add_first(o, l, fd, options) : fail(o, errno);
}

/** The sockets that systemd has passed, now or to the program before. */
static bool open_lent(opening *o)
{
    static const char *const names[] = {
        [LISTENER_PLAIN] = LENT_ADDRESS "http", [LISTENER_TLS] = LENT_ADDRESS "https"};
    listener l = {.is_shared = true, .is_lent = true};
    bool is_done = true, has_any = false;
    for (unsigned kind = LISTENER_PLAIN; kind <= LISTENER_TLS; kind++) {
        listener_left *left;
        l.kind = (listener_kind)kind;
        snprintf(l.address, sizeof l.address, "%s", names[kind]);
        for (; is_done && (left = find_left(o, names[kind])) != NULL; has_any = true)
            is_done = take_over(o, l, left, (tcp_options){0});
    }
    if (has_any)
        return is_done;
    systemd_socket sockets[LISTENERS_MAX];
    int count = systemd_take_sockets(sockets, o->reason, sizeof o->reason);
    for (int i = 0; i < count; i++) {
        l.kind = sockets[i].kind;
        snprintf(l.address, sizeof l.address, "%s", names[l.kind]);
        if (is_done)
            is_done = add_first(o, l, sockets[i].fd, (tcp_options){0});
        else
            close(sockets[i].fd);
    }
    return is_done && count > 0;
}

/* -- the set -- */

/** What can be wrong before any socket is opened. */
static bool is_possible(opening *o, unsigned index)
{
    const listen_address *address = &o->config->listen[index];
    for (unsigned i = 0; i < index; i++)
        if (listen_address_is_same(&o->config->listen[i], address)) {
            snprintf(o->reason, sizeof o->reason, "it is given twice");
            return false;
        }
    return can_begin(o, address->kind);
}

static bool is_left(const opening *o, const listen_address *address)
{
    char text[LISTEN_TEXT_BYTES];
    listen_address_print(address, text);
    const listener_left *left = find_left(o, text);
    return left != NULL && suits(left, address, options_of(o->config, address));
}

/** Finds the address of one listener where it has to be looked up. */
static bool find_one(opening *o, unsigned index, tcp_address *found)
{
    const listen_address *address = &o->config->listen[index];
    if (!is_possible(o, index))
        return false;
    if (address->family != LISTEN_TCP || is_left(o, address))
        return true;
    return tcp_socket_find(address, options_of(o->config, address), o->is_successor, found, o->reason,
                           sizeof o->reason);
}

/** Finds the addresses of all listeners, then opens them: a listener of ours is never in the way of the search
 * for other processes. */
static bool open_all(opening *o)
{
    tcp_address found[LISTENERS_MAX];
    bool is_found[LISTENERS_MAX] = {false};
    for (unsigned i = 0; i < o->config->listen_count; i++) {
        is_found[i] = find_one(o, i, &found[i]);
        if (!is_found[i] && !give_up(o, &o->config->listen[i]))
            return false;
    }
    for (unsigned i = 0; i < o->config->listen_count; i++) {
        const listen_address *address = &o->config->listen[i];
        bool is_open = is_found[i] &&
                       (address->family == LISTEN_SYSTEMD ? open_lent(o) : open_one(o, address, &found[i]));
        if (is_found[i] && !is_open && !give_up(o, address))
            return false;
    }
    return o->set->count > 0;
}

static bool check_file_settings(const worker_config *config)
{
    for (unsigned i = 0; i < config->listen_count; i++)
        if (config->listen[i].family == LISTEN_FILE)
            return true;
    if (config->socket_mode == 0 && config->socket_owner == NULL && config->socket_group == NULL)
        return true;
    fputs("cannot listen: --socket-mode, --socket-owner and --socket-group are for a socket file; choose one "
          "with --listen unix:/path\n",
          stderr);
    return false;
}

/** Closes the listeners that the program before had and this one has not. */
static void close_left(opening *o)
{
    for (unsigned i = 0; i < o->left_count; i++) {
        listener_left *left = &o->left[i];
        listener l = {.fds = left->fds, .count = left->count};
        l.is_lent = strncmp(left->address, LENT_ADDRESS, strlen(LENT_ADDRESS)) == 0;
        if (left->fds == NULL)
            continue;
        describe(o, &l);
        close_listener(&l);
        left->fds = NULL;
    }
}

static void warn_of_unused(const worker_config *config)
{
    for (unsigned i = 0; i < config->listen_count; i++)
        if (config->listen[i].family == LISTEN_SYSTEMD)
            return;
    if (systemd_has_sockets())
        tern_log(TERN_LOG_WARN,
                 "systemd has passed sockets that no setting names: their clients will wait for "
                 "ever; add --listen systemd");
}

bool listener_set_open(listener_set *set, const worker_config *config, listener_left *left,
                       unsigned left_count)
{
    *set = (listener_set){0};
    opening o = {.set = set, .config = config, .left = left, .left_count = left_count};
    o.is_successor = left_count > 0;
    bool is_open = check_file_settings(config) && open_all(&o);
    close_left(&o);
    if (is_open)
        warn_of_unused(config);
    else
        listener_set_close(set);
    return is_open;
}

void listener_set_close(listener_set *set)
{
    while (set->count > 0)
        close_listener(&set->list[--set->count]);
    mem_free(set->list);
    set->list = NULL;
}

unsigned listener_set_sockets(const listener_set *set)
{
    unsigned count = 0;
    for (unsigned i = 0; i < set->count; i++)
        count += set->list[i].count;
    return count;
}

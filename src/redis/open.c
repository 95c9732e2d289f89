/* Opening a connection: name, socket, TLS, then user, database and name of the connection. */
#include "redis/client.h"

#include "base/mem.h"
#include "redis/command.h"

#include <tern/log.h>

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { GREETINGS_MOST = 4, GREETING_BYTES = 1024 };

static void connect_next(redis_link *l);

static void fail(redis_link *l, const char *reason)
{
    redis_link_drop(l, TERN_REDIS_AWAY, reason);
}

/* -- what a connection begins with -- */

typedef enum greeting_kind { GREET_AUTH, GREET_NAME, GREET_SELECT, GREET_ROLE } greeting_kind;

typedef struct greeting {
    redis_link *l;
    unsigned count;
    greeting_kind kinds[GREETINGS_MOST];
    tern_redis_reply replies[GREETINGS_MOST];
    arena memory;
    buf data;
    char lent[GREETING_BYTES];
} greeting;

static void free_greeting(greeting *g)
{
    arena_free(&g->memory);
    buf_free(&g->data);
    mem_free(g);
}

static bool begins_with(tern_str text, const char *word)
{
    return text.len >= strlen(word) && memcmp(text.data, word, strlen(word)) == 0;
}

static const char *quote(const tern_redis_reply *reply, char *room, size_t size)
{
    snprintf(room, size, "%.*s", (int)(reply->text.len < 120 ? reply->text.len : 120), reply->text.data);
    return room;
}

/** Why a reply does not let the connection be used; NULL when it does. A server's answer to AUTH is not quoted: one that
 * does not know the command repeats its arguments. */
static const char *objection(greeting_kind kind, const tern_redis_reply *reply, char *room, size_t size)
{
    bool is_error = reply->kind == TERN_REDIS_ERROR;
    if (is_error &&
        (begins_with(reply->text, "ERR max number of clients") || begins_with(reply->text, "DENIED ")))
        return quote(reply, room, size); /* what Redis says before it reads anything */
    if (kind == GREET_AUTH && is_error)
        return begins_with(reply->text, "WRONGPASS")
                   ? "AUTH: the user or the password is wrong (WRONGPASS)"
                   : "AUTH is refused: the server has no password, or does not take this one";
    if (is_error && begins_with(reply->text, "NOAUTH"))
        return "the server wants a password (NOAUTH): write it in the URL, redis://:PASSWORD@HOST";
    if (kind == GREET_ROLE) {
        bool is_known =
            reply->kind == TERN_REDIS_ARRAY && reply->count > 0 && reply->items[0].kind == TERN_REDIS_STRING;
        return is_known && strcmp(reply->items[0].text.data, "master") != 0
                   ? "it is not the master, or not any more"
                   : NULL;
    }
    return kind == GREET_NAME || !is_error ? NULL : quote(reply, room, size);
}

static void on_greeted(redis_request *r)
{
    greeting *g = r->owner;
    redis_link *l = g->l;
    char room[160];
    const char *why = NULL;
    for (unsigned i = 0; i < g->count && why == NULL; i++)
        why = objection(g->kinds[i], &g->replies[i], room, sizeof room);
    redis_request_free(l->node->client, r);
    free_greeting(g);
    if (l->state == LINK_CLOSED) /* which is why this request has ended */
        return;
    if (why != NULL)
        fail(l, why);
    else
        redis_link_greeted(l);
}

static bool add_greeting(greeting *g, greeting_kind kind, const char *const *words, size_t count)
{
    tern_str list[4];
    command_words w;
    for (size_t i = 0; i < count; i++)
        list[i] = (tern_str){words[i], strlen(words[i])};
    if (!redis_command_take(&w, &g->memory, list, count))
        return false;
    command_bytes bytes = redis_command_encode(&w);
    g->kinds[g->count++] = kind;
    return bytes.data != NULL && buf_add(&g->data, bytes.data, bytes.len);
}

static bool write_greeting(greeting *g, const redis_node *node)
{
    const redis_url *url = node->client->url;
    const char *user = node->is_sentinel ? url->sentinel_user : url->user;
    const char *password = node->is_sentinel ? url->sentinel_password : url->password;
    char database[12];
    bool is_made = true;
    if (password != NULL && user != NULL)
        is_made = add_greeting(g, GREET_AUTH, (const char *[]){"AUTH", user, password}, 3);
    else if (password != NULL)
        is_made = add_greeting(g, GREET_AUTH, (const char *[]){"AUTH", password}, 2);
    is_made = is_made && add_greeting(g, GREET_NAME,
                                      (const char *[]){"CLIENT", "SETNAME", node->client->options.name}, 3);
    if (node->is_sentinel)
        return is_made;
    snprintf(database, sizeof database, "%u", url->database);
    if (url->database != 0)
        is_made = is_made && add_greeting(g, GREET_SELECT, (const char *[]){"SELECT", database}, 2);
    if (url->mode == REDIS_SENTINEL)
        is_made = is_made && add_greeting(g, GREET_ROLE, (const char *[]){"ROLE"}, 1);
    return is_made;
}

static void greet(redis_link *l)
{
    redis_client *client = l->node->client;
    greeting *g = mem_zero(1, sizeof *g);
    if (g == NULL) {
        fail(l, "out of memory");
        return;
    }
    g->l = l;
    arena_init(&g->memory, g->lent, sizeof g->lent, 1024 * 1024);
    redis_request *r = write_greeting(g, l->node) ? redis_request_new(client, g->data.data, g->data.len,
                                                                      g->replies, g->count, &g->memory)
                                                  : NULL;
    if (r == NULL) {
        free_greeting(g);
        fail(l, "out of memory");
        return;
    }
    r->is_internal = true;
    r->owner = g;
    r->node = l->node;
    r->on_done = on_greeted;
    l->is_shaken = true;
    if (redis_link_send(l, r))
        return;
    redis_request_free(client, r);
    free_greeting(g);
    fail(l, "out of memory");
}

void redis_link_greeted(redis_link *l)
{
    redis_node *node = l->node;
    timer_stop(&loop_self.timers, &l->timer);
    l->state = LINK_READY;
    node->opening--;
    if (node->failures > 0)
        tern_log(TERN_LOG_INFO, "connected to Redis at %s again", node->label);
    node->failures = 0;
    redis_node_pump_later(node);
}

/* -- TLS -- */

static void shake(redis_link *l)
{
    char room[160];
    switch (tls_handshake(l->tls)) {
    case TLS_DONE:
        greet(l);
        return;
    case TLS_FAILED:
        snprintf(room, sizeof room, "TLS: %s", tls_client_failure(l->tls));
        fail(l, room);
        return;
    default:
        return; /* the next event goes on */
    }
}

static void connected(redis_link *l)
{
    l->is_connected = true;
    if (l->node->client->tls == NULL) {
        greet(l);
        return;
    }
    l->tls = tls_client_open(l->node->client->tls, l->source.fd, l->node->host);
    if (l->tls == NULL)
        fail(l, "out of memory");
    else
        shake(l);
}

/* -- the socket -- */

void redis_link_open_event(redis_link *l, uint32_t events)
{
    if (l->is_connected) {
        tls_note_readable(l->tls);
        shake(l);
        return;
    }
    if ((events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) == 0)
        return;
    int error = 0;
    socklen_t len = sizeof error;
    getsockopt(l->source.fd, SOL_SOCKET, SO_ERROR, &error, &len);
    if (error == 0) {
        connected(l);
        return;
    }
    snprintf(l->problem, sizeof l->problem, "%s", strerror(error));
    connect_next(l);
}

static void close_socket(redis_link *l)
{
    if (l->source.fd < 0)
        return;
    loop_remove(&l->source);
    close(l->source.fd);
    l->source.fd = -1;
}

static bool connect_to(redis_link *l, const struct sockaddr *address, socklen_t len)
{
    int one = 1;
    close_socket(l);
    l->source.fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (l->source.fd >= 0 && address->sa_family != AF_UNIX) {
        setsockopt(l->source.fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        setsockopt(l->source.fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof one);
    }
    int result = l->source.fd >= 0 ? connect(l->source.fd, address, len) : -1;
    if (result != 0 && (l->source.fd < 0 || errno != EINPROGRESS)) {
        snprintf(l->problem, sizeof l->problem, "%s", strerror(errno));
        if (l->source.fd >= 0)
            close(l->source.fd);
        l->source.fd = -1;
        return false;
    }
    if (loop_add(&l->source,
                 EPOLLIN | EPOLLOUT | EPOLLRDHUP)) /* also tells of a socket that is connected already */
        return true;
    snprintf(l->problem, sizeof l->problem, "its socket cannot be watched: %s", strerror(errno));
    close(l->source.fd);
    l->source.fd = -1;
    return false;
}

static void start_timer(redis_link *l)
{
    timer_start(&loop_self.timers, &l->timer, loop_self.now_ms + l->node->client->options.connect_timeout_ms);
}

/** Tries the addresses one after the other. */
static void connect_next(redis_link *l)
{
    while (l->address_next < l->address_count) {
        const lookup_address *address = &l->addresses[l->address_next++];
        if (connect_to(l, &address->any, address->len)) {
            start_timer(l);
            return;
        }
    }
    close_socket(l);
    fail(l, l->problem[0] != '\0' ? l->problem : "its name has no address");
}

static void on_timer(timer_entry *timer)
{
    redis_link *l = list_owner(timer, redis_link, timer);
    if (l->is_connected || l->lookup != NULL) {
        fail(l, l->lookup != NULL ? "its name was not looked up in time" : "it does not answer in time");
        return;
    }
    snprintf(l->problem, sizeof l->problem, "the connection could not be made in time");
    connect_next(l);
}

static void on_addresses(void *arg, const lookup_address *addresses, size_t count, const char *problem)
{
    redis_link *l = arg;
    l->lookup = NULL;
    if (problem != NULL)
        snprintf(l->problem, sizeof l->problem, "%s", problem);
    memcpy(l->addresses, addresses, count * sizeof *addresses);
    l->address_count = count;
    connect_next(l);
}

static void open_unix(redis_link *l)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, l->node->host, strnlen(l->node->host, sizeof address.sun_path - 1));
    if (connect_to(l, (const struct sockaddr *)&address, sizeof address))
        start_timer(l);
    else
        fail(l, l->problem);
}

void redis_link_open(redis_node *node)
{
    redis_link *l = mem_zero(1, sizeof *l);
    if (l == NULL || !redis_reply_reader_open(&l->reader, node->client->options.max_reply)) {
        mem_free(l);
        redis_node_note_failure(node, "out of memory");
        return;
    }
    l->node = node;
    l->source = (loop_source){.fd = -1, .on_event = redis_link_on_event};
    l->timer.fire = on_timer;
    list_init(&l->flight);
    list_append(&node->links, &l->link);
    node->link_count++;
    node->opening++;
    if (node->port == 0) {
        open_unix(l);
        return;
    }
    if (lookup_literal(node->host, node->port, &l->addresses[0])) {
        l->address_count = 1;
        connect_next(l);
        return;
    }
    start_timer(l);
    l->lookup = lookup_start(node->host, node->port, on_addresses, l);
    if (l->lookup == NULL)
        fail(l, "no thread can be started to look up its name");
}

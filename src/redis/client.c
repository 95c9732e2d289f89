/* The client of a worker: its settings, its nodes, its requests. */
#include "redis/client.h"

#include "app/command.h"
#include "base/mem.h"

#include <stdio.h>
#include <string.h>

enum {
    TIMEOUT_MS = 3000,
    CONNECT_TIMEOUT_MS = 2000,
    CONNECTIONS = 4,
    QUEUE = 4096,
    MAX_REPLY = 64 * 1024 * 1024,
    REQUESTS_KEPT = 256,
    NODES_MOST = 1024 /* a server that lies about its cluster can name many */
};

static const char usual_url[] = "redis://127.0.0.1:6379";

static tern_redis_options set; /* by tern_redis_setup */

static struct {
    unsigned opened; /* loop_self.opened of what follows */
    bool is_made;
    redis_url url;
    redis_client client;
} self;

void redis_client_set_options(const tern_redis_options *options)
{
    set = *options;
}

const tern_redis_options *redis_client_options(void)
{
    return &set;
}

static const char *url_of(const tern_app *app)
{
    const char *given = app_redis_url(app);
    return given != NULL ? given : set.url != NULL ? set.url : usual_url;
}

static void complete(tern_redis_options *o)
{
    o->timeout_ms = o->timeout_ms != 0 ? o->timeout_ms : TIMEOUT_MS;
    o->connect_timeout_ms = o->connect_timeout_ms != 0 ? o->connect_timeout_ms : CONNECT_TIMEOUT_MS;
    o->connections = o->connections != 0 ? o->connections : CONNECTIONS;
    o->queue = o->queue != 0 ? o->queue : QUEUE;
    o->max_reply = o->max_reply != 0 ? o->max_reply : MAX_REPLY;
    o->name = o->name != NULL ? o->name : "tern";
}

/** Whether a name can be given to a connection: Redis takes printable characters without spaces. */
static bool check_name(const char *name, buf *problem)
{
    for (const char *at = name; *at != '\0'; at++)
        if (*at <= ' ' || *at >= 127) {
            buf_add_printf(
                problem, "redis: .name is \"%.100s\": it can have no spaces and only ASCII characters", name);
            return false;
        }
    return true;
}

static tls_client *open_tls(const tern_redis_options *o, buf *problem)
{
    buf why = {0};
    tls_client *tls = tls_client_new(&(tls_client_settings){o->ca_file, o->cert_file, o->key_file}, &why);
    if (tls == NULL)
        buf_add_printf(problem, "redis: rediss:// cannot be used: %s",
                       why.failed ? "out of memory" : why.data);
    buf_free(&why);
    return tls;
}

bool redis_client_check(tern_app *app, buf *problem)
{
    const char *why;
    redis_url url;
    tls_client *tls = NULL;
    if (!hiredis_load(&why)) {
        buf_add_printf(problem, "redis: %s\n", why);
        return false;
    }
    bool is_good = redis_url_read(url_of(app), &url, problem);
    if (is_good && url.is_tls)
        is_good = (tls = open_tls(&set, problem)) != NULL;
    if (is_good && set.name != NULL)
        is_good = check_name(set.name, problem);
    if (!is_good)
        buf_add_text(problem, "\n");
    tls_client_free(tls);
    redis_url_free(&url);
    return is_good;
}

static bool make(tern_app *app, buf *problem)
{
    redis_client *client = &self.client;
    const char *why;
    if (!hiredis_load(&why)) {
        buf_add_printf(problem, "redis: %s", why);
        return false;
    }
    if (!redis_url_read(url_of(app), &self.url, problem))
        return false;
    *client = (redis_client){.url = &self.url, .options = set};
    complete(&client->options);
    if (self.url.is_tls && (client->tls = open_tls(&client->options, problem)) == NULL) {
        redis_url_free(&self.url);
        return false;
    }
    pool_init(&client->requests, sizeof(redis_request), REQUESTS_KEPT);
    list_init(&client->nodes);
    redis_topology_init(&client->topology);
    return true;
}

redis_client *redis_client_get(tern_app *app, const char **problem, tern_redis_fault *fault)
{
    static char line[300];
    if (__builtin_expect(self.is_made && self.opened == loop_self.opened, 1))
        return &self.client;
    char room[sizeof line];
    buf why = {.data = room, .cap = sizeof room, .limit = sizeof room - 1};
    room[0] = '\0';
    memset(&self, 0, sizeof self); /* what an earlier loop had is gone with it */
    if (!make(app, &why)) {
        snprintf(line, sizeof line, "%s", room);
        *problem = line;
        *fault = strstr(line, "out of memory") != NULL ? TERN_REDIS_NO_MEMORY : TERN_REDIS_WRONG;
        return NULL;
    }
    self.is_made = true;
    self.opened = loop_self.opened;
    return &self.client;
}

void redis_client_close(void)
{
    redis_client *client = &self.client;
    if (!self.is_made || self.opened != loop_self.opened)
        return;
    client->is_closing = true;
    redis_topology_close(client);
    list_each (link, &client->nodes)
        redis_node_close(list_owner(link, redis_node, link));
    list_link *link;
    while ((link = list_take_first(&client->nodes)) != NULL)
        mem_free(list_owner(link, redis_node, link));
    pool_drain(&client->requests);
    tls_client_free(client->tls);
    redis_url_free(&self.url);
    self.is_made = false;
}

void redis_client_tidy(void)
{
    if (self.is_made && self.opened == loop_self.opened)
        pool_tidy(&self.client.requests);
}

/* -- nodes -- */

redis_node *redis_client_node(redis_client *client, const char *host, uint16_t port, bool is_sentinel)
{
    list_each (link, &client->nodes) {
        redis_node *node = list_owner(link, redis_node, link);
        if (node->port == port && node->is_sentinel == is_sentinel && strcmp(node->host, host) == 0)
            return node;
    }
    size_t len = strlen(host);
    redis_node *node =
        client->node_count < NODES_MOST && len < REDIS_HOST_BYTES ? mem_zero(1, sizeof *node) : NULL;
    if (node == NULL)
        return NULL;
    memcpy(node->host, host, len + 1);
    if (port == 0)
        snprintf(node->label, sizeof node->label, "%s", host);
    else
        snprintf(node->label, sizeof node->label, strchr(host, ':') != NULL ? "[%s]:%u" : "%s:%u", host,
                 (unsigned)port);
    node->client = client;
    node->port = port;
    node->is_sentinel = is_sentinel;
    list_init(&node->links);
    list_init(&node->wants);
    list_append(&client->nodes, &node->link);
    client->node_count++;
    return node;
}

/** Closes idle connections of a node that is not listed; whether it has none left. */
static bool let_go(redis_node *node)
{
    for (list_link *link = node->links.next, *next; link != &node->links; link = next) {
        redis_link *l = list_owner(link, redis_link, link);
        next = link->next;
        if (l->state == LINK_READY && list_empty(&l->flight))
            redis_link_drop(l, TERN_REDIS_AWAY, "it is not needed any more");
    }
    return node->link_count == 0 && list_empty(&node->wants) && !node->will_pump;
}

void redis_client_tidy_nodes(redis_client *client)
{
    for (list_link *link = client->nodes.next, *next; link != &client->nodes; link = next) {
        redis_node *node = list_owner(link, redis_node, link);
        next = link->next;
        if (node->is_listed || node->is_sentinel || !let_go(node))
            continue;
        list_remove(&node->link);
        client->node_count--;
        mem_free(node);
    }
}

/* -- requests -- */

redis_request *redis_request_new(redis_client *client, const char *data, size_t len,
                                 tern_redis_reply *replies, unsigned count, arena *memory)
{
    redis_request *r = pool_get(&client->requests);
    if (r == NULL)
        return NULL;
    *r = (redis_request){
        .data = data, .len = len, .replies = replies, .count = count, .place = {.arena = memory}};
    list_init(&r->link);
    return r;
}

void redis_request_free(redis_client *client, redis_request *r)
{
    pool_put(&client->requests, r);
}

void redis_request_done(redis_request *r)
{
    redis_client *client = r->node->client;
    client->waiting -= !r->is_internal;
    if (r->on_done != NULL)
        r->on_done(r);
    else
        redis_request_free(client, r);
}

void redis_request_fail(redis_request *r, tern_redis_fault fault, const char *text)
{
    if (r->on_done != NULL) {
        const char *copy = arena_printf(r->place.arena, "%s: %s", r->node->label, text);
        redis_reply_set_error(&r->replies[0], fault, copy != NULL ? copy : "no connection to Redis");
        for (unsigned i = 1; i < r->count; i++)
            r->replies[i] = r->replies[0];
    }
    redis_request_done(r);
}

void redis_request_leave(redis_request *r)
{
    redis_client *client = r->node->client;
    r->on_done = NULL;
    r->place.reply = NULL;
    if (r->on != NULL)
        return;
    list_remove(&r->link);
    client->waiting -= !r->is_internal;
    redis_request_free(client, r);
}

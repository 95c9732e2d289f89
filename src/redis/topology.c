/* Which nodes there are: asked of sentinels, or of the nodes of a cluster, one after the other until one knows. */
#include "redis/client.h"

#include "base/mem.h"
#include "base/text.h"
#include "redis/command.h"
#include "runtime/coro.h"

#include <stdio.h>
#include <string.h>

enum { MEMORY_BYTES = 8 * 1024 * 1024 }; /* of a reply */

static void ask(redis_client *client);

void redis_topology_init(redis_topology *t)
{
    list_init(&t->waiting);
}

static void wake_all(redis_topology *t)
{
    list_link *link;
    while ((link = list_take_first(&t->waiting)) != NULL)
        coro_wake(list_owner(link, topology_wait, link)->waiting);
}

static void end(redis_client *client, bool is_learnt)
{
    redis_topology *t = &client->topology;
    t->is_running = false;
    timer_stop(&loop_self.timers, &t->timer);
    arena_free(&t->memory);
    if (is_learnt) {
        t->is_known = true;
        t->learnt_ms = loop_self.now_ms;
        t->failed_ms = 0;
        redis_client_tidy_nodes(client);
    } else {
        t->failed_ms = loop_self.now_ms;
    }
    wake_all(t);
}

/* -- replies -- */

static void unlist_all(const redis_client *client)
{
    list_each (link, &client->nodes)
        list_owner(link, redis_node, link)->is_listed = false;
}

static const char *take_master(redis_client *client)
{
    redis_topology *t = &client->topology;
    const tern_redis_reply *r = &t->reply;
    uint64_t port;
    if (r->kind == TERN_REDIS_NIL)
        return "it does not know a master of this name";
    if (r->kind != TERN_REDIS_ARRAY || r->count != 2 || r->items[0].kind != TERN_REDIS_STRING ||
        r->items[1].kind != TERN_REDIS_STRING || r->items[1].text.len > 5 || r->items[1].text.len == 0 ||
        !text_get_u64(r->items[1].text.data, r->items[1].text.len, &port) || port == 0 || port > 65535)
        return "its reply is not the address of a master";
    redis_node *master = redis_client_node(client, r->items[0].text.data, (uint16_t)port, false);
    if (master == NULL)
        return "out of memory";
    unlist_all(client);
    master->is_listed = true;
    t->master = master;
    return NULL;
}

static const char *take_slots(redis_client *client, const redis_node *teller)
{
    redis_topology *t = &client->topology;
    const tern_redis_reply *r = &t->reply;
    if (r->kind != TERN_REDIS_ARRAY)
        return "its reply is not a list of slots";
    if (r->count == 0)
        return "its cluster has no slots: it may still be made";
    redis_node **slots = mem_zero(CLUSTER_SLOTS, sizeof *slots);
    const char *why = slots == NULL ? "out of memory" : NULL;
    for (size_t i = 0; i < r->count && why == NULL; i++) {
        cluster_range range;
        redis_node *node = NULL;
        if (!redis_cluster_range_read(&r->items[i], &range))
            why = "its list of slots is malformed";
        else if ((node = redis_client_node(client, range.host[0] != '\0' ? range.host : teller->host,
                                           range.port, false)) == NULL)
            why = "out of memory, or it lists more than 1,024 nodes";
        for (unsigned slot = range.first; why == NULL && slot <= range.last; slot++)
            slots[slot] = node;
    }
    if (why != NULL) {
        mem_free(slots);
        return why;
    }
    unlist_all(client);
    for (unsigned slot = 0; slot < CLUSTER_SLOTS; slot++)
        if (slots[slot] != NULL)
            slots[slot]->is_listed = true;
    mem_free(t->slots);
    t->slots = slots;
    return NULL;
}

static void next_host(redis_client *client, const redis_node *node, const char *why)
{
    redis_topology *t = &client->topology;
    snprintf(t->problem, sizeof t->problem, "%s: %s", node->label, why);
    t->left--;
    t->at++;
    ask(client);
}

static void on_reply(redis_request *r)
{
    redis_node *node = r->node;
    redis_client *client = node->client;
    redis_topology *t = &client->topology;
    char why[160];
    t->request = NULL;
    redis_request_free(client, r);
    if (client->is_closing)
        return;
    if (t->reply.kind == TERN_REDIS_ERROR) {
        snprintf(why, sizeof why, "%.*s", (int)(t->reply.text.len < 150 ? t->reply.text.len : 150),
                 t->reply.text.data);
        const char *rest = strstr(why, node->label) == why ? why + strlen(node->label) + 2 : why;
        next_host(client, node, rest);
        return;
    }
    const char *problem =
        client->url->mode == REDIS_SENTINEL ? take_master(client) : take_slots(client, node);
    if (problem != NULL)
        next_host(client, node, problem);
    else
        end(client, true);
}

static void on_timer(timer_entry *timer)
{
    redis_topology *t = list_owner(timer, redis_topology, timer);
    redis_client *client = list_owner(t, redis_client, topology);
    redis_request *r = t->request;
    redis_node *node = r->node;
    redis_link *l = r->on;
    t->request = NULL;
    redis_request_leave(r);
    if (l != NULL && l->state == LINK_READY)
        redis_link_drop(l, TERN_REDIS_AWAY, "it does not answer in time");
    next_host(client, node, "it does not answer in time");
}

/* -- asking -- */

static command_bytes question(const redis_client *client, arena *memory)
{
    static const tern_str slots[] = {{"CLUSTER", 7}, {"SLOTS", 5}};
    command_words w;
    bool is_taken;
    if (client->url->mode == REDIS_SENTINEL) {
        const tern_str words[] = {{"SENTINEL", 8},
                                  {"get-master-addr-by-name", 23},
                                  {client->url->service, strlen(client->url->service)}};
        is_taken = redis_command_take(&w, memory, words, 3);
        return is_taken ? redis_command_encode(&w) : (command_bytes){0};
    }
    is_taken = redis_command_take(&w, memory, slots, 2);
    return is_taken ? redis_command_encode(&w) : (command_bytes){0};
}

/** The host to ask: those of the URL first, then what is known of the cluster. */
static redis_node *host_at(redis_client *client)
{
    const redis_topology *t = &client->topology;
    const redis_url *url = client->url;
    bool is_sentinel = url->mode == REDIS_SENTINEL;
    if (t->at < url->host_count)
        return redis_client_node(client, url->hosts[t->at].name, url->hosts[t->at].port, is_sentinel);
    unsigned at = t->at - url->host_count;
    list_each (link, &client->nodes) {
        redis_node *node = list_owner(link, redis_node, link);
        if (node->is_listed && !is_sentinel && at-- == 0)
            return node;
    }
    return NULL;
}

static unsigned hosts_to_ask(const redis_client *client)
{
    unsigned count = client->url->host_count;
    list_each (link, &client->nodes)
        count += client->url->mode == REDIS_CLUSTER && list_owner(link, redis_node, link)->is_listed;
    return count;
}

static void ask(redis_client *client)
{
    redis_topology *t = &client->topology;
    arena_free(&t->memory);
    arena_init(&t->memory, NULL, 0, MEMORY_BYTES);
    redis_node *node = t->left > 0 ? host_at(client) : NULL;
    command_bytes bytes = node != NULL ? question(client, &t->memory) : (command_bytes){0};
    redis_request *r = bytes.data != NULL
                           ? redis_request_new(client, bytes.data, bytes.len, &t->reply, 1, &t->memory)
                           : NULL;
    if (r == NULL) {
        if (node != NULL)
            snprintf(t->problem, sizeof t->problem, "out of memory");
        end(client, false);
        return;
    }
    t->reply = (tern_redis_reply){0};
    t->request = r;
    r->is_internal = true;
    r->on_done = on_reply;
    t->timer.fire = on_timer;
    timer_start(&loop_self.timers, &t->timer, loop_self.now_ms + client->options.connect_timeout_ms);
    redis_node_want(node, r);
}

void redis_topology_refresh(redis_client *client)
{
    redis_topology *t = &client->topology;
    if (t->is_running || client->is_closing)
        return;
    t->is_running = true;
    t->at = 0;
    t->left = hosts_to_ask(client);
    arena_init(&t->memory, NULL, 0, MEMORY_BYTES);
    ask(client);
}

void redis_topology_close(redis_client *client)
{
    redis_topology *t = &client->topology;
    timer_stop(&loop_self.timers, &t->timer);
    if (t->request != NULL)
        redis_request_leave(t->request);
    t->request = NULL;
    if (t->is_running)
        arena_free(&t->memory);
    t->is_running = false;
    mem_free(t->slots);
    t->slots = NULL;
    wake_all(t);
}

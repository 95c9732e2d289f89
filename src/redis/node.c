/* Which connection a request gets. Hot path: redis_node_want with a connection that is ready. */
#include "redis/client.h"

#include "base/random.h"

#include <tern/log.h>

#include <stdio.h>
#include <string.h>

enum {
    LEAST_PAUSE_MS = 50,
    MOST_PAUSE_MS = 5000,
    BUSY_FLIGHT = 256,                /* so many on its way: another connection would help */
    OUT_BYTES_MOST = 64 * 1024 * 1024 /* that wait to be sent on one connection */
};

/** The pause before the next attempt: twice as long each time, partly random, so that workers do not all connect at once
 * to a server that has just started. */
static uint64_t pause_ms(unsigned failures)
{
    uint16_t chance = 0;
    uint64_t most = failures > 7 ? MOST_PAUSE_MS : (uint64_t)LEAST_PAUSE_MS << (failures - 1);
    if (most > MOST_PAUSE_MS)
        most = MOST_PAUSE_MS;
    random_bytes(&chance, sizeof chance);
    return most - most / 2 * chance / UINT16_MAX;
}

static bool is_away(const redis_node *node)
{
    return node->link_count == 0 && node->failures > 0 && loop_self.now_ms < node->retry_at_ms;
}

static void fail_all(redis_node *node)
{
    list_link *link;
    while ((link = list_take_first(&node->wants)) != NULL)
        redis_request_fail(list_owner(link, redis_request, link), TERN_REDIS_AWAY, node->away);
}

/* The same problem is logged once, not at every attempt. */
void redis_node_note_failure(redis_node *node, const char *reason)
{
    char line[200];
    if (node->client->is_closing)
        return;
    snprintf(line, sizeof line, "%s", reason);
    node->failures += node->failures < 1000;
    node->retry_at_ms = loop_self.now_ms + pause_ms(node->failures);
    if (node->failures == 1 || strcmp(line, node->away) != 0)
        tern_log(TERN_LOG_WARN, "no connection to Redis at %s: %s", node->label, line);
    memcpy(node->away, line, sizeof line);
    if (node->client->url->mode != REDIS_SINGLE && !node->is_sentinel)
        redis_topology_refresh(node->client); /* others may have its place by now */
    redis_node_pump_later(node);
}

/** The connection with the least to do; NULL when none is ready. */
static redis_link *best_link(const redis_node *node)
{
    redis_link *best = NULL;
    list_each (link, &node->links) {
        redis_link *l = list_owner(link, redis_link, link);
        if (l->state == LINK_READY && (best == NULL || l->in_flight < best->in_flight))
            best = l;
    }
    return best;
}

static bool wants_more(const redis_node *node, const redis_link *best)
{
    return node->opening == 0 && node->link_count < node->client->options.connections &&
           loop_self.now_ms >= node->retry_at_ms && (best == NULL || best->in_flight >= BUSY_FLIGHT);
}

static void send_on(redis_link *l, redis_request *r)
{
    if (l->out.len - l->sent_in_out + r->len > OUT_BYTES_MOST && l->out.len != 0)
        redis_request_fail(r, TERN_REDIS_BUSY, "too much waits to be sent");
    else if (!redis_link_send(l, r))
        redis_request_fail(r, TERN_REDIS_NO_MEMORY, "out of memory for a command");
}

void redis_node_want(redis_node *node, redis_request *r)
{
    r->node = node;
    redis_link *l = list_empty(&node->wants) ? best_link(node) : NULL;
    if (l != NULL)
        send_on(l, r);
    else
        list_append(&node->wants, &r->link);
    if (l == NULL || l->in_flight >= BUSY_FLIGHT)
        redis_node_pump_later(node);
}

static void pump(loop_later *later)
{
    redis_node *node = list_owner(later, redis_node, pump);
    list_link *link;
    node->will_pump = false;
    redis_link *l = best_link(node);
    while (l != NULL && (link = list_take_first(&node->wants)) != NULL) {
        send_on(l, list_owner(link, redis_request, link));
        l = best_link(node);
    }
    if (is_away(node)) {
        fail_all(node);
        return;
    }
    if ((l != NULL || !list_empty(&node->wants)) && wants_more(node, l))
        redis_link_open(node);
    if (is_away(node)) /* it failed at once */
        fail_all(node);
}

void redis_node_pump_later(redis_node *node)
{
    if (node->will_pump || node->client->is_closing)
        return;
    node->will_pump = true;
    node->pump.run = pump;
    loop_do_later(&node->pump);
}

void redis_node_close(redis_node *node)
{
    fail_all(node);
    while (!list_empty(&node->links))
        redis_link_drop(list_owner(node->links.next, redis_link, link), TERN_REDIS_AWAY, "the worker stops");
    if (node->will_pump)
        list_remove(&node->pump.link);
    node->will_pump = false;
}

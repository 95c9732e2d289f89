/*
 * From commands to replies, in the coroutine that wants them. Hot path: redis_run_commands for a server that is ready.
 *
 * Some errors say that a command was not done, and where it can be done (MOVED, ASK) or that it may be later (LOADING):
 * these are repeated here. Nothing is repeated that may have been done.
 */
#include "redis/run.h"

#include "app/ctx.h"

#include <stdio.h>
#include <string.h>

enum {
    TRIES_MOST = 6,
    LEAST_DELAY_MS = 10, /* before a command is repeated; twice as long each time */
    SILENT_MS = 1000,    /* without a reply for so long, a connection is taken to be dead */
    LOOK_AGAIN_MS = 300, /* between two questions for the topology, while a node is away */
    LEARNT_MS = 10000    /* how long sentinels are believed */
};

/** What a coroutine waits for. */
typedef struct run_wait {
    coro *waiting;
    unsigned left;
} run_wait;

unsigned redis_run_slot(const redis_client *client, const command_words *w)
{
    if (client->url->mode != REDIS_CLUSTER)
        return CLUSTER_NO_SLOT;
    tern_str key = redis_command_key(w);
    return key.data != NULL ? redis_cluster_slot(key) : CLUSTER_NO_SLOT;
}

/* -- waiting -- */

static void on_done(redis_request *r)
{
    run_command *k = r->owner;
    run_wait *wait = k->wait;
    k->request = NULL;
    redis_request_free(r->node->client, r);
    if (--wait->left == 0)
        coro_wake(wait->waiting);
}

/** Closes the connection that a command did not get its reply from, if nothing has come from there for long. */
static void suspect(redis_link *l)
{
    if (l == NULL || l->state != LINK_READY || list_empty(&l->flight))
        return;
    const redis_request *oldest = list_owner(l->flight.next, redis_request, link);
    uint64_t since_ms = l->received_ms > oldest->sent_ms ? l->received_ms : oldest->sent_ms;
    if (loop_self.now_ms >= since_ms + SILENT_MS)
        redis_link_drop(l, TERN_REDIS_TIMEOUT, "it does not answer, so its connection was closed");
}

static void leave(run_command *list, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        redis_request *r = list[i].request;
        if (r == NULL)
            continue;
        redis_link *l = r->on;
        list[i].request = NULL;
        redis_request_leave(r);
        suspect(l); /* may end others of the list */
    }
}

static _Noreturn void cancelled(run_command *list, unsigned count)
{
    leave(list, count);
    unwind_throw(UNWIND_CANCELLED);
}

static void set_all(run_command *k, tern_redis_fault fault, const char *text)
{
    for (unsigned i = 0; i < k->count; i++)
        redis_reply_set_error(&k->replies[i], fault, text);
}

/** Whether a node that was chosen before waiting still exists. */
static bool exists(const redis_client *client, const redis_node *wanted)
{
    list_each (link, &client->nodes)
        if (list_owner(link, redis_node, link) == wanted)
            return true;
    return false;
}

static void set_late(tern_ctx *c, run_command *k, const redis_client *client)
{
    const char *text =
        arena_printf(ctx_arena(c), "%s: no reply within %u ms",
                     exists(client, k->node) ? k->node->label : "Redis", client->options.timeout_ms);
    set_all(k, TERN_REDIS_TIMEOUT, text != NULL ? text : "no reply in time");
}

/* -- choosing a node -- */

static bool is_away(const redis_node *node)
{
    return node->failures > 0 && node->link_count == 0;
}

static redis_node *any_node(const redis_client *client)
{
    redis_node *found = NULL;
    list_each (link, &client->nodes) {
        redis_node *node = list_owner(link, redis_node, link);
        if (node->is_listed && !node->is_sentinel && (found == NULL || is_away(found)))
            found = node;
    }
    return found;
}

static redis_node *listed_node(const redis_client *client, unsigned slot)
{
    const redis_topology *t = &client->topology;
    if (client->url->mode == REDIS_SENTINEL)
        return t->master;
    redis_node *node = slot != CLUSTER_NO_SLOT && t->slots != NULL ? t->slots[slot] : NULL;
    return node != NULL ? node : any_node(client);
}

/** Waits until the topology is learnt, or cannot be. False when the request is cancelled. */
static bool await_topology(redis_client *client, uint64_t at_ms)
{
    redis_topology *t = &client->topology;
    redis_topology_refresh(client);
    if (!t->is_running) /* it failed at once */
        return true;
    topology_wait wait = {.waiting = coro_self()};
    list_append(&t->waiting, &wait.link);
    coro_outcome outcome = coro_wait(at_ms);
    list_remove(&wait.link);
    return outcome != CORO_CANCELLED;
}

/** The node for a command; NULL when none is known. `*is_cancelled`: the request was, meanwhile. */
static redis_node *choose(redis_client *client, const run_command *k, uint64_t at_ms, bool *is_cancelled)
{
    redis_topology *t = &client->topology;
    const redis_url *url = client->url;
    if (url->mode == REDIS_SINGLE)
        return redis_client_node(client, url->hosts[0].name, url->hosts[0].port, false);
    redis_node *node = t->is_known ? listed_node(client, k->slot) : NULL;
    bool is_fresh = loop_self.now_ms < t->failed_ms + LOOK_AGAIN_MS;
    bool is_lost = node == NULL || (is_away(node) && loop_self.now_ms >= t->learnt_ms + LOOK_AGAIN_MS);
    if (is_lost && !is_fresh) {
        *is_cancelled = !await_topology(client, at_ms);
        return t->is_known ? listed_node(client, k->slot) : NULL;
    }
    if (url->mode == REDIS_SENTINEL && loop_self.now_ms >= t->learnt_ms + LEARNT_MS && !is_fresh)
        redis_topology_refresh(client); /* for the commands after this one */
    return node;
}

/* -- sending -- */

static void refuse(tern_ctx *c, run_command *k, tern_redis_fault fault, const char *why, const char *more)
{
    const char *text = arena_printf(ctx_arena(c), "%s%s", why, more);
    set_all(k, fault, text != NULL ? text : why);
}

/** Sends one command; false when it got its error instead. */
static bool start(tern_ctx *c, redis_client *client, run_command *k, run_wait *wait)
{
    unsigned tries = k->tries + 1;
    k->tries = TRIES_MOST; /* an error here is final */
    if (client->waiting >= client->options.queue) {
        set_all(k, TERN_REDIS_BUSY, "too many commands wait for replies (.queue)");
        return false;
    }
    redis_request *r =
        redis_request_new(client, k->bytes.data, k->bytes.len, k->replies, k->count, ctx_arena(c));
    if (r == NULL) {
        set_all(k, TERN_REDIS_NO_MEMORY, "out of memory");
        return false;
    }
    client->waiting++;
    r->owner = k;
    r->on_done = on_done;
    r->is_asking = k->is_asking;
    k->wait = wait;
    k->request = r;
    k->tries = tries;
    wait->left++;
    redis_node_want(k->node, r);
    return true;
}

/** Sends those that have no reply yet, in order. */
static void start_all(tern_ctx *c, redis_client *client, run_command *list, unsigned count, run_wait *wait,
                      uint64_t at_ms)
{
    for (unsigned i = 0; i < count; i++) {
        run_command *k = &list[i];
        bool is_cancelled = false;
        if (k->tries != 0 && !k->is_redirected)
            continue;
        if (!k->is_redirected || !exists(client, k->node))
            k->node = choose(client, k, at_ms, &is_cancelled);
        k->is_redirected = false;
        if (is_cancelled)
            cancelled(list, count);
        if (k->node == NULL) {
            k->tries = TRIES_MOST;
            if (client->url->mode == REDIS_SINGLE)
                set_all(k, TERN_REDIS_NO_MEMORY, "out of memory");
            else
                refuse(c, k, TERN_REDIS_AWAY, "no server is known: ", client->topology.problem);
        } else {
            start(c, client, k, wait);
        }
    }
}

/** Waits for all replies; what has none in time gets an error. */
static void await_all(tern_ctx *c, redis_client *client, run_command *list, unsigned count, run_wait *wait,
                      uint64_t at_ms)
{
    while (wait->left > 0) {
        coro_outcome outcome = coro_wait(at_ms);
        if (wait->left == 0)
            break;
        if (outcome == CORO_CANCELLED)
            cancelled(list, count);
        if (outcome != CORO_TIMEOUT)
            continue;
        for (unsigned i = 0; i < count; i++)
            if (list[i].request != NULL)
                set_late(c, &list[i], client);
        leave(list, count);
        wait->left = 0;
    }
}

/* -- repeating -- */

static bool begins_with(tern_str text, const char *word)
{
    size_t len = strlen(word);
    return text.len >= len && memcmp(text.data, word, len) == 0;
}

/** Whether an error says that the command was not done, and may be a little later. */
static bool is_passing(tern_str text)
{
    static const char *const words[] = {"LOADING ",    "TRYAGAIN ", "CLUSTERDOWN ",
                                        "MASTERDOWN ", "READONLY ", "BUSY "};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (begins_with(text, words[i]))
            return true;
    return false;
}

/** Follows a redirection; false when it leads nowhere. */
static bool follow(redis_client *client, run_command *k, const cluster_redirect *to)
{
    redis_topology *t = &client->topology;
    if (to->host[0] == '\0' && !exists(client, k->node))
        return false;
    redis_node *node =
        redis_client_node(client, to->host[0] != '\0' ? to->host : k->node->host, to->port, false);
    if (node == NULL)
        return false;
    k->node = node;
    k->is_redirected = true;
    k->is_asking = to->is_ask;
    if (to->is_ask)
        return true;
    if (t->slots != NULL) {
        t->slots[to->slot] = node;
        node->is_listed = true;
    }
    if (loop_self.now_ms >= t->learnt_ms + LOOK_AGAIN_MS)
        redis_topology_refresh(client); /* other slots have moved, too */
    return true;
}

/** Whether a command is to be sent again; `*delay_ms` is the pause before that. */
static bool is_again(redis_client *client, run_command *k, uint64_t *delay_ms)
{
    for (unsigned i = 0; i < k->count; i++) {
        cluster_redirect to;
        tern_redis_reply *reply = &k->replies[i];
        if (reply->kind != TERN_REDIS_ERROR || reply->fault != TERN_REDIS_REFUSED)
            continue;
        bool moves = client->url->mode == REDIS_CLUSTER && redis_cluster_redirect_read(reply->text, &to);
        if (!moves && !is_passing(reply->text))
            continue;
        reply->fault = TERN_REDIS_BUSY;
        if (k->tries >= TRIES_MOST)
            return false;
        if (moves)
            return follow(client, k, &to);
        if (begins_with(reply->text, "READONLY ") || begins_with(reply->text, "CLUSTERDOWN ")) {
            if (client->url->mode == REDIS_SINGLE) /* a replica, until somebody changes that */
                return false;
            client->topology.learnt_ms = 0;
            redis_topology_refresh(client);
        }
        k->node = NULL;
        k->is_redirected = true;
        k->is_asking = false;
        uint64_t delay = (uint64_t)LEAST_DELAY_MS << k->tries;
        *delay_ms = delay > *delay_ms ? delay : *delay_ms;
        return true;
    }
    return false;
}

/** Prepares the commands that are to be sent again; whether there are any. */
static bool select_again(redis_client *client, run_command *list, unsigned count, uint64_t *delay_ms)
{
    bool is_any = false;
    *delay_ms = 0;
    for (unsigned i = 0; i < count; i++) {
        run_command *k = &list[i];
        if (k->tries == 0 || !is_again(client, k, delay_ms))
            continue;
        memset(k->replies, 0, k->count * sizeof *k->replies);
        is_any = true;
    }
    return is_any;
}

void redis_run_commands(tern_ctx *c, redis_client *client, run_command *list, unsigned count)
{
    uint64_t at_ms = loop_self.now_ms + client->options.timeout_ms, delay_ms;
    do {
        run_wait wait = {.waiting = coro_self()};
        start_all(c, client, list, count, &wait, at_ms);
        await_all(c, client, list, count, &wait, at_ms);
        if (!select_again(client, list, count, &delay_ms))
            return;
        if (delay_ms != 0 && coro_wait(loop_self.now_ms + delay_ms) == CORO_CANCELLED)
            unwind_throw(UNWIND_CANCELLED);
    } while (loop_self.now_ms < at_ms);
    for (unsigned i = 0; i < count; i++)
        if (list[i].is_redirected)
            set_late(c, &list[i], client);
}

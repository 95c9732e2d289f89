/**
 * One worker's connections to Redis, and the commands that wait for replies.
 *
 * Everything here runs on the worker's thread. A *request* is a command on its way, or a few that must stay together. A
 * *node* is a server; it has some *links*, which are connections. Requests of all coroutines share them: each is appended
 * to a link's output, all output of a turn of the loop is sent together, and replies come in the same order.
 *
 *     call.c, pipeline.c, script.c   public calls: a coroutine makes requests and waits
 *       run.c                        chooses nodes, follows a cluster's redirections, repeats what was not done
 *         client.c                   the nodes; topology.c learns them from sentinels or the cluster
 *           node.c                   which link a request gets; pauses after failures
 *             link.c, open.c         one connection: bytes out, replies in; how it is opened
 *
 * A request outlives its coroutine: when that leaves (its client has gone, its time is over), the reply is still read,
 * and dropped.
 *
 * Subscriptions will need a link of their own, whose replies do not match requests: link_take is where they differ.
 */
#ifndef REDIS_CLIENT_H
#define REDIS_CLIENT_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/pool.h"
#include "redis/cluster.h"
#include "redis/reply.h"
#include "redis/url.h"
#include "runtime/lookup.h"
#include "runtime/loop.h"
#include "tls/client.h"

typedef struct redis_client redis_client;
typedef struct redis_node redis_node;
typedef struct redis_link redis_link;

typedef struct redis_request {
    list_link link; /* in node->wants or link->flight */
    /* Called on the loop's stack with all replies, and frees the request. NULL: nobody waits */
    void (*on_done)(struct redis_request *r);
    void *owner;
    const char *data; /* the commands; read only while somebody waits */
    size_t len;
    unsigned count, answered; /* of replies */
    tern_redis_reply *replies;
    reply_place place; /* of the reply that is being read */
    redis_node *node;
    redis_link *on;    /* NULL: not sent */
    uint64_t begin_at; /* of its first byte in the link's output, counted from the link's first byte */
    uint64_t sent_ms;
    bool is_asking;    /* ASKING goes before it */
    bool skips_asking; /* the reply to that is still to come */
    bool is_internal;  /* Tern's own, which the queue's limit does not count */
} redis_request;

typedef enum link_state { LINK_OPENING, LINK_READY, LINK_CLOSED } link_state;

struct redis_link {
    loop_source source;
    list_link link; /* in node->links */
    redis_node *node;
    link_state state;
    timer_entry timer; /* of opening */
    loop_later flush, read, free;
    bool will_flush, will_read;
    list_link flight;
    unsigned in_flight;
    buf out; /* from sent_in_out on it is still to be sent */
    size_t sent_in_out;
    uint64_t queued, sent; /* bytes since it was opened */
    uint64_t received_ms;
    reply_reader reader;
    tls_session *tls; /* NULL: none */
    /* while it opens */
    lookup *lookup;
    lookup_address addresses[LOOKUP_ADDRESSES_MOST];
    size_t address_count, address_next;
    bool is_connected, is_shaken;
    unsigned greetings; /* replies to what a connection begins with */
    char problem[160];  /* of the last address */
};

struct redis_node {
    list_link link; /* in client->nodes */
    redis_client *client;
    list_link links, wants;
    unsigned link_count, opening;
    unsigned failures; /* of connecting, since it worked */
    uint64_t retry_at_ms;
    loop_later pump;
    bool will_pump;
    bool is_sentinel;
    bool is_listed; /* in the topology */
    uint16_t port;
    char away[200];                   /* why there is no connection */
    char label[REDIS_HOST_BYTES + 8]; /* "host:port", for messages */
    char host[REDIS_HOST_BYTES];
};

/** A coroutine that waits for the topology. */
typedef struct topology_wait {
    list_link link;
    struct coro *waiting;
} topology_wait;

/** What is being learnt from sentinels or the cluster. */
typedef struct redis_topology {
    bool is_known, is_running;
    unsigned at, left; /* the host being asked, and how many are left to ask */
    redis_request *request;
    tern_redis_reply reply;
    arena memory;
    timer_entry timer;
    list_link waiting; /* topology_wait */
    uint64_t learnt_ms, failed_ms;
    char problem[480];
    redis_node *master; /* that the sentinels name; NULL: not known */
    redis_node **slots; /* of a cluster, CLUSTER_SLOTS of them */
} redis_topology;

struct redis_client {
    const redis_url *url;
    tern_redis_options options; /* complete */
    tls_client *tls;            /* NULL: none */
    pool requests;
    unsigned waiting; /* requests that are not Tern's own */
    list_link nodes;
    unsigned node_count;
    redis_topology topology;
    bool is_closing;
};

/* -- client.c -- */

/** The client of this worker, made at the first call; NULL with `*problem`, valid until the next call, and `*fault`. */
redis_client *redis_client_get(tern_app *app, const char **problem, tern_redis_fault *fault);
/** Closes everything. No coroutine may wait. */
void redis_client_close(void);
/** Frees memory that was not needed lately. */
void redis_client_tidy(void);
/** Reads URL and options without connecting, for checks at start; false with lines in `problem`. */
bool redis_client_check(tern_app *app, buf *problem);
/** The options of tern_redis_setup; in the application's memory. */
void redis_client_set_options(const tern_redis_options *options);
const tern_redis_options *redis_client_options(void);

/** The node of a server, made if there is none; NULL when out of memory, or there are too many. */
redis_node *redis_client_node(redis_client *client, const char *host, uint16_t port, bool is_sentinel);
/** Lets go of nodes that the topology does not have any more. */
void redis_client_tidy_nodes(redis_client *client);

/** A request of `count` commands; NULL when out of memory. */
redis_request *redis_request_new(redis_client *client, const char *data, size_t len,
                                 tern_redis_reply *replies, unsigned count, arena *memory);
void redis_request_free(redis_client *client, redis_request *r);
/** Ends a request: its waiter is told. */
void redis_request_done(redis_request *r);
/** Ends a request with an error in its first reply; `text` is copied into its memory. */
void redis_request_fail(redis_request *r, tern_redis_fault fault, const char *text);
/** The waiter leaves: a request that was not sent is freed, the reply of another one will be dropped. */
void redis_request_leave(redis_request *r);

/* -- topology.c -- */

void redis_topology_init(redis_topology *t);
void redis_topology_close(redis_client *client);
/** Begins to ask for the nodes, unless it runs. */
void redis_topology_refresh(redis_client *client);

/* -- node.c -- */

/** Gives a request to a node: it will be done. */
void redis_node_want(redis_node *node, redis_request *r);
void redis_node_pump_later(redis_node *node);
/** Notes that a link could not be opened. */
void redis_node_note_failure(redis_node *node, const char *reason);
void redis_node_close(redis_node *node);

/* -- open.c -- */

/** Opens a link, which becomes READY or is dropped by itself. */
void redis_link_open(redis_node *node);
/** Goes on with opening after an event. */
void redis_link_open_event(redis_link *l, uint32_t events);
void redis_link_greeted(redis_link *l);

/* -- link.c -- */

/** Appends a request to the link's output. False when out of memory: the request is not taken. */
bool redis_link_send(redis_link *l, redis_request *r);
void redis_link_flush_later(redis_link *l);
void redis_link_on_event(loop_source *source, uint32_t events);
/** Closes a link: its requests fail, but those of which nothing was sent go to another link. */
void redis_link_drop(redis_link *l, tern_redis_fault fault, const char *reason);

#endif

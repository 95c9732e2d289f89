/** Runs commands for a coroutine: from their bytes to their replies. */
#ifndef REDIS_RUN_H
#define REDIS_RUN_H

#include "redis/client.h"
#include "redis/command.h"

#include <tern/context.h>

/** A command, or several that must stay together; in the request's memory. */
typedef struct run_command {
    command_bytes bytes;
    tern_redis_reply *replies; /* zeroed */
    unsigned count;            /* of replies */
    unsigned slot;             /* of a cluster; CLUSTER_NO_SLOT: any node */
    /* Tern's own */
    redis_node *node; /* where it was sent, or will be */
    redis_request *request;
    struct run_wait *wait;
    unsigned tries;
    bool is_asking, is_redirected;
} run_command;

/** The slot of a command whose words are `w`; CLUSTER_NO_SLOT without a cluster. */
unsigned redis_run_slot(const redis_client *client, const command_words *w);

/**
 * Sends the commands together and waits for all replies; each has its own, which may be an ERROR. Leaves the handler
 * when its request is cancelled.
 */
void redis_run_commands(tern_ctx *c, redis_client *client, run_command *list, unsigned count);

#endif

/** Facts about clusters: the slots of keys, redirections, the list of slots. */
#ifndef REDIS_CLUSTER_H
#define REDIS_CLUSTER_H

#include "redis/url.h"

#include <tern/redis.h>

enum { CLUSTER_SLOTS = 16384, CLUSTER_NO_SLOT = CLUSTER_SLOTS };

/** The slot of a key: CRC16 (XMODEM) of what is between the first '{' and the next '}', if that is not empty, otherwise
 * of the whole key. */
unsigned redis_cluster_slot(tern_str key);

/** "MOVED 3999 127.0.0.1:6381", "ASK 3999 127.0.0.1:6381". */
typedef struct cluster_redirect {
    bool is_ask;
    unsigned slot;
    char host[REDIS_HOST_BYTES]; /* "": the host of the node that replied */
    uint16_t port;
} cluster_redirect;

/** Reads the text of an error; false when it is not a redirection. */
bool redis_cluster_redirect_read(tern_str text, cluster_redirect *out);

/** A line of CLUSTER SLOTS: the slots `first` to `last` are at a node. */
typedef struct cluster_range {
    unsigned first, last;
    const char *host; /* "": the host of the node that replied */
    uint16_t port;
} cluster_range;

/** Reads one item of the reply to CLUSTER SLOTS; false when it is malformed. */
bool redis_cluster_range_read(const tern_redis_reply *item, cluster_range *out);

#endif

/**
 * Where a worker's connections come from: its listening sockets and its channel.
 *
 * Hot path: what happens for each accepted connection. It may not allocate or format, and makes one system
 * call (accept4), two more when the connection goes to a less loaded worker.
 */
#ifndef RUNTIME_ACCEPTOR_H
#define RUNTIME_ACCEPTOR_H

#include "base/log_limit.h"
#include "runtime/board.h"
#include "runtime/handover.h"
#include "runtime/listener.h"
#include "runtime/loop.h"

enum {
    ACCEPT_BATCH = 64, /* connections a turn: those already open get their turn too */
    ACCEPT_SWEEP =
        65536, /* more than any queue holds: clients that keep coming can't keep a worker from ending */
    ACCEPT_PAUSE_MS = 100, /* before another try when descriptors, memory or room have run out */
    ACCEPT_SPARE_FDS =
        32 /* other workers stay this far below the descriptor limit when they place connections */
};

struct acceptor;

/** A listening socket, or the end of a channel. */
typedef struct acceptor_source {
    loop_source source;
    struct acceptor *owner;
    const handover_channel *channel; /* NULL for a listening socket */
    unsigned slot;                   /* the worker whose connections come here */
    listener_kind kind;              /* of a listening socket */
    bool is_lent;                    /* listener.h: connections in its queue are served after this program */
    bool is_open;
} acceptor_source;

typedef struct acceptor {
    const worker_service *service;
    board *board;
    const handover_set *channels;
    unsigned index;    /* worker number */
    unsigned record;   /* this process on the board */
    unsigned max_load; /* accept pauses above it */
    unsigned fd_limit; /* RLIMIT_NOFILE, less what listens */
    bool fds_ran_out;  /* an EMFILE was seen: take care of every descriptor from now on */
    bool is_paused;
    int reserve_fd; /* a descriptor to give up when no other is left */
    acceptor_source *sources;
    unsigned source_count;
    timer_entry retry;
    log_limit complaints; /* lines about what keeps connections out */
    unsigned refused;     /* connections answered 503 since then */
} acceptor;

/**
 * Begins to take connections for worker `index` of `workers`: from the listening sockets and channels whose
 * number is `index` modulo `workers`. Marks the process as serving on the board. False with errno set.
 */
bool acceptor_open(acceptor *a, unsigned index, unsigned workers, const worker_config *config,
                   const listener_set *listeners);
/** Looks on the board for workers that are down and in this one's care: takes their connections, too, from
 * now on, or no longer. False with errno set when one could not be watched. */
bool acceptor_review(acceptor *a);
/** One connection of the service is gone: accepts again if there was no room. */
void acceptor_connection_closed(acceptor *a);
/** Accepts every connection that waits in the listening sockets of our own, beyond any limit; returns how many. */
unsigned acceptor_sweep(acceptor *a);
/** Listens no more; `for_good` ends listening in every process that has these sockets, unless they are lent. */
void acceptor_stop_listening(acceptor *a, bool for_good);
/** Takes no more connections from other workers. */
void acceptor_stop_taking(acceptor *a);
/** Sends `fd` to the least loaded other worker; the caller closes its copy. False when no worker takes it. */
bool acceptor_give_away(acceptor *a, int fd, worker_arrival arrival);
void acceptor_close(acceptor *a);

#endif

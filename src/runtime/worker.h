/**
 * What a worker process serves, as the runtime sees it, and what the service may ask of the runtime.
 *
 * The layers above (http, app) fill in a `worker_service`; master.c forks workers that run it.
 */
#ifndef RUNTIME_WORKER_H
#define RUNTIME_WORKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** What a client speaks first on a connection. It is a fact of the listening socket that took the connection,
 * and travels with the connection from process to process. */
typedef enum listener_kind {
    LISTENER_PLAIN, /* HTTP */
    LISTENER_TLS,   /* a TLS handshake */
} listener_kind;

/** A client that the socket does not know, because a proxy has announced it (http/proxy_header.h). */
typedef struct worker_peer {
    uint8_t family; /* AF_INET, AF_INET6 or AF_UNIX; AF_UNSPEC (0): the socket's own peer is the client */
    uint16_t port;
    uint8_t address[16]; /* the first 4 of IPv4 */
} worker_peer;

/** How a connection came to this process. */
typedef struct worker_arrival {
    listener_kind kind;
    bool is_begun; /* a process before has read some of it (worker_hand_over): its beginning is over */
    worker_peer peer;
} worker_arrival;

typedef struct worker_service {
    void *self;
    /** Once in each worker, after fork, the loop open, before the first connection. False ends the worker (it
     * counts as a death at start). */
    bool (*start)(void *self);
    /** A new connected, non-blocking, close-on-exec socket now belongs to the service: fresh from accept or
     * handed over by another worker. The service closes it, and calls worker_connection_closed when it
     * has. */
    void (*on_connection)(void *self, int fd, worker_arrival arrival);
    /** Answers a connection that no worker can serve now, and closes `fd`, without waiting. `detail` is a short
     * clause in plain text that says why, `retry_after_s` when another try makes sense. Also called in a
     * process that `start` was not called in, so it may use nothing but its arguments. */
    void (*refuse)(void *self, int fd, listener_kind kind, const char *detail, unsigned retry_after_s);
    /**
     * The worker must end. `successor`: a new generation serves the same sockets, so idle connections should
     * be handed over (worker_hand_over), and all others after their current answer; otherwise idle ones are
     * closed and busy ones answered with `Connection: close`. The service calls worker_drained once it holds
     * no connection.
     */
    void (*drain)(void *self, bool successor);
    /** The drain deadline has passed: cancel what is left and close everything now. */
    void (*abort)(void *self);
    /** Once, after the last connection or the abort, before a worker that started ends. May be NULL. */
    void (*stop)(void *self);
    /** Frees what its pools hold and was not needed since the last call. Called about once a second after
     * requests, and no more once an idle worker has done it. May be NULL. */
    void (*tidy)(void *self);
    /** Runs in a signal handler of a crashing worker: writes what it was doing ("GET /x request=abc") as text
     * without allocating or locking; returns the length. */
    size_t (*describe)(void *self, char *out, size_t size);
} worker_service;

/**
 * A process beside the workers with work of its own: forked by the master, started again when it ends, and killed with
 * the master. It is killed at any moment, without a signal that it could handle, and it never serves a request.
 */
typedef struct worker_companion {
    const char *name; /* for log lines: "acme" */
    int (*run)(void *self);
    void *self;
} worker_companion;

typedef struct worker_config {
    const struct listen_address *listen; /* where to listen (listen_address.h) */
    unsigned listen_count;               /* 1 to LISTENERS_MAX */
    bool has_tls;                        /* the service can begin TLS connections */
    /* of Unix sockets' files: permission bits, 0 for what the umask leaves; user and group by name or
     * number, NULL for those of this process */
    unsigned socket_mode;
    const char *socket_owner, *socket_group;
    unsigned workers; /* 0: no master, everything in this process */
    unsigned backlog;
    unsigned max_connections;    /* a worker; accept pauses above it */
    uint64_t drain_ms;           /* how long a drain may take */
    uint64_t watchdog_ms;        /* a turn of the loop that lasts longer has hung; 0: off */
    uint64_t memory_limit_bytes; /* a worker whose resident set is above it is replaced gracefully; 0: off */
    const char *name;            /* for log lines and the process title */
    const worker_companion *companion; /* NULL: none. Only a master (workers > 0) runs it. */
} worker_config;

/** The number of this worker (0 .. workers - 1), the same after a respawn; 0 without a master. */
unsigned worker_index(void);
/** Tells the runtime that one connection it gave is closed (or handed over). */
void worker_connection_closed(void);
/** Gives an idle connection to the new generation, whose on_connection receives `arrival`; false when no worker
 * takes it (the caller keeps it). After true the caller takes its copy of `fd` out of the loop, closes it and
 * calls worker_connection_closed. A connection with state beyond its socket (TLS, HTTP/2) cannot be handed
 * over. */
bool worker_hand_over(int fd, worker_arrival arrival);
/** After drain: the service holds nothing any more. */
void worker_drained(void);

/** What has happened to the workers since the master started, for metrics. */
typedef struct worker_totals {
    uint64_t restarts;    /* workers started again after a death */
    uint64_t hangs;       /* workers killed by the watchdog */
    uint64_t recycled;    /* workers replaced for their memory */
    unsigned serving;     /* workers that serve now */
    unsigned connections; /* of all of them, and on the way to them */
} worker_totals;

/** Callable in a worker; all zero elsewhere. */
worker_totals worker_get_totals(void);

/**
 * Binds, forks, supervises; returns the process's exit code at the end. In the master and with `workers` 0 it
 * returns; a worker never does. Errors at start are one clear line on standard error, and 1.
 */
int master_run(const worker_config *config, const worker_service *service);

#endif

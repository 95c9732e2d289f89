/** The listening sockets of a service: opened once by the master and kept over respawns, reloads and
 * upgrades. */
#ifndef RUNTIME_LISTENER_H
#define RUNTIME_LISTENER_H

#include "runtime/worker.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

typedef struct listener_set {
    listener_kind kind;
    int *fds; /* one per worker (SO_REUSEPORT), or a single one that all share (Unix socket) */
    unsigned count;
    uint16_t port;       /* the real one, also when 0 was asked for; 0 for a Unix socket */
    char url[128];       /* "http://127.0.0.1:8000" or "unix:/path", for the start line */
    char unix_path[108]; /* "" for TCP */
    dev_t unix_device;   /* which socket file is ours to remove */
    ino_t unix_inode;
} listener_set;

/**
 * Opens one listening socket a worker (at least one): non-blocking, close-on-exec, TCP_NODELAY for what they
 * accept. On failure one clear line is on standard error and nothing is left open. A port that another
 * process listens on is refused, although SO_REUSEPORT would let two services of one user share it; a Unix
 * socket file that nobody listens on any more is replaced.
 */
bool listener_open(listener_set *set, const worker_config *config);

/** Takes over `count` listening sockets of the same address, left by the program before a re-exec (at least
 * one), and opens those that are missing for `config->workers`. The set owns `fds` (from base/mem.h) in
 * either case. */
bool listener_adopt(listener_set *set, const worker_config *config, int *fds, unsigned count);

/** Closes the sockets; removes the Unix socket file when it is still ours. */
void listener_close(listener_set *set);

#endif

/** The listening sockets of a service: opened once by the master and kept over respawns, reloads and new
 * programs. */
#ifndef RUNTIME_LISTENER_H
#define RUNTIME_LISTENER_H

#include "runtime/listen_address.h"
#include "runtime/worker.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/** One address that the service listens on. */
typedef struct listener {
    listener_kind kind;
    bool is_shared; /* one socket that all workers accept from; otherwise one a worker (SO_REUSEPORT) */
    bool is_lent;   /* by systemd, which listens on after this program has ended */
    int *fds;
    unsigned count;
    uint16_t port;                       /* the real one, also when 0 was asked for; 0 for a Unix socket */
    char url[LISTEN_TEXT_BYTES];         /* "http://127.0.0.1:8000" or "unix:/path", for the start line */
    char address[LISTEN_TEXT_BYTES];     /* as configured: what a program that takes over looks for */
    char unix_path[LISTEN_PATH_MAX + 2]; /* of a socket file of ours; else "" */
    dev_t unix_device;                   /* which file is ours to remove */
    ino_t unix_inode;
} listener;

typedef struct listener_set {
    listener *list;
    unsigned count; /* at most LISTENERS_MAX */
} listener_set;

/** A listener that the program before a re-exec has left. */
typedef struct listener_left {
    const char *address; /* as configured then */
    int *fds;            /* from base/mem.h; NULL once it has been taken over */
    unsigned count;
} listener_left;

/**
 * Listens on every address of `config`, with a socket for each worker (at least one): non-blocking,
 * close-on-exec, TCP_NODELAY for what they accept.
 *
 * Sockets in `left` with the same address are taken over, and those that are missing for `config->workers`
 * opened; the others in `left` are closed. A port that another process listens on is refused; a Unix socket
 * file that nobody listens on any more is replaced.
 *
 * @return false when an address cannot be listened on: one clear line is on standard error and nothing is left
 * open. When others were taken over, the service goes on with those instead, and the line is logged.
 */
bool listener_set_open(listener_set *set, const worker_config *config, listener_left *left,
                       unsigned left_count);

/** Closes the sockets; removes the Unix socket files that are still ours. */
void listener_set_close(listener_set *set);

/** Sockets of all listeners together. */
unsigned listener_set_sockets(const listener_set *set);

#endif

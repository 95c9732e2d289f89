/**
 * Replacing the running program by a new binary in the same process (SIGUSR2).
 *
 * The new image finds its inheritance in the environment variable TERN_INHERIT: listening sockets, channels
 * and the workers that still serve. It is bound to the process id, so that no child mistakes it for its own.
 */
#ifndef RUNTIME_REEXEC_H
#define RUNTIME_REEXEC_H

#include "runtime/handover.h"
#include "runtime/worker.h"

#include <stdbool.h>
#include <sys/types.h>

typedef struct inheritance {
    int *listeners; /* each list is from base/mem.h; NULL when empty */
    unsigned listener_count;
    handover_channel *channels;
    unsigned channel_count;
    pid_t *workers;
    unsigned worker_count;
} inheritance;

/**
 * Remembers how this program was started: its absolute path (symbolic links as they are, so that the link may
 * point to another version later) and its arguments. False when this is unknown; then the program cannot be
 * replaced.
 *
 */
bool reexec_remember(void);

/** Starts the program's file with its arguments and `--check` as a child; returns its pid, or -1 with
 * errno. */
pid_t reexec_check(void);

/** Replaces this process's image; returns only on failure, with errno set and everything as it was. */
void reexec_run(const worker_config *config, const inheritance *left);

/** Reads what the previous program left to this process and removes it from the environment. False without
 * any. Listening sockets are closed and left out when `config` names another address. */
bool reexec_inherit(const worker_config *config, inheritance *found);

#endif

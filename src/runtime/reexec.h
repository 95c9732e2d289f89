/**
 * Replacing the running program by a new binary in the same process (SIGUSR2).
 *
 * The new image finds its inheritance in the environment variable TERN_INHERIT: listening sockets with their
 * addresses, channels and the workers that still serve. It is bound to the process id, so that no child mistakes
 * it for its own.
 *
 *   pid=4711
 *   channels=8,9,10,11
 *   workers=4712,4713
 *   listener=5,6 http://127.0.0.1:8000
 *   listener=7 unix:/run/app.sock
 */
#ifndef RUNTIME_REEXEC_H
#define RUNTIME_REEXEC_H

#include "runtime/handover.h"
#include "runtime/listener.h"

#include <stdbool.h>
#include <sys/types.h>

typedef struct inheritance {
    char *text; /* which the addresses of listeners are in */
    listener_left listeners[LISTENERS_MAX];
    unsigned listener_count;
    /* each list is from base/mem.h; NULL when empty */
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
void reexec_run(const listener_set *listeners, const handover_set *channels, const pid_t *workers,
                unsigned worker_count);

/** Reads what the previous program left to this process and removes it from the environment. False without
 * any. */
bool reexec_inherit(inheritance *found);

/** Frees the lists and the text; descriptors that are still in a list stay open. */
void reexec_forget(inheritance *found);

#endif

/** What systemd and a service tell each other: sockets that are passed on (LISTEN_FDS) and states
 * (NOTIFY_SOCKET), without its library. */
#ifndef RUNTIME_SYSTEMD_H
#define RUNTIME_SYSTEMD_H

#include "runtime/listen_address.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct systemd_socket {
    int fd;             /* listening, non-blocking, close-on-exec */
    listener_kind kind; /* TLS when its FileDescriptorName= is "https" */
} systemd_socket;

/** Whether systemd has passed sockets to this process. */
bool systemd_has_sockets(void);

/**
 * Takes over the sockets that systemd has passed to this process. The variables that announce them stay: they
 * name this process, so no child takes the sockets for its own, and a program that replaces this one in the same
 * process still knows where its sockets came from.
 *
 * @return how many; -1 with a clause in `reason` when there is none, or when one is not a listening stream
 * socket.
 */
int systemd_take_sockets(systemd_socket out[LISTENERS_MAX], char *reason, size_t size);

/** Sends a state ("READY=1", "STOPPING=1") to systemd, if it waits for any (Type=notify). */
void systemd_notify(const char *state);
/** The same for a reload that begins, which has to name its time (Type=notify-reload). */
void systemd_notify_reloading(void);

#endif

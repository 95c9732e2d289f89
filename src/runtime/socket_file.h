/** A listening socket that is a file: who owns it, and who may connect. */
#ifndef RUNTIME_SOCKET_FILE_H
#define RUNTIME_SOCKET_FILE_H

#include "runtime/worker.h"

#include <stddef.h>

/**
 * Makes the socket file `path` and listens on it; one that nobody listens on any more is replaced.
 *
 * Mode, owner and group are set as in `config` before a client can connect.
 * @return the socket, non-blocking and close-on-exec; -1 with a clause in `reason` that says why, and without
 * a file.
 */
int socket_file_listen(const char *path, const worker_config *config, int backlog, char *reason, size_t size);

#endif

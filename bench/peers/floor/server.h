/** One worker: its listening socket, its clients, its epoll loop. */
#ifndef FLOOR_SERVER_H
#define FLOOR_SERVER_H

#include "rows.h"

#include <stdbool.h>
#include <stdint.h>

/** Serves for ever what comes to a listening socket. `database_url` may be NULL. */
_Noreturn void server_run(int listen_fd, const char *database_url);

/** Of a database: its on_event is to be told when `fd` can be read, and when it can be written if `writes`.
 */
void server_watch(int fd, bool writes);

/** Of a database: the answer to what the client at `fd` asked for. */
void client_answer(int fd, reply answer);

#endif

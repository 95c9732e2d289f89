/** Refuses every connection in place of workers that do not stay up. */
#ifndef RUNTIME_FALLBACK_H
#define RUNTIME_FALLBACK_H

#include "runtime/handover.h"
#include "runtime/listener.h"
#include "runtime/worker.h"

#include <sys/types.h>

/** Serves the service's sockets until SIGTERM (which the caller has blocked), then answers those still
 * connected; returns the exit code of its process. Leaves at once when the master is gone. */
int fallback_run(const listener_set *listeners, const handover_set *channels, const worker_service *service,
                 pid_t master);

#endif

/** The inside of a worker process: its loop, its signals and how it ends. */
#ifndef RUNTIME_WORKER_PROCESS_H
#define RUNTIME_WORKER_PROCESS_H

#include "runtime/board.h"
#include "runtime/crash.h"
#include "runtime/handover.h"
#include "runtime/listener.h"
#include "runtime/worker.h"

#include <signal.h>
#include <sys/types.h>

enum {
    WORKER_EXIT_START = 3,  /* exit code of a worker whose service did not start */
    WORKER_ABORT_MS = 1000, /* from worker_service.abort until the worker leaves in any case */
    WORKER_TIDY_MS = 1000,  /* between two looks at what pools can free */
    WORKER_SETTLE_MS = 10   /* connections taken at the very end get this long to show their request */
};

/** What the master asks of a worker by signal. */
enum {
    WORKER_STOP = SIGTERM,
    WORKER_RETIRE = SIGUSR2, /* a successor serves the same sockets */
    WORKER_REVIEW = SIGUSR1  /* look whose connections to take (board.h: guardian) */
};

typedef struct worker_setup {
    const worker_config *config;
    const worker_service *service;
    board *board;
    const listener_set *listeners;
    const handover_set *channels;
    crash_record *crash; /* NULL: a crash is reported on standard error */
    unsigned index;      /* worker number */
    unsigned record;     /* on the board */
    int notify_fd;       /* eventfd: tells the master that this worker serves; -1 without a master */
    pid_t master;        /* 0 without a master: SIGINT stops, too */
} worker_setup;

/** Serves until the service is drained or aborted; returns the process's exit code. The signals it handles
 * are blocked by the caller: WORKER_STOP, WORKER_RETIRE and WORKER_REVIEW, and SIGINT without a master. */
int worker_process_run(const worker_setup *setup);

#endif

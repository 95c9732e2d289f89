/** What the master keeps of its workers; shared by master.c (life cycle), watchdog.c (checks) and
 * generation.c (reload). */
#ifndef RUNTIME_MASTER_H
#define RUNTIME_MASTER_H

#include "runtime/board.h"
#include "runtime/crash.h"
#include "runtime/handover.h"
#include "runtime/listener.h"
#include "runtime/worker.h"

#include <signal.h>
#include <sys/types.h>

enum {
    MASTER_NONE = -1,
    MASTER_SHORT_LIFE_MS = 1000, /* who dies earlier has died at start */
    MASTER_BACKOFF_MS = 50,      /* before the second try; doubled each time */
    MASTER_BACKOFF_MOST_MS = 5000,
    MASTER_LOOPING_DEATHS = 5,          /* deaths at start in a row that make a crash loop */
    MASTER_START_MS = 60000,            /* a worker that is not up within this time is killed */
    MASTER_GRACE_MS = 2000,             /* after the drain deadline, before SIGKILL */
    MASTER_REPORT_MS = 1000,            /* for a hung worker to write its crash report after SIGABRT */
    MASTER_CHECK_MS = 10000,            /* for the new binary's --check */
    MASTER_COMPANION_LIFE_MS = 60000,   /* a companion that lives longer has started well */
    MASTER_COMPANION_BACKOFF_MS = 1000, /* before it is started again; doubled each time */
    MASTER_COMPANION_BACKOFF_MOST_MS = 300000,
    MASTER_MEMORY_TICK_MS = 1000,
    MASTER_STUCK_MS = 500 /* a turn of the loop after which another worker takes its connections */
};

typedef enum process_state {
    PROCESS_FREE,
    PROCESS_STARTING,
    PROCESS_SERVING,
    PROCESS_RETIRING,   /* asked to leave */
    PROCESS_PREDECESSOR /* serves, of the program before an upgrade: without a record on this board */
} process_state;

/** One worker process; its index is that of its record on the board. */
typedef struct process {
    pid_t pid;
    unsigned slot;
    process_state state;
    uint64_t started_ms;
    uint64_t kill_at_ms; /* SIGKILL when it is still there; 0: never */
    uint64_t suspect_ms; /* start of a turn found too long once */
    bool has_hung;
    bool is_predecessor; /* has no record on this board, even while it retires */
} process;

typedef struct slot {
    int current;     /* the process that serves it or will; MASTER_NONE between a death and the respawn */
    int next;        /* its replacement while that starts */
    unsigned deaths; /* at start, in a row */
    uint64_t respawn_at_ms;
    uint64_t recycle_after_ms; /* no replacement for memory before */
} slot;

/** The companion process (worker.h). */
typedef struct companion {
    pid_t pid;       /* 0: it does not run */
    unsigned deaths; /* in a row, soon after a start */
    uint64_t started_ms, start_at_ms;
} companion;

typedef struct master {
    const worker_config *config;
    const worker_service *service;
    listener_set listeners;
    handover_set channels;
    board *board;
    crash_record *crashes; /* by process; NULL when memory was short: no reports */
    process *processes;
    unsigned process_count;
    slot *slots;
    unsigned slot_count;
    int signal_fd, notify_fd;
    sigset_t signals_before;
    bool is_stopping, is_reloading, reload_again;
    bool has_told_ready; /* to systemd */
    bool was_killed;     /* a second SIGINT, or a worker that did not leave in time */
    pid_t fallback;      /* answers 503 while no worker stays up; 0: none */
    pid_t check;         /* the new binary's --check; 0: none */
    uint64_t check_until_ms;
    companion companion;
    uint64_t next_turn_check_ms, next_memory_ms;
} master;

/** forks worker `number`; its process, or MASTER_NONE. */
int master_spawn(master *m, unsigned number);
/** In a process that was just forked: the signals of the program, of which those of a terminal are ignored. */
void master_leave_signals(const master *m);
/** Tells a worker to leave, with a successor for its sockets or without; it is killed after the drain
 * deadline. */
void master_retire(master *m, int index, bool has_successor);
/** The later of no time (0) and now: keeps the earliest of the times a caller collects. */
void master_sooner(uint64_t *earliest, uint64_t at_ms);

/** SIGHUP: a new generation on the same sockets. */
void generation_reload(master *m);
/** Begins a postponed reload when there is room for another generation. */
void generation_retry(master *m);
/** A replacement (slot.next) serves now: the worker it replaces may leave, in a reload once all are up. */
void generation_ready(master *m, unsigned number);
/** A replacement died before it took over. */
void generation_failed(master *m, unsigned number);
/** SIGUSR2: checks the new binary; generation_program_checked goes on when that child has ended. */
void generation_check_program(master *m);
void generation_program_checked(master *m, int wait_status);
/** Once every slot is served, tells systemd so, and retires the workers of the program before. */
void generation_finish(master *m);

/** Has the connections of workers that are down for a while (backed off, or stuck) taken by others. */
void guard_slots(master *m, uint64_t now_ms);

/** Starts the companion when it is time to. */
void companion_keep(master *m, uint64_t now_ms);
/** The process `pid` has ended: whether it was the companion. */
bool companion_ended(master *m, pid_t pid, int wait_status);
/** Kills it, and waits until it has ended. */
void companion_kill(master *m);
/** When to call companion_keep next; 0: only events matter. */
uint64_t companion_next_ms(const master *m);

/** Kills workers that hang or did not leave in time, and replaces those above the memory limit. */
void watchdog_check(master *m, uint64_t now_ms);
/** When to call watchdog_check next; 0: not needed. */
uint64_t watchdog_next_ms(const master *m, uint64_t now_ms);

#endif

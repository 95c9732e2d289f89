/**
 * What the master and the worker processes know of each other: a page or two of shared memory.
 *
 * Every worker process has a record (its load, its heartbeat); every worker number has a slot that says which
 * process serves it now. A process writes only its own record, except for `load`, which the process that
 * places a connection raises.
 *
 * Hot path: board_place and board_release. They may not allocate, lock or call the kernel.
 */
#ifndef RUNTIME_BOARD_H
#define RUNTIME_BOARD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum board_state { BOARD_STARTING, BOARD_SERVING, BOARD_DRAINING } board_state;

enum {
    BOARD_NOBODY = -1,
    BOARD_STUCK_MS = 100 /* a worker whose turn lasts longer gets no connections of others */
};

typedef struct board_record {
    /* distinguishes this process from an earlier one with the same record */
    _Alignas(64) _Atomic uint64_t incarnation;
    _Atomic uint64_t busy_since_ms; /* start of the running turn of the loop; 0 while it sleeps */
    _Atomic uint32_t load;          /* connections held, and those on their way to it */
    _Atomic uint32_t capacity;      /* most connections others may raise its load to */
    _Atomic int state;              /* board_state */
} board_record;

typedef struct board {
    size_t bytes;
    unsigned slot_count, record_count;
    _Atomic bool is_stopping;  /* the whole service ends: the listening sockets will not be served again */
    _Atomic uint64_t restarts; /* workers started again after a death */
    _Atomic uint64_t hangs;    /* workers killed by the watchdog */
    _Atomic uint64_t recycled; /* workers replaced for their memory */
    board_record *records;     /* in the same mapping; every process sees it at the same address */
    _Atomic int *current;      /* slot -> record, or BOARD_NOBODY */
    /* slot -> the worker that takes its connections, too, while it is down; or BOARD_NOBODY */
    _Atomic int *guardian;
} board;

/** Maps a board; NULL with errno set. Every process forked later shares it. */
board *board_new(unsigned slots, unsigned records);
void board_free(board *b);

/** Resets the record for a new process that starts. */
void board_reset(board *b, unsigned record);

/**
 * Chooses the process that gets a connection which process `self` has accepted, and counts it there: the
 * least loaded one that serves, is not stuck and has room; `self` when it has at most an eighth more.
 * BOARD_NOBODY when all are full.
 *
 * Choosing and counting are one atomic step, so two workers that accept at the same time do not both pick the
 * same gap.
 */
int board_place(board *b, unsigned self, uint64_t now_ms);
/** Whether board_place would find a process. */
bool board_has_room(const board *b, unsigned self, uint64_t now_ms);
/** The slot that process `record` serves; BOARD_NOBODY when it serves none any more. */
int board_slot_of(const board *b, unsigned record);
/** One connection of process `record` is gone. */
void board_release(board *b, unsigned record);

#endif

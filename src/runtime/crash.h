/**
 * What a dying worker leaves behind: why, where, and what it was doing.
 *
 * The master maps one record for each worker slot before it forks (crash_region). A worker installs signal
 * handlers (crash_install) that fill its record, step by step, so that a fault while reporting keeps what was
 * written before, and then die by the same signal. The master logs the record when it reaps the worker
 * (crash_log): it forked the worker without exec, so that addresses mean the same in both.
 */
#ifndef RUNTIME_CRASH_H
#define RUNTIME_CRASH_H

#include "runtime/worker.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
    CRASH_FRAMES_MAX = 64,
    CRASH_INNER_FRAMES =
        48, /* of a deeper stack: these from where it crashed, the rest from where it began */
    CRASH_DOING_MAX = 512,
    CRASH_TEXT_MAX = 8192
};

/** Written by the worker that crashes, so the master believes nothing in it: every count is bounded again
 * when it is read. Zeroed means: no crash. */
typedef struct crash_record {
    int32_t signal;            /* 0: nothing recorded */
    int32_t code;              /* si_code */
    uint64_t address;          /* si_addr; 0 for signals that were sent */
    uint8_t is_stack_overflow; /* the address is in the running coroutine's guard */
    uint8_t is_other_thread;   /* it was not the loop's thread */
    uint16_t frame_count;
    uint16_t doing_len;
    char doing[CRASH_DOING_MAX]; /* text of worker_service.describe */
    uint64_t frame_bytes; /* of a stack overflow: the bytes of stack that the function takes, or took so far;
                             0: not known */
    uint32_t left_out;    /* frames between the inner and the outer ones */
    uint64_t frames[CRASH_FRAMES_MAX]; /* code addresses, the faulting one first */
} crash_record;

/** `slots` zeroed records in memory that forked workers share with the caller; NULL with errno set. Unmapped
 * by crash_region_free. */
crash_record *crash_region(unsigned slots);
void crash_region_free(crash_record *records, unsigned slots);

/**
 * Installs the handlers of SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT and SIGSYS in this process, on a signal
 * stack of their own, and clears `record`. Call on the loop's thread, after fork, once.
 *
 * @param record   the worker's slot; NULL (a process without a master) prints the report on standard error.
 * @param service  for `describe`; may be NULL.
 * @return false with errno set without memory for a signal stack: the process serves without reports.
 *
 * An earlier handler (AddressSanitizer's, a debugging library's) runs after the record is filled, and so
 * decides how the process ends; otherwise it dies by the signal, and the wait status says which.
 */
bool crash_install(crash_record *record, const worker_service *service);

/**
 * Writes the report of `record` as lines of text, the first one the headline, the others a frame each
 * ("#1 create_todo+0x41 (app)"). Allocates nothing and takes no lock: runs in the signal handler too.
 *
 * @param out  room for `size` bytes; always NUL-terminated, cut where it is full.
 * @return     the length; `*headline_len` (may be NULL) receives the first line's, without its line end.
 */
size_t crash_text(const crash_record *record, pid_t pid, char *out, size_t size, size_t *headline_len);

/**
 * Logs the death of worker `pid`: one TERN_LOG_ERROR event with the signal, what it was doing and the
 * backtrace. Clears the record for the slot's next worker.
 *
 * @return false, with nothing logged, when the worker did not crash: nothing is recorded and `wait_status`
 * names none of the crash signals. A crash without a record (the handler had no chance) is logged as such.
 */
bool crash_log(crash_record *record, pid_t pid, int wait_status);

#endif

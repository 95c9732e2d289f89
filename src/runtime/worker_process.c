#include "runtime/worker_process.h"

#include "runtime/acceptor.h"
#include "runtime/coro.h"
#include "runtime/loop.h"
#include "runtime/systemd.h"
#include <tern/log.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

typedef enum drain_stage { DRAIN_NONE, DRAIN_SETTLING, DRAIN_WAITING, DRAIN_ABORTED } drain_stage;

/** The state of this worker; a process has one. */
static struct {
    const worker_setup *setup;
    board_record *record;
    acceptor acceptor;
    loop_source signals;
    timer_entry drain_timer, tidy_timer;
    bool has_closed;      /* a connection, since the last look at what can be freed */
    uint64_t deadline_ms; /* of the drain */
    drain_stage stage;
    bool has_successor;
} worker = {.signals = {.fd = -1}};

static void note_wake(uint64_t now_ms)
{
    atomic_store_explicit(&worker.record->busy_since_ms, now_ms, memory_order_relaxed);
}

static void note_sleep(void)
{
    atomic_store_explicit(&worker.record->busy_since_ms, 0, memory_order_relaxed);
    if ((worker.has_closed || coro_is_untidy()) && !timer_is_running(&worker.tidy_timer))
        timer_start(&loop_self.timers, &worker.tidy_timer, loop_self.now_ms + WORKER_TIDY_MS);
}

/**
 * Frees what a burst has left: what was not needed since the last tick while the worker works on, all but a
 * few stacks once a tick has seen no request. Then the timer rests, and an idle worker sleeps until the next
 * event.
 */
static void on_tidy(timer_entry *timer)
{
    bool was_used = coro_tidy() || worker.has_closed;
    worker.has_closed = false;
    if (worker.setup->service->tidy != NULL)
        worker.setup->service->tidy(worker.setup->service->self);
    if (was_used)
        timer_start(&loop_self.timers, timer, loop_self.now_ms + WORKER_TIDY_MS);
#ifdef __GLIBC__
    else
        malloc_trim(0);
#endif
}

static void enter_stage(drain_stage stage, uint64_t until_ms)
{
    worker.stage = stage;
    timer_start(&loop_self.timers, &worker.drain_timer, until_ms);
}

static void abort_service(void)
{
    enter_stage(DRAIN_ABORTED, loop_self.now_ms + WORKER_ABORT_MS);
    worker.setup->service->abort(worker.setup->service->self);
}

static void drain_service(void)
{
    enter_stage(DRAIN_WAITING, worker.deadline_ms);
    worker.setup->service->drain(worker.setup->service->self, worker.has_successor);
}

static void on_drain_timer(timer_entry *timer)
{
    (void)timer;
    if (worker.stage == DRAIN_SETTLING)
        drain_service();
    else if (worker.stage == DRAIN_WAITING)
        abort_service();
    else
        loop_stop();
}

/**
 * With a successor, connections in the queues are for the successor. Without one the queues are emptied
 * first, so that no client whom the kernel has already accepted is reset; when the whole service stops, the
 * sockets then listen no more.
 */
static void begin_drain(bool has_successor)
{
    if (worker.stage != DRAIN_NONE)
        return;
    if (worker.setup->master == 0)
        systemd_notify("STOPPING=1");
    worker.has_successor = has_successor;
    worker.deadline_ms = loop_self.now_ms + worker.setup->config->drain_ms;
    atomic_store(&worker.record->state, BOARD_DRAINING);
    if (has_successor) {
        acceptor_stop_listening(&worker.acceptor, false);
        acceptor_stop_taking(&worker.acceptor);
        drain_service();
        return;
    }
    unsigned taken = acceptor_sweep(&worker.acceptor);
    acceptor_stop_listening(&worker.acceptor, atomic_load(&worker.setup->board->is_stopping));
    if (taken > 0)
        enter_stage(DRAIN_SETTLING, loop_self.now_ms + WORKER_SETTLE_MS);
    else
        drain_service();
}

static void interrupt(void)
{
    if (worker.stage == DRAIN_NONE) {
        tern_log(TERN_LOG_INFO, "stopping; interrupt again to stop at once");
        begin_drain(false);
        return;
    }
    abort_service();
    loop_stop();
}

static void review(void)
{
    if (worker.stage == DRAIN_NONE && !acceptor_review(&worker.acceptor))
        tern_log(TERN_LOG_WARN, "worker %u cannot take the connections of another: %s", worker.setup->index,
                 strerror(errno));
}

static void on_signal(loop_source *source, uint32_t events)
{
    (void)events;
    struct signalfd_siginfo info;
    while (read(source->fd, &info, sizeof info) == (ssize_t)sizeof info) {
        if (info.ssi_signo == SIGINT)
            interrupt();
        else if (info.ssi_signo == WORKER_REVIEW)
            review();
        else
            begin_drain(info.ssi_signo == WORKER_RETIRE);
    }
}

static bool watch_signals(bool has_master)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, WORKER_STOP);
    sigaddset(&set, has_master ? WORKER_RETIRE : SIGINT);
    if (has_master)
        sigaddset(&set, WORKER_REVIEW);
    worker.signals.on_event = on_signal;
    worker.signals.fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    return worker.signals.fd >= 0 && loop_add(&worker.signals, EPOLLIN);
}

/** The worker serves its slot from now on, and the master may retire the previous one. */
static void announce(void)
{
    const worker_setup *setup = worker.setup;
    atomic_store(&setup->board->current[setup->index], (int)setup->record);
    if (setup->master == 0)
        systemd_notify("READY=1");
    const uint64_t one = 1;
    if (setup->notify_fd >= 0 && write(setup->notify_fd, &one, sizeof one) < 0)
        tern_log(TERN_LOG_WARN, "cannot tell the master that worker %u is up: %s", setup->index,
                 strerror(errno));
}

/** Each stack is two mappings of the kernel's `vm.max_map_count`. A tenth is left for everything else:
 * without it the heap and threads would fail in the middle of a request, not the next request at its
 * beginning. */
static void limit_coroutines(void)
{
    char text[24] = "";
    int fd = open("/proc/sys/vm/max_map_count", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    ssize_t len = read(fd, text, sizeof text - 1);
    close(fd);
    unsigned long most = len > 0 ? strtoul(text, NULL, 10) : 0;
    if (most < UINT_MAX)
        coro_set_limit((unsigned)most / 20 * 9);
}

static bool start(const worker_setup *setup)
{
    limit_coroutines();
    if (!loop_open() || !watch_signals(setup->master != 0)) {
        tern_log(TERN_LOG_ERROR, "worker %u cannot open its loop: %s", setup->index, strerror(errno));
        return false;
    }
    if (!crash_install(setup->crash, setup->service))
        tern_log(TERN_LOG_WARN, "worker %u cannot report crashes: %s", setup->index, strerror(errno));
    if (!setup->service->start(setup->service->self)) {
        tern_log(TERN_LOG_ERROR, "worker %u did not start", setup->index);
        return false;
    }
    unsigned workers = setup->config->workers ? setup->config->workers : 1;
    if (!acceptor_open(&worker.acceptor, setup->index, workers, setup->config, setup->listeners)) {
        tern_log(TERN_LOG_ERROR, "worker %u cannot watch its sockets: %s", setup->index, strerror(errno));
        return false;
    }
    loop_self.on_wake = note_wake;
    loop_self.on_sleep = note_sleep;
    announce();
    return true;
}

/** Dies with the master: a worker without one would hold the port for ever. */
static bool bind_to_master(const worker_setup *setup)
{
    char title[32]; /* the kernel keeps the first 15 bytes */
    snprintf(title, sizeof title, "tern: worker %u", setup->index);
    prctl(PR_SET_NAME, title);
    return prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == setup->master;
}

int worker_process_run(const worker_setup *setup)
{
    worker.setup = setup;
    worker.record = &setup->board->records[setup->record];
    worker.drain_timer.fire = on_drain_timer;
    worker.tidy_timer.fire = on_tidy;
    worker.stage = DRAIN_NONE;
    worker.acceptor = (acceptor){.service = setup->service,
                                 .board = setup->board,
                                 .channels = setup->channels,
                                 .record = setup->record,
                                 .reserve_fd = -1};
    if (setup->master != 0 && !bind_to_master(setup))
        return WORKER_EXIT_START;
    bool is_started = start(setup);
    if (is_started)
        loop_run();
    if (is_started && setup->service->stop != NULL)
        setup->service->stop(setup->service->self);
    acceptor_close(&worker.acceptor);
    if (worker.signals.fd >= 0)
        close(worker.signals.fd);
    worker.signals.fd = -1;
    loop_close();
    return is_started ? 0 : WORKER_EXIT_START;
}

unsigned worker_index(void)
{
    return worker.setup ? worker.setup->index : 0;
}

void worker_connection_closed(void)
{
    if (worker.setup == NULL) /* the service runs by itself, as in tests */
        return;
    worker.has_closed = true;
    acceptor_connection_closed(&worker.acceptor);
}

bool worker_hand_over(int fd, worker_arrival arrival)
{
    return worker.has_successor && acceptor_give_away(&worker.acceptor, fd, arrival);
}

void worker_drained(void)
{
    loop_stop();
}

worker_totals worker_get_totals(void)
{
    worker_totals totals = {0};
    if (!worker.setup)
        return totals;
    const board *b = worker.setup->board;
    totals.restarts = atomic_load(&b->restarts);
    totals.hangs = atomic_load(&b->hangs);
    totals.recycled = atomic_load(&b->recycled);
    for (unsigned i = 0; i < b->slot_count; i++) {
        int record = atomic_load(&b->current[i]);
        if (record == BOARD_NOBODY)
            continue;
        totals.serving++;
        totals.connections += atomic_load(&b->records[record].load);
    }
    return totals;
}

#include "runtime/master.h"

#include "base/clock.h"
#include "base/mem.h"
#include "runtime/fallback.h"
#include "runtime/reexec.h"
#include "runtime/systemd.h"
#include "runtime/worker_process.h"
#include <tern/log.h>

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

void master_sooner(uint64_t *earliest, uint64_t at_ms)
{
    if (at_ms != 0 && (*earliest == 0 || at_ms < *earliest))
        *earliest = at_ms;
}

/* -- processes -- */

void master_leave_signals(const master *m)
{
    signal(SIGINT, SIG_IGN); /* a terminal sends these to the whole group: they are the master's business */
    signal(SIGHUP, SIG_IGN);
    sigprocmask(SIG_SETMASK, &m->signals_before, NULL);
    close(m->signal_fd);
}

static void take_child_signals(const master *m)
{
    sigset_t mask = m->signals_before;
    signal(SIGINT, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    sigaddset(&mask, WORKER_STOP);
    sigaddset(&mask, WORKER_RETIRE);
    sigaddset(&mask, WORKER_REVIEW);
    sigprocmask(SIG_SETMASK, &mask, NULL);
    close(m->signal_fd);
}

/** The life of a worker process. It ends by exit, so that the program's atexit functions run. */
static _Noreturn void run_worker(master *m, unsigned number, int index, pid_t master_pid)
{
    take_child_signals(m);
    const worker_setup setup = {.config = m->config,
                                .service = m->service,
                                .board = m->board,
                                .listeners = &m->listeners,
                                .channels = &m->channels,
                                .crash = m->crashes ? &m->crashes[index] : NULL,
                                .index = number,
                                .record = (unsigned)index,
                                .notify_fd = m->notify_fd,
                                .master = master_pid};
    exit(worker_process_run(&setup));
}

static int find_free(const master *m)
{
    for (unsigned i = 0; i < m->process_count; i++)
        if (m->processes[i].state == PROCESS_FREE)
            return (int)i;
    return MASTER_NONE;
}

int master_spawn(master *m, unsigned number)
{
    int index = find_free(m);
    if (index == MASTER_NONE)
        return MASTER_NONE;
    board_reset(m->board, (unsigned)index);
    pid_t master_pid = getpid();
    fflush(NULL); /* otherwise the child would write the buffers again */
    pid_t pid = fork();
    if (pid == 0)
        run_worker(m, number, index, master_pid);
    if (pid < 0) {
        tern_log(TERN_LOG_ERROR, "cannot fork worker %u: %s", number, strerror(errno));
        return MASTER_NONE;
    }
    m->processes[index] =
        (process){.pid = pid, .slot = number, .state = PROCESS_STARTING, .started_ms = clock_ms()};
    return index;
}

void master_retire(master *m, int index, bool has_successor)
{
    process *p = &m->processes[index];
    p->state = PROCESS_RETIRING;
    p->kill_at_ms = clock_ms() + m->config->drain_ms + MASTER_GRACE_MS;
    kill(p->pid, has_successor ? WORKER_RETIRE : WORKER_STOP);
}

static void start_fallback(master *m)
{
    pid_t master_pid = getpid();
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        take_child_signals(m);
        exit(fallback_run(&m->listeners, &m->channels, m->service, master_pid));
    }
    m->fallback = pid > 0 ? pid : 0;
}

/* -- deaths and respawns -- */

static void log_death(const process *p, int status)
{
    const char *how = WIFSIGNALED(status) ? strsignal(WTERMSIG(status)) : "exit";
    const tern_log_field fields[] = {
        {.name = "worker", .number = p->slot},
        {.name = "worker_pid", .number = p->pid},
        {.name = "how", .text = how},
        {.name = "status", .number = WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status)}};
    bool is_expected = p->state == PROCESS_RETIRING && WIFEXITED(status) && WEXITSTATUS(status) == 0;
    tern_log_event(is_expected ? TERN_LOG_DEBUG : TERN_LOG_WARN, "worker ended", fields, 4);
}

static uint64_t backoff_ms(unsigned deaths)
{
    uint64_t wait = MASTER_BACKOFF_MS;
    for (unsigned i = 1; i < deaths && wait < MASTER_BACKOFF_MOST_MS; i++)
        wait *= 2;
    return wait < MASTER_BACKOFF_MOST_MS ? wait : MASTER_BACKOFF_MOST_MS;
}

static void respawn(master *m, unsigned number)
{
    slot *s = &m->slots[number];
    s->respawn_at_ms = 0;
    s->current = master_spawn(m, number);
    if (s->current == MASTER_NONE)
        s->respawn_at_ms = clock_ms() + backoff_ms(++s->deaths);
    else
        atomic_fetch_add(&m->board->restarts, 1);
}

/** The serving worker of a slot died: its replacement takes over if one is starting, else it is started
 * again, at once unless it keeps dying. */
static void replace_dead(master *m, const process *dead)
{
    slot *s = &m->slots[dead->slot];
    uint64_t now = clock_ms();
    if (s->next != MASTER_NONE) {
        s->current = s->next;
        s->next = MASTER_NONE;
        generation_ready(m, dead->slot);
        return;
    }
    s->current = MASTER_NONE;
    bool was_short = dead->state == PROCESS_STARTING || now < dead->started_ms + MASTER_SHORT_LIFE_MS;
    s->deaths = was_short ? s->deaths + 1 : 0;
    bool is_first = s->deaths == 0 || (s->deaths == 1 && dead->state == PROCESS_SERVING);
    if (is_first)
        respawn(m, dead->slot);
    else
        s->respawn_at_ms = now + backoff_ms(s->deaths);
}

static void log_end(master *m, int index, const process *dead, int status)
{
    if (!m->crashes || !crash_log(&m->crashes[index], dead->pid, status))
        log_death(dead, status);
}

static void bury(master *m, int index, int status)
{
    process dead = m->processes[index];
    int expected = index;
    if (!dead.is_predecessor)
        atomic_compare_exchange_strong(&m->board->current[dead.slot], &expected, BOARD_NOBODY);
    bool has_slot = !m->is_stopping && (dead.state == PROCESS_STARTING || dead.state == PROCESS_SERVING);
    if (has_slot && m->slots[dead.slot].current == index) {
        replace_dead(m, &dead); /* before the report: finding the names of a backtrace takes its time */
        log_end(m, index, &dead, status);
    } else {
        log_end(m, index, &dead, status);
        if (has_slot && m->slots[dead.slot].next == index) {
            m->slots[dead.slot].next = MASTER_NONE;
            generation_failed(m, dead.slot);
        }
    }
    m->processes[index] = (process){.state = PROCESS_FREE};
}

/** Any child: the master may be process 1 of a container, where orphans end up. */
static void reap(master *m)
{
    int status;
    pid_t pid;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        if (pid == m->fallback) {
            m->fallback = 0;
        } else if (pid == m->check) {
            m->check = 0;
            generation_program_checked(m, status);
        }
        if (companion_ended(m, pid, status))
            continue;
        for (unsigned i = 0; i < m->process_count; i++)
            if (m->processes[i].state != PROCESS_FREE && m->processes[i].pid == pid)
                bury(m, (int)i, status);
    }
}

/** Which workers have come up since the last look. */
static void notice_ready(master *m)
{
    for (unsigned i = 0; i < m->process_count; i++) {
        process *p = &m->processes[i];
        if (p->state != PROCESS_STARTING || atomic_load(&m->board->records[i].state) == BOARD_STARTING)
            continue;
        p->state = PROCESS_SERVING;
        if (m->slots[p->slot].next == (int)i)
            generation_ready(m, p->slot);
        else
            generation_finish(m);
    }
}

/* -- crash loops -- */

static bool is_up(const master *m, const slot *s, uint64_t now_ms)
{
    return s->current != MASTER_NONE && m->processes[s->current].state == PROCESS_SERVING &&
           now_ms >= m->processes[s->current].started_ms + MASTER_SHORT_LIFE_MS;
}

static bool is_looping(const master *m)
{
    for (unsigned i = 0; i < m->process_count; i++)
        if (m->processes[i].state == PROCESS_PREDECESSOR)
            return false;
    for (unsigned i = 0; i < m->slot_count; i++)
        if (m->slots[i].deaths < MASTER_LOOPING_DEATHS)
            return false;
    return true;
}

/** Starts workers whose pause is over; answers 503 while none stays up. */
static void keep_serving(master *m, uint64_t now_ms)
{
    bool has_one_up = false;
    for (unsigned i = 0; i < m->slot_count; i++) {
        slot *s = &m->slots[i];
        if (s->respawn_at_ms != 0 && now_ms >= s->respawn_at_ms)
            respawn(m, i);
        if (is_up(m, s, now_ms)) {
            s->deaths = 0;
            has_one_up = true;
        }
    }
    if (m->fallback != 0 && has_one_up) {
        tern_log(TERN_LOG_INFO, "a worker stays up again");
        kill(m->fallback, SIGTERM);
        m->fallback = 0;
    } else if (m->fallback == 0 && is_looping(m)) {
        tern_log(
            TERN_LOG_ERROR,
            "no worker stays up: every request is answered with 503 until one does; the lines above say why");
        start_fallback(m);
    }
}

/* -- the master's own loop -- */

static void kill_all(const master *m)
{
    for (unsigned i = 0; i < m->process_count; i++)
        if (m->processes[i].state != PROCESS_FREE)
            kill(m->processes[i].pid, SIGKILL);
}

static void stop(master *m, bool is_interrupt)
{
    if (m->is_stopping) {
        if (is_interrupt) {
            m->was_killed = true;
            kill_all(m);
        }
        return;
    }
    tern_log(TERN_LOG_INFO, is_interrupt ? "stopping; interrupt again to stop at once" : "stopping");
    systemd_notify("STOPPING=1");
    m->is_stopping = true;
    atomic_store(&m->board->is_stopping, true);
    for (unsigned i = 0; i < m->process_count; i++)
        if (m->processes[i].state != PROCESS_FREE)
            master_retire(m, (int)i, false);
    if (m->fallback != 0)
        kill(m->fallback, SIGTERM);
    if (m->check != 0)
        kill(m->check, SIGKILL);
    companion_kill(m);
}

static void handle_signals(master *m)
{
    struct signalfd_siginfo info;
    while (read(m->signal_fd, &info, sizeof info) == (ssize_t)sizeof info) {
        switch (info.ssi_signo) {
        case SIGTERM:
        case SIGINT:
            stop(m, info.ssi_signo == SIGINT);
            break;
        case SIGHUP:
            generation_reload(m);
            break;
        case SIGUSR2:
            generation_check_program(m);
            break;
        default: /* SIGCHLD: reap looks at all children every time; SIGUSR1 is for workers */
            break;
        }
    }
}

/** Milliseconds until something is due; -1 when only events matter. */
static int sleep_ms(const master *m)
{
    uint64_t now = clock_ms(), next = watchdog_next_ms(m, now);
    for (unsigned i = 0; i < m->slot_count && !m->is_stopping; i++) {
        const slot *s = &m->slots[i];
        master_sooner(&next, s->respawn_at_ms);
        if (s->deaths > 0 && s->current != MASTER_NONE && m->processes[s->current].state == PROCESS_SERVING)
            master_sooner(&next, m->processes[s->current].started_ms + MASTER_SHORT_LIFE_MS);
    }
    if (m->check != 0)
        master_sooner(&next, m->check_until_ms);
    master_sooner(&next, companion_next_ms(m));
    if (next == 0)
        return -1;
    return next <= now ? 0 : next - now > 60000 ? 60000 : (int)(next - now);
}

static bool is_over(const master *m)
{
    for (unsigned i = 0; i < m->process_count; i++)
        if (m->processes[i].state != PROCESS_FREE)
            return false;
    return m->is_stopping && m->fallback == 0 && m->check == 0;
}

static void supervise(master *m)
{
    while (!is_over(m)) {
        struct pollfd polled[] = {{.fd = m->signal_fd, .events = POLLIN},
                                  {.fd = m->notify_fd, .events = POLLIN}};
        poll(polled, 2, sleep_ms(m)); /* EINTR cannot be: all signals are blocked; other errors pass by */
        uint64_t notices;
        ssize_t got = read(m->notify_fd, &notices, sizeof notices); /* the board says what; this only wakes */
        (void)got;
        notice_ready(m);
        if (polled[0].revents & POLLIN)
            handle_signals(m);
        reap(m);
        if (m->reload_again && !m->is_reloading)
            generation_retry(m);
        uint64_t now = clock_ms();
        watchdog_check(m, now);
        if (m->check != 0 && now >= m->check_until_ms) {
            tern_log(TERN_LOG_ERROR, "the new program's --check took too long");
            m->check_until_ms = now + MASTER_CHECK_MS;
            kill(m->check, SIGKILL);
        }
        if (!m->is_stopping) {
            keep_serving(m, now);
            guard_slots(m, now);
            companion_keep(m, now);
        }
    }
}

/* -- start and end -- */

static bool block_signals(master *m)
{
    static const int numbers[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2, SIGCHLD};
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        sigaddset(&set, numbers[i]);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGCHLD, SIG_DFL); /* ignored by a parent, children would vanish without a status */
    sigprocmask(SIG_BLOCK, &set, &m->signals_before);
    /* After an upgrade the mask is that of the program before: the workers must not inherit it. */
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        sigdelset(&m->signals_before, numbers[i]);
    m->signal_fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    m->notify_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    return m->signal_fd >= 0 && m->notify_fd >= 0;
}

/** Back to the program's own signals. A second stop signal has had its effect: it must not end the rest of
 * the work. */
static void restore_signals(const sigset_t *before)
{
    static const struct timespec at_once = {0};
    sigset_t stops;
    sigemptyset(&stops);
    sigaddset(&stops, SIGTERM);
    sigaddset(&stops, SIGINT);
    sigaddset(&stops, SIGHUP);
    while (sigtimedwait(&stops, NULL, &at_once) > 0)
        ;
    sigprocmask(SIG_SETMASK, before, NULL);
}

/** Everything the workers will share, made before the first fork. */
static bool prepare(master *m, inheritance *found)
{
    if (!listener_set_open(&m->listeners, m->config, found->listeners, found->listener_count))
        return false;
    m->channels = (handover_set){.channels = found->channels, .count = found->channel_count};
    found->channels = NULL;
    m->slot_count = m->config->workers;
    m->process_count = m->slot_count * 3 + 4 + found->worker_count;
    m->slots = mem_zero(m->slot_count, sizeof *m->slots);
    m->processes = mem_zero(m->process_count, sizeof *m->processes);
    m->board = board_new(m->slot_count, m->process_count);
    m->crashes = crash_region(m->process_count);
    if (!m->slots || !m->processes) {
        fprintf(stderr, "cannot start: %s\n", strerror(ENOMEM));
        return false;
    }
    if (!m->board || !handover_open(&m->channels, m->slot_count) || !block_signals(m)) {
        fprintf(stderr, "cannot start: %s\n", strerror(errno));
        return false;
    }
    for (unsigned i = 0; i < found->worker_count; i++)
        m->processes[i] =
            (process){.pid = found->workers[i], .state = PROCESS_PREDECESSOR, .is_predecessor = true};
    return true;
}

static void release(master *m)
{
    listener_set_close(&m->listeners);
    handover_close(&m->channels);
    if (m->crashes)
        crash_region_free(m->crashes, m->process_count);
    board_free(m->board);
    mem_free(m->processes);
    mem_free(m->slots);
    if (m->signal_fd >= 0)
        close(m->signal_fd);
    if (m->notify_fd >= 0)
        close(m->notify_fd);
}

static void log_listeners(const listener_set *listeners)
{
    for (unsigned i = 0; i < listeners->count; i++)
        tern_log(TERN_LOG_INFO, "listening on %s", listeners->list[i].url);
}

static int run_master(const worker_config *config, const worker_service *service)
{
    static master m;
    m = (master){.config = config, .service = service, .signal_fd = -1, .notify_fd = -1};
    inheritance found;
    reexec_inherit(&found);
    prctl(PR_SET_NAME, "tern: master");
    if (!reexec_remember())
        tern_log(TERN_LOG_WARN, "cannot find out how this program was started: SIGUSR2 will not replace it");
    bool is_ready = prepare(&m, &found);
    reexec_forget(&found);
    if (is_ready) {
        log_listeners(&m.listeners);
        for (unsigned i = 0; i < m.slot_count; i++) {
            m.slots[i].next = MASTER_NONE;
            m.slots[i].current = master_spawn(&m, i);
            if (m.slots[i].current == MASTER_NONE)
                m.slots[i].respawn_at_ms = clock_ms() + backoff_ms(++m.slots[i].deaths);
        }
        supervise(&m);
        restore_signals(&m.signals_before);
        tern_log(TERN_LOG_INFO, "stopped");
    }
    release(&m);
    return is_ready && !m.was_killed ? 0 : 1;
}

/** No master: one process, which development and debuggers like. */
static int run_alone(const worker_config *config, const worker_service *service)
{
    listener_set listeners;
    handover_set channels = {0};
    if (!listener_set_open(&listeners, config, NULL, 0))
        return 1;
    board *shared = board_new(1, 1);
    if (shared == NULL) {
        fprintf(stderr, "cannot start: %s\n", strerror(errno));
        listener_set_close(&listeners);
        return 1;
    }
    board_reset(shared, 0);
    atomic_store(&shared->is_stopping, true); /* when it stops, nobody listens any more */
    sigset_t set, before;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    signal(SIGPIPE, SIG_IGN);
    sigprocmask(SIG_BLOCK, &set, &before);
    log_listeners(&listeners);
    const worker_setup setup = {.config = config,
                                .service = service,
                                .board = shared,
                                .listeners = &listeners,
                                .channels = &channels,
                                .notify_fd = -1};
    int code = worker_process_run(&setup);
    restore_signals(&before);
    tern_log(TERN_LOG_INFO, "stopped");
    board_free(shared);
    listener_set_close(&listeners);
    return code;
}

int master_run(const worker_config *config, const worker_service *service)
{
    return config->workers > 0 ? run_master(config, service) : run_alone(config, service);
}

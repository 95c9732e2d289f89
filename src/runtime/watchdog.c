/** The master's checks: workers that hang, do not start, do not leave, or grow too large. */
#include "runtime/master.h"

#include <tern/log.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TICK_LEAST_MS = 250, TICK_MOST_MS = 1000, RECYCLE_PAUSE_MS = 5000 };

static void log_about(const process *p, tern_log_level level, const char *message, const char *name,
                      int64_t number)
{
    const tern_log_field fields[] = {{.name = "worker", .number = p->slot},
                                     {.name = "worker_pid", .number = p->pid},
                                     {.name = name, .number = number}};
    tern_log_event(level, message, fields, 3);
}

static uint64_t tick_ms(const master *m)
{
    uint64_t tick = m->config->watchdog_ms / 4;
    return tick < TICK_LEAST_MS ? TICK_LEAST_MS : tick > TICK_MOST_MS ? TICK_MOST_MS : tick;
}

/** SIGABRT first: its handler leaves a backtrace of the place that hangs. */
static void end_hung(master *m, process *p, uint64_t now_ms)
{
    p->has_hung = true;
    p->kill_at_ms = now_ms + MASTER_REPORT_MS;
    atomic_fetch_add(&m->board->hangs, 1);
    kill(p->pid, SIGABRT);
}

/** The same turn must be too long at two checks: a group that was stopped and continued needs time to end its
 * turn. */
static void check_turn(master *m, unsigned index, uint64_t now_ms)
{
    process *p = &m->processes[index];
    uint64_t since = atomic_load(&m->board->records[index].busy_since_ms);
    if (since == 0 || now_ms < since + m->config->watchdog_ms) {
        p->suspect_ms = 0;
    } else if (p->suspect_ms != since) {
        p->suspect_ms = since;
    } else {
        log_about(p, TERN_LOG_ERROR, "the worker hangs: it is killed and replaced", "turn_ms",
                  (int64_t)(now_ms - since));
        end_hung(m, p, now_ms);
    }
}

static void check_deadlines(master *m, process *p, uint64_t now_ms)
{
    if (p->kill_at_ms != 0 && now_ms >= p->kill_at_ms) {
        if (!p->has_hung) {
            m->was_killed |= m->is_stopping;
            log_about(p, TERN_LOG_WARN, "the worker did not stop in time: it is killed", "drain_ms",
                      (int64_t)m->config->drain_ms);
        }
        kill(p->pid, SIGKILL);
        p->kill_at_ms = now_ms + MASTER_REPORT_MS;
    } else if (p->state == PROCESS_STARTING && !p->has_hung && now_ms >= p->started_ms + MASTER_START_MS) {
        log_about(p, TERN_LOG_ERROR, "the worker does not start in time: it is killed", "start_ms",
                  (int64_t)(now_ms - p->started_ms));
        end_hung(m, p, now_ms);
    }
}

/** Resident bytes of a process; 0 when that can't be read (it may be gone). */
static uint64_t resident_bytes(pid_t pid)
{
    char path[40], text[128];
    snprintf(path, sizeof path, "/proc/%d/statm", (int)pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    ssize_t len = read(fd, text, sizeof text - 1);
    close(fd);
    text[len > 0 ? len : 0] = '\0';
    const char *second = strchr(text, ' ');
    return second ? strtoull(second, NULL, 10) * (uint64_t)sysconf(_SC_PAGESIZE) : 0;
}

static void check_memory(master *m, slot *s, uint64_t now_ms)
{
    if (s->current == MASTER_NONE || s->next != MASTER_NONE || now_ms < s->recycle_after_ms)
        return;
    const process *p = &m->processes[s->current];
    if (p->state != PROCESS_SERVING)
        return;
    uint64_t resident = resident_bytes(p->pid);
    if (resident <= m->config->memory_limit_bytes)
        return;
    log_about(p, TERN_LOG_WARN, "the worker is above its memory limit: it is replaced", "resident_bytes",
              (int64_t)resident);
    s->recycle_after_ms = now_ms + RECYCLE_PAUSE_MS;
    s->next = master_spawn(m, p->slot);
    if (s->next != MASTER_NONE)
        atomic_fetch_add(&m->board->recycled, 1);
}

void watchdog_check(master *m, uint64_t now_ms)
{
    for (unsigned i = 0; i < m->process_count; i++) {
        process *p = &m->processes[i];
        if (p->state == PROCESS_FREE)
            continue;
        check_deadlines(m, p, now_ms);
        bool is_watched = p->state == PROCESS_SERVING || p->state == PROCESS_RETIRING;
        if (is_watched && !p->is_predecessor && !p->has_hung && m->config->watchdog_ms > 0 &&
            now_ms >= m->next_turn_check_ms)
            check_turn(m, i, now_ms);
    }
    if (now_ms >= m->next_turn_check_ms)
        m->next_turn_check_ms = now_ms + tick_ms(m);
    if (m->config->memory_limit_bytes == 0 || m->is_stopping || m->is_reloading || now_ms < m->next_memory_ms)
        return;
    m->next_memory_ms = now_ms + MASTER_MEMORY_TICK_MS;
    for (unsigned i = 0; i < m->slot_count; i++)
        check_memory(m, &m->slots[i], now_ms);
}

uint64_t watchdog_next_ms(const master *m, uint64_t now_ms)
{
    uint64_t next = 0;
    for (unsigned i = 0; i < m->process_count; i++) {
        const process *p = &m->processes[i];
        if (p->state == PROCESS_FREE)
            continue;
        master_sooner(&next, p->kill_at_ms);
        if (p->state == PROCESS_STARTING && !p->has_hung)
            master_sooner(&next, p->started_ms + MASTER_START_MS);
    }
    if (m->config->watchdog_ms > 0)
        master_sooner(&next, m->next_turn_check_ms ? m->next_turn_check_ms : now_ms + TICK_LEAST_MS);
    if (m->config->memory_limit_bytes > 0 && !m->is_stopping)
        master_sooner(&next, m->next_memory_ms ? m->next_memory_ms : now_ms + MASTER_MEMORY_TICK_MS);
    return next;
}

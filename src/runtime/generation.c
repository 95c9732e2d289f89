/** Replacing workers without losing a request: a new generation (SIGHUP), one worker, or a new program
 * (SIGUSR2). */
#include "runtime/master.h"
#include "runtime/reexec.h"
#include "runtime/systemd.h"

#include "base/clock.h"
#include "base/mem.h"
#include <tern/log.h>

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>

static unsigned count_free(const master *m)
{
    unsigned count = 0;
    for (unsigned i = 0; i < m->process_count; i++)
        count += m->processes[i].state == PROCESS_FREE;
    return count;
}

static bool is_serving(const master *m, int index)
{
    return index != MASTER_NONE && m->processes[index].state == PROCESS_SERVING;
}

/** The old worker of a slot serves it alone again. */
static void keep_old(master *m, unsigned number)
{
    const slot *s = &m->slots[number];
    atomic_store(&m->board->current[number], is_serving(m, s->current) ? s->current : BOARD_NOBODY);
}

static void switch_slot(master *m, slot *s)
{
    int old = s->current;
    s->current = s->next;
    s->next = MASTER_NONE;
    s->deaths = 0;
    s->respawn_at_ms = 0;
    if (old != MASTER_NONE)
        master_retire(m, old, true);
}

static void cancel_reload(master *m)
{
    tern_log(TERN_LOG_ERROR, "the new generation does not start: the old workers go on");
    systemd_notify("READY=1");
    m->is_reloading = m->reload_again = false;
    for (unsigned i = 0; i < m->slot_count; i++) {
        int next = m->slots[i].next;
        m->slots[i].next = MASTER_NONE;
        keep_old(m, i);
        if (next != MASTER_NONE)
            master_retire(m, next, true);
    }
}

void generation_reload(master *m)
{
    if (m->is_stopping)
        return;
    if (m->is_reloading || count_free(m) < m->slot_count) {
        m->reload_again = true; /* any number of requests meanwhile make one reload more */
        tern_log(TERN_LOG_INFO, "the reload waits for the previous one");
        return;
    }
    tern_log(TERN_LOG_INFO, "reloading");
    systemd_notify_reloading();
    m->is_reloading = true;
    m->reload_again = false;
    for (unsigned i = 0; i < m->slot_count && m->is_reloading; i++) {
        slot *s = &m->slots[i];
        if (s->next != MASTER_NONE)
            continue;
        s->next = master_spawn(m, i);
        if (s->next == MASTER_NONE)
            cancel_reload(m);
    }
}

void generation_retry(master *m)
{
    if (count_free(m) >= m->slot_count)
        generation_reload(m);
}

static bool are_all_ready(const master *m)
{
    for (unsigned i = 0; i < m->slot_count; i++)
        if (m->slots[i].next != MASTER_NONE && !is_serving(m, m->slots[i].next))
            return false;
    return true;
}

void generation_ready(master *m, unsigned number)
{
    if (!m->is_reloading) {
        if (is_serving(m, m->slots[number].next))
            switch_slot(m, &m->slots[number]);
        return;
    }
    if (!are_all_ready(m))
        return;
    m->is_reloading = false;
    for (unsigned i = 0; i < m->slot_count; i++)
        if (m->slots[i].next != MASTER_NONE)
            switch_slot(m, &m->slots[i]);
    tern_log(TERN_LOG_INFO, "reloaded");
    systemd_notify("READY=1");
}

void generation_failed(master *m, unsigned number)
{
    keep_old(m, number);
    if (m->is_reloading)
        cancel_reload(m);
    else
        tern_log(TERN_LOG_ERROR, "the replacement of worker %u died at start: the old one goes on", number);
}

void generation_check_program(master *m)
{
    if (m->is_stopping || m->check != 0)
        return; /* one upgrade at a time; the check under way sees the newest file anyway */
    pid_t pid = reexec_check();
    if (pid < 0) {
        tern_log(TERN_LOG_ERROR, "cannot check the new program: %s", strerror(errno));
        return;
    }
    tern_log(TERN_LOG_INFO, "checking the new program");
    m->check = pid;
    m->check_until_ms = clock_ms() + MASTER_CHECK_MS;
}

static void replace_program(master *m)
{
    pid_t *workers = mem_zero(m->process_count, sizeof *workers);
    unsigned count = 0;
    if (workers == NULL) {
        tern_log(TERN_LOG_ERROR, "no memory to start the new program");
        return;
    }
    for (unsigned i = 0; i < m->process_count; i++)
        if (m->processes[i].state != PROCESS_FREE)
            workers[count++] = m->processes[i].pid;
    if (m->fallback != 0)
        kill(m->fallback, SIGKILL);
    companion_kill(m);
    tern_log(TERN_LOG_INFO, "starting the new program");
    systemd_notify_reloading();
    reexec_run(&m->listeners, &m->channels, workers, count);
    tern_log(TERN_LOG_ERROR, "cannot start the new program: %s", strerror(errno));
    systemd_notify("READY=1");
    mem_free(workers);
}

void generation_program_checked(master *m, int wait_status)
{
    if (m->is_stopping)
        return;
    if (WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 0)
        replace_program(m);
    else
        tern_log(TERN_LOG_ERROR, "the new program's --check failed: the running one goes on");
}

void generation_finish(master *m)
{
    for (unsigned i = 0; i < m->slot_count; i++)
        if (!is_serving(m, m->slots[i].current))
            return;
    if (!m->has_told_ready)
        systemd_notify("READY=1");
    m->has_told_ready = true;
    for (unsigned i = 0; i < m->process_count; i++) {
        if (m->processes[i].state == PROCESS_PREDECESSOR)
            master_retire(m, (int)i, true);
    }
}

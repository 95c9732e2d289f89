/** The companion: a process beside the workers that the master keeps running (worker.h). */
#include "runtime/master.h"

#include "base/clock.h"
#include <tern/log.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static uint64_t backoff_ms(unsigned deaths)
{
    uint64_t wait = MASTER_COMPANION_BACKOFF_MS;
    for (unsigned i = 1; i < deaths && wait < MASTER_COMPANION_BACKOFF_MOST_MS; i++)
        wait *= 2;
    return wait < MASTER_COMPANION_BACKOFF_MOST_MS ? wait : MASTER_COMPANION_BACKOFF_MOST_MS;
}

static _Noreturn void run(const master *m, pid_t master_pid)
{
    const worker_companion *what = m->config->companion;
    master_leave_signals(m);
    signal(SIGTERM, SIG_DFL);
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != master_pid)
        exit(1);
    exit(what->run(what->self));
}

void companion_keep(master *m, uint64_t now_ms)
{
    companion *c = &m->companion;
    if (m->config->companion == NULL || c->pid != 0 || now_ms < c->start_at_ms)
        return;
    pid_t master_pid = getpid();
    fflush(NULL); /* otherwise the child would write the buffers again */
    pid_t pid = fork();
    if (pid == 0)
        run(m, master_pid);
    if (pid > 0) {
        c->pid = pid;
        c->started_ms = now_ms;
        return;
    }
    c->start_at_ms = now_ms + backoff_ms(++c->deaths);
    tern_log(TERN_LOG_ERROR, "cannot fork %s: %s", m->config->companion->name, strerror(errno));
}

bool companion_ended(master *m, pid_t pid, int wait_status)
{
    companion *c = &m->companion;
    if (c->pid == 0 || c->pid != pid)
        return false;
    uint64_t now = clock_ms();
    c->pid = 0;
    c->deaths = now < c->started_ms + MASTER_COMPANION_LIFE_MS ? c->deaths + 1 : 1;
    c->start_at_ms = now + backoff_ms(c->deaths);
    if (m->is_stopping)
        return true;
    const tern_log_field fields[] = {
        {.name = "process", .text = m->config->companion->name},
        {.name = "how", .text = WIFSIGNALED(wait_status) ? strsignal(WTERMSIG(wait_status)) : "exit"},
        {.name = "status",
         .number = WIFSIGNALED(wait_status) ? WTERMSIG(wait_status) : WEXITSTATUS(wait_status)},
        {.name = "restart_in_s", .number = (int64_t)backoff_ms(c->deaths) / 1000}};
    tern_log_event(TERN_LOG_WARN, "companion ended", fields, 4);
    return true;
}

void companion_kill(master *m)
{
    companion *c = &m->companion;
    if (c->pid == 0)
        return;
    kill(c->pid, SIGKILL);
    while (waitpid(c->pid, NULL, 0) < 0 && errno == EINTR)
        ;
    *c = (companion){0};
}

uint64_t companion_next_ms(const master *m)
{
    const companion *c = &m->companion;
    bool is_due = m->config->companion != NULL && c->pid == 0 && !m->is_stopping;
    return !is_due ? 0 : c->start_at_ms != 0 ? c->start_at_ms : 1;
}

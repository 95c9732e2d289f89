#include "runtime/cpu_limit.h"

#include "runtime/budget.h"
#include "runtime/scope.h"

#include <tern/log.h>

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { TICK_MS = 2, SIGNAL = SIGVTALRM };

volatile bool cpu_limit_is_over;

/* Of this process: a worker that is forked later makes its own. */
static pid_t timer_owner;
static timer_t ticker;

/** On the loop's thread, wherever it is. The last tick stays: it marks a coroutine whose time is over. */
static void on_tick(int number, siginfo_t *info, void *context)
{
    (void)number;
    (void)context;
    coro *co = coro_self();
    if (co == NULL || co->cpu_ticks == 0)
        return;
    unsigned ticks = 1 + (unsigned)(info->si_overrun > 0 ? info->si_overrun : 0);
    co->cpu_ticks = co->cpu_ticks > ticks ? co->cpu_ticks - ticks : 1;
    if (co->cpu_ticks != 1)
        return;
    cpu_limit_is_over = true;
    budget_left =
        0; /* so that the next call that may wait looks; again at the next tick, should this one be lost */
}

static void start_ticking(void)
{
    struct sigaction action = {.sa_sigaction = on_tick, .sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK};
    struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGNAL};
    const struct timespec tick = {.tv_nsec = TICK_MS * 1000000};
    const struct itimerspec ticks = {.it_interval = tick, .it_value = tick};
    event._sigev_un._tid = (pid_t)syscall(SYS_gettid);
    timer_owner = getpid();
    if (sigaction(SIGNAL, &action, NULL) != 0 ||
        timer_create(CLOCK_THREAD_CPUTIME_ID, &event, &ticker) != 0 ||
        timer_settime(ticker, 0, &ticks, NULL) != 0)
        tern_log(TERN_LOG_ERROR, "handlers may compute for as long as they like: no timer for .cpu_ms: %s",
                 strerror(errno));
}

void cpu_limit_begin(unsigned ms)
{
    coro *co = coro_self();
    if (timer_owner != getpid())
        start_ticking();
    co->cpu_ticks = ms / TICK_MS + 2;
}

void cpu_limit_look(void)
{
    coro *co = coro_self();
    cpu_limit_is_over = false;
    if (co == NULL || co->cpu_ticks != 1)
        return;
    if (co->cancel_masked != 0) { /* clean-up is not left half-way */
        return;
    }
    cpu_limit_end(co);
    scope *s = co->scope;
    s->fail(s, 503, "the request needs more processor time than this route may use");
}

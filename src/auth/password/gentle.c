#include "auth/password/gentle.h"

#include "auth/password/internal.h"

#include <tern/log.h>
#include <tern/task.h>

#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { NICE = 5, MOST_WAIT_MS = 10 * 1000, STACK_BYTES = 256 * 1024 };

/** Of this worker. Its permits are set by the first request. */
static tern_semaphore turns;
static bool has_turns;

typedef struct gentle_work {
    void (*work)(void *arg);
    void *arg;
} gentle_work;

/**
 * A thread of its own for each piece of work: an unprivileged thread cannot raise its priority again, so those of the
 * pool must not lower theirs. SCHED_BATCH keeps it from preempting the loop; a thread costs 30 us, and the work 20 ms.
 */
static void *run_low(void *arg)
{
    const gentle_work *w = arg;
    pthread_setschedparam(pthread_self(), SCHED_BATCH, &(struct sched_param){0});
    setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), NICE);
    w->work(w->arg);
    return NULL;
}

/** On a thread of the pool, which waits for the one of low priority. */
static void run_and_wait(void *arg)
{
    pthread_attr_t attributes;
    pthread_t thread;
    bool has_attributes = pthread_attr_init(&attributes) == 0;
    if (has_attributes)
        pthread_attr_setstacksize(&attributes, STACK_BYTES);
    bool is_started = has_attributes && pthread_create(&thread, &attributes, run_low, arg) == 0;
    if (has_attributes)
        pthread_attr_destroy(&attributes);
    if (is_started)
        pthread_join(thread, NULL);
    else
        ((const gentle_work *)arg)->work(((const gentle_work *)arg)->arg);
}

static void refuse(tern_ctx *c)
{
    static time_t logged_s;
    time_t now_s = time(NULL);
    if (now_s != logged_s)
        tern_log(
            TERN_LOG_WARN,
            "passwords: too many wait to be checked, so some were refused with 503: raise .at_once (%u) or "
            ".most_waiting (%u) of tern_passwords, or limit the rate of logins",
            password_settings.at_once, password_settings.most_waiting);
    logged_s = now_s;
    tern_fail(c, 503, "too many passwords wait to be checked");
}

void gentle_run(tern_ctx *c, void (*work)(void *arg), void *arg)
{
    if (!has_turns)
        turns.permits = password_settings.at_once;
    has_turns = true;
    if (!tern_semaphore_acquire_within(c, &turns, password_settings.most_waiting, MOST_WAIT_MS))
        refuse(c);
    tern_offload(c, run_and_wait, &(gentle_work){work, arg});
    tern_semaphore_release(c, &turns);
}

/* Callbacks that SQLite asks while a statement runs: whether to continue, and whether to retry a lock. */
#include "data/sqlite/internal.h"

#include <time.h>

enum { BLOCKING_PAUSE_MS = 2 };

static bool must_stop(data_session *session)
{
    const coro *self = coro_self();
    if (self != NULL && self->is_cancelled && self->cancel_masked == 0)
        session->stop = SQLITE_STOP_CANCELLED;
    else if (session->deadline_ms != 0 && loop_self.now_ms >= session->deadline_ms)
        session->stop = SQLITE_STOP_LATE;
    return session->stop != SQLITE_GO_ON;
}

int sqlite_on_progress(void *arg)
{
    data_session *session = arg;
    sqlite_yield();
    return must_stop(session);
}

/* Works without a loop, for programs that only run statements. */
static int sleep_blocking(const data_session *session, int times)
{
    const struct timespec pause = {.tv_nsec = BLOCKING_PAUSE_MS * 1000000L};
    nanosleep(&pause, NULL);
    return (uint64_t)times * BLOCKING_PAUSE_MS < session->queue->db->wait_timeout_ms;
}

/* Announces the wait to other processes, so that they yield (connection_queue.c). */
static void say_waiting(data_session *session)
{
    if (!session->queue->writes || session->says_waiting)
        return;
    session->says_waiting = true;
    sqlite_sync_say_waiting(&session->queue->db->sync, true);
}

void sqlite_stop_waiting(data_session *session)
{
    if (!session->says_waiting)
        return;
    session->says_waiting = false;
    sqlite_sync_say_waiting(&session->queue->db->sync, false);
}

int sqlite_on_busy(void *arg, int times)
{
    static const uint16_t pauses_us[] = {100, 200, 500, 1000};
    enum { PAUSES = sizeof pauses_us / sizeof *pauses_us };
    data_session *session = arg;
    sqlite_queue *queue = session->queue;
    if (coro_self() == NULL)
        return sleep_blocking(session, times);
    if (must_stop(session))
        return 0;
    if (times == 0)
        session->busy_until_ms = loop_after_ms(queue->db->wait_timeout_ms);
    if (loop_self.now_ms >= session->busy_until_ms)
        return 0;
    say_waiting(session);
    fine_timer_sleep(&session->timer, pauses_us[times < PAUSES ? times : PAUSES - 1]);
    queue->turn_ms = loop_self.now_ms;
    return !must_stop(session);
}

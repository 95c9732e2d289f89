/* What SQLite asks while a statement runs: whether to go on, and whether to try a lock again. */
#include "data/sqlite/inside.h"

#include "runtime/loop.h"

#include <time.h>

enum { LONGEST_PAUSE_MS = 3 };

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
    sqlite_give_way();
    return must_stop(session);
}

/* Sleeps `ms`; false when the session is to give up. */
static bool sleep_ms(data_session *session, uint64_t ms)
{
    uint64_t at_ms = loop_after_ms(ms);
    coro_outcome outcome;
    do
        outcome = coro_wait(at_ms);
    while (outcome == CORO_WOKEN);
    return !must_stop(session);
}

/* The same without a loop, for programs that only run statements (migrations). */
static int sleep_blocking(const data_session *session, int times, unsigned ms)
{
    struct timespec pause = {.tv_nsec = ms * 1000000L};
    nanosleep(&pause, NULL);
    return (uint64_t)times * LONGEST_PAUSE_MS < session->lane->db->wait_timeout_ms;
}

int sqlite_on_busy(void *arg, int times)
{
    static const uint8_t pauses_ms[] = {1, 1, 1, 1, 2, 2, 2, LONGEST_PAUSE_MS};
    enum { PAUSES = sizeof pauses_ms / sizeof *pauses_ms };
    data_session *session = arg;
    unsigned ms = pauses_ms[times < PAUSES ? times : PAUSES - 1];
    if (coro_self() == NULL)
        return sleep_blocking(session, times, ms);
    if (must_stop(session))
        return 0;
    if (times == 0)
        session->busy_until_ms = loop_after_ms(session->lane->db->wait_timeout_ms);
    if (loop_self.now_ms >= session->busy_until_ms)
        return 0;
    session->lane->contended_ms = session->lane->alone_since_ms = loop_self.now_ms;
    return sleep_ms(session, ms);
}

/* Sleeping for less than the loop's timers can: SQLite's write lock is held for a tenth of a millisecond. */
#include "data/sqlite/inside.h"

#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

static void on_time(loop_source *source, uint32_t events)
{
    sqlite_nap *nap = list_owner(source, sqlite_nap, source);
    coro *sleeper = nap->sleeper;
    (void)events;
    nap->sleeper = NULL;
    if (sleeper != NULL)
        coro_wake(sleeper);
}

static bool is_ready(sqlite_nap *nap)
{
    if (nap->loop == loop_self.opened)
        return true;
    sqlite_nap_free(nap);
    nap->source =
        (loop_source){.fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK), .on_event = on_time};
    if (nap->source.fd < 0)
        return false;
    if (!loop_add(&nap->source, EPOLLIN)) {
        close(nap->source.fd);
        return false;
    }
    nap->loop = loop_self.opened;
    return true;
}

coro_outcome sqlite_nap_for(sqlite_nap *nap, unsigned us)
{
    const struct itimerspec after = {.it_value.tv_nsec = (long)us * 1000};
    coro_outcome outcome = CORO_WOKEN;
    if (!is_ready(nap) || timerfd_settime(nap->source.fd, 0, &after, NULL) != 0) {
        uint64_t at_ms = loop_after_ms(us / 1000);
        while (outcome == CORO_WOKEN)
            outcome = coro_wait(at_ms);
        return outcome;
    }
    nap->sleeper = coro_self();
    while (nap->sleeper != NULL && outcome != CORO_CANCELLED)
        outcome = coro_wait(0);
    nap->sleeper = NULL;
    return outcome == CORO_CANCELLED ? CORO_CANCELLED : CORO_TIMEOUT;
}

void sqlite_nap_free(sqlite_nap *nap)
{
    if (nap->loop == 0)
        return;
    if (nap->loop == loop_self.opened)
        loop_remove(&nap->source);
    close(nap->source.fd);
    nap->loop = 0;
}

/* Sleeps for less time than the loop's timers can: SQLite's write lock is held for a tenth of a
 * millisecond. */
#include "data/sqlite/internal.h"

#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

static void on_time(loop_source *source, uint32_t events)
{
    fine_timer *timer = list_owner(source, fine_timer, source);
    coro *sleeper = timer->sleeper;
    (void)events;
    timer->sleeper = NULL;
    if (sleeper != NULL)
        coro_wake(sleeper);
}

static bool is_ready(fine_timer *timer)
{
    if (timer->loop == loop_self.opened)
        return true;
    fine_timer_free(timer);
    timer->source =
        (loop_source){.fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK), .on_event = on_time};
    if (timer->source.fd < 0)
        return false;
    if (!loop_add(&timer->source, EPOLLIN)) {
        close(timer->source.fd);
        return false;
    }
    timer->loop = loop_self.opened;
    return true;
}

coro_outcome fine_timer_sleep(fine_timer *timer, unsigned us)
{
    const struct itimerspec after = {.it_value.tv_nsec = (long)us * 1000};
    coro_outcome outcome = CORO_WOKEN;
    if (!is_ready(timer) || timerfd_settime(timer->source.fd, 0, &after, NULL) != 0) {
        uint64_t at_ms = loop_after_ms(us / 1000);
        while (outcome == CORO_WOKEN)
            outcome = coro_wait(at_ms);
        return outcome;
    }
    timer->sleeper = coro_self();
    while (timer->sleeper != NULL && outcome != CORO_CANCELLED)
        outcome = coro_wait(0);
    timer->sleeper = NULL;
    return outcome == CORO_CANCELLED ? CORO_CANCELLED : CORO_TIMEOUT;
}

void fine_timer_free(fine_timer *timer)
{
    if (timer->loop == 0)
        return;
    if (timer->loop == loop_self.opened)
        loop_remove(&timer->source);
    close(timer->source.fd);
    timer->loop = 0;
}

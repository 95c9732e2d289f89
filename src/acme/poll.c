#include "acme/poll.h"

#include "base/clock.h"

#include <errno.h>
#include <time.h>

static void sleep_ms(uint64_t ms)
{
    struct timespec left = {.tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000};
    while (nanosleep(&left, &left) != 0 && errno == EINTR)
        ;
}

bool poll_wait(ca *c, poll_state *p, int64_t retry_after_s, const char *what, const char *status)
{
    uint64_t now = clock_ms();
    if (p->until_ms == 0)
        *p = (poll_state){.until_ms = now + POLL_TOTAL_MS, .pause_ms = POLL_FIRST_MS};
    if (now >= p->until_ms)
        return ca_fail(c, "%s is still \"%.40s\" after %d seconds", what, status, POLL_TOTAL_MS / 1000);
    uint64_t asked_ms = retry_after_s > 0 ? (uint64_t)retry_after_s * 1000 : 0;
    uint64_t pause = asked_ms == 0                   ? p->pause_ms
                     : asked_ms < POLL_ASKED_MOST_MS ? asked_ms
                                                     : POLL_ASKED_MOST_MS;
    p->pause_ms = p->pause_ms * 2 < POLL_MOST_MS ? p->pause_ms * 2 : POLL_MOST_MS;
    sleep_ms(pause);
    return true;
}

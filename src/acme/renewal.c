#include "acme/renewal.h"

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t most(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

int64_t renewal_time(int64_t not_before, int64_t not_after, uint64_t chance)
{
    int64_t life = most(not_after - not_before, 1);
    return not_before + life / 3 * 2 + life % 3 * 2 / 3 - (int64_t)(chance % (uint64_t)(life / 30 + 1));
}

int64_t renewal_time_in_window(const renewal_current *current, int64_t start, int64_t end, uint64_t chance)
{
    int64_t life = most(current->not_after - current->not_before, 1);
    int64_t latest = current->not_after - life / 10;
    int64_t at = start + (end > start ? (int64_t)(chance % (uint64_t)(end - start)) : 0);
    return least(at, latest);
}

int64_t renewal_pause(int64_t failures, int64_t first_s, int64_t asked_s, uint64_t chance)
{
    int64_t pause = most(first_s, 1);
    for (int64_t i = 1; i < failures && pause < RENEWAL_MOST_RETRY_S; i++)
        pause *= 4;
    pause = least(pause, RENEWAL_MOST_RETRY_S);
    pause -= (int64_t)(chance % (uint64_t)(pause / 10 + 1));
    return most(pause, least(asked_s, RENEWAL_MOST_ASKED_S));
}

/** No attempt before, for what has failed or was cut off. */
static int64_t allowed_at(const record *r, int64_t now)
{
    if (r->unfinished > 0 && r->unfinished <= RENEWAL_UNFINISHED)
        return now;
    if (r->next_try_at > now + RENEWAL_MOST_ASKED_S) /* the clock was ahead when it was written */
        return now;
    return r->next_try_at;
}

/** A certificate that is due although one was issued a moment ago points to a clock that jumps, or to an
 * authority that issues what is over already: that must not become a storm. */
static int64_t spaced_at(const record *r, const renewal_current *current, int64_t now)
{
    if (r->issued_at <= 0 || r->issued_at > now)
        return 0;
    if (!current->is_wanted)
        return r->issued_at + RENEWAL_FLOOR_S;
    return r->issued_at + least(RENEWAL_SPACING_S, (current->not_after - current->not_before) / 4);
}

int64_t renewal_due(const record *r, const renewal_current *current, int64_t now)
{
    int64_t wanted_at = now;
    if (current->is_wanted) /* renew_at is 0 when the record was lost, and wrong when it is after the end */
        wanted_at = r->renew_at > 0 && r->renew_at < current->not_after
                        ? r->renew_at
                        : renewal_time(current->not_before, current->not_after, 0);
    return most(most(wanted_at, spaced_at(r, current, now)), allowed_at(r, now));
}

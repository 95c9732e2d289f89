/** Asking again until something has changed, with pauses and a bound. */
#ifndef ACME_POLL_H
#define ACME_POLL_H

#include "acme/ca.h"

enum {
    POLL_FIRST_MS = 250,
    POLL_MOST_MS = 10000,
    POLL_ASKED_MOST_MS = 60000, /* of Retry-After */
    POLL_TOTAL_MS = 5 * 60 * 1000
};

typedef struct poll_state {
    uint64_t until_ms; /* of the monotonic clock; 0: has not begun */
    uint64_t pause_ms;
} poll_state;

/** Sleeps before the next question: as long as the authority asked for, else longer each time. False with the
 * fault that `what` is still `status`, once it has taken POLL_TOTAL_MS. */
bool poll_wait(ca *c, poll_state *p, int64_t retry_after_s, const char *what, const char *status);

#endif

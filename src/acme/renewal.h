/** When to ask for a certificate: pure functions of times, in seconds since 1970-01-01 UTC. */
#ifndef ACME_RENEWAL_H
#define ACME_RENEWAL_H

#include "acme/record.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    RENEWAL_FIRST_RETRY_S = 60,
    RENEWAL_MOST_RETRY_S = 24 * 3600,     /* of pauses of our own */
    RENEWAL_MOST_ASKED_S = 7 * 24 * 3600, /* of pauses that the authority asks for */
    RENEWAL_UNFINISHED = 3,               /* attempts that may be resumed at once after a kill */
    RENEWAL_SPACING_S = 6 * 3600,         /* between two certificates that live long enough */
    RENEWAL_FLOOR_S = 300,                /* between two even if the first is over, or was removed */
    RENEWAL_WINDOW_CHECK_S = 6 * 3600     /* between two questions for the suggested window */
};

/** A certificate that is served now. */
typedef struct renewal_current {
    /* It exists, is not a temporary one, has all names, and is from the configured directory. */
    bool is_wanted;
    int64_t not_before, not_after;
} renewal_current;

/** When to renew: at two thirds of the life, up to a thirtieth of the life earlier by `chance` (any
 * number). */
int64_t renewal_time(int64_t not_before, int64_t not_after, uint64_t chance);

/** A moment inside the window that the authority suggests (RFC 9773 section 4.2), by `chance`; at most nine
 * tenths of the certificate's life. */
int64_t renewal_time_in_window(const renewal_current *current, int64_t start, int64_t end, uint64_t chance);

/** The pause after `failures` (1 or more) in a row, up to a tenth shorter by `chance`; `asked_s` is what the
 * authority asks for, or less than 0. */
int64_t renewal_pause(int64_t failures, int64_t first_s, int64_t asked_s, uint64_t chance);

/** When the next attempt is due; not after `now` if it is due now. Times in the record that a jump of the
 * clock has left too far in the future are not believed. */
int64_t renewal_due(const record *r, const renewal_current *current, int64_t now);

#endif

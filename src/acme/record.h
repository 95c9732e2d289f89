/** What is remembered of one certificate between two processes: acme/records/<name>.json. */
#ifndef ACME_RECORD_H
#define ACME_RECORD_H

#include "acme/store.h"

#include <stdbool.h>
#include <stdint.h>

/** Times are seconds since 1970-01-01 UTC; 0: never, or not known. Texts are in the arena that it was read
 * into. */
typedef struct record {
    const char *wanted;    /* directory and names of the last attempt: another wish begins the record again */
    const char *directory; /* where the current certificate is from; NULL: there was none */
    const char *order;     /* URL of the order in progress; NULL: none */
    const char *challenge; /* the kind that has worked, "http-01"; NULL: none yet */
    int64_t failures;      /* attempts in a row that have failed */
    int64_t unfinished;    /* attempts in a row that began and did not end: the process was killed */
    int64_t next_try_at;   /* no attempt before */
    int64_t issued_at;     /* of the current certificate */
    int64_t renew_at;      /* of the current certificate */
    int64_t window_start, window_end; /* that the authority suggests for the renewal (RFC 9773) */
    int64_t window_check_at;          /* when to ask for it again */
} record;

/** Reads the record of the certificate `name`; all zero when there is none. A malformed one counts as none,
 * with a warning in the log. False with the reason in `problem` when the file cannot be read. */
bool record_read(const store *s, const char *name, arena *a, record *out, buf *problem);
bool record_write(const store *s, const char *name, const record *r, arena *a, buf *problem);

#endif

/**
 * What a worker remembers of each service that it calls: how many calls run, who waits, whether it fails.
 *
 * A host is a scheme, a name and a port: "https://rates.example:443".
 */
#ifndef FETCH_HOST_H
#define FETCH_HOST_H

#include "base/list.h"
#include "runtime/coro.h"

#include <tern/fetch.h>

#include <stdbool.h>
#include <stdint.h>

typedef struct fetch_host {
    struct fetch_host *next; /* in its slot */
    list_link by_use;        /* the most recently used one is the last */
    unsigned users;          /* calls that point to it */
    unsigned running;        /* calls with a turn */
    unsigned waiting;
    list_link line;                    /* host_waiter: calls without a turn, the longest waiter first */
    unsigned failures;                 /* in a row */
    uint64_t paused_until_ms;          /* 0: not paused. It stays until a call has worked */
    uint64_t last_pause_ms;            /* when the last pause ended */
    unsigned pauses;                   /* without a long time in between: those of a target grow */
    bool is_target;                    /* of a service (service.h) */
    bool is_probing;                   /* one call after a pause is on its way */
    double retries;                    /* that may be made now */
    list_link idle;                    /* plain_link: open connections without a call (plain.c) */
    struct plain_addresses *addresses; /* of its name (plain.c); NULL: not looked up */
    size_t key_len;
    char key[];
} fetch_host;

/** The host of that key, made if it is new; NULL when out of memory. Given back by host_release. */
fetch_host *host_get(const char *key, size_t len);
void host_release(fetch_host *h);

typedef enum host_turn { HOST_GO, HOST_PAUSED, HOST_FULL, HOST_LATE, HOST_CANCELLED } host_turn;

/** Waits until the call may run, at most until `at_ms`. After HOST_GO the caller ends its turn by host_done.
 * A call that is not a retry adds to the budget of retries. */
host_turn host_enter(fetch_host *h, const tern_fetch_settings *settings, uint64_t at_ms, bool is_retry);

typedef enum host_outcome {
    HOST_WORKED,
    HOST_FAILED,
    HOST_FAILED_KEPT, /* it counts, but the host is not paused for it */
    HOST_UNKNOWN      /* cancelled: it says nothing */
} host_outcome;

/** Takes a turn if there is one at once: not for a host that is paused or has as many calls as it may. */
bool host_try_enter(fetch_host *h, const tern_fetch_settings *settings);

/** Whether calls are refused, after too many failures. */
bool host_is_paused(const fetch_host *h);

/** Ends a turn. */
void host_done(fetch_host *h, const tern_fetch_settings *settings, host_outcome outcome);

/** The host has replied, although the call goes on (a stream): a pause ends. */
void host_note_reply(fetch_host *h);

/** Whether one more retry (or second attempt) is within the budget, which it is then counted against. */
bool host_may_retry(fetch_host *h);

/** Frees all hosts without users, with what they keep. */
void hosts_forget(void);

#endif

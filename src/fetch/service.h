/**
 * Services of several targets: which target an attempt goes to, and which targets are left out for a while.
 *
 * Each target of a service has a fetch_host of its own, so its turns, failures and pauses are host.c's.
 */
#ifndef FETCH_SERVICE_H
#define FETCH_SERVICE_H

#include "fetch/host.h"
#include "fetch/srv.h"
#include "fetch/target.h"

#include "app/ctx.h"

enum { SERVICE_TARGETS_MOST = SRV_RECORDS_MOST };

typedef struct service_target {
    const char *base;          /* "http://10.0.0.1:8080" */
    fetch_host *host;          /* of this worker; NULL until the first call */
    uint16_t priority, weight; /* RFC 2782; the same for all of a given list */
} service_target;

typedef struct fetch_service {
    tern_app *app;
    const char *name;
    const char *srv; /* the name of its records; NULL: the list was given */
    size_t count;    /* as they were given: `prepare` refuses too many */
    service_target targets[SERVICE_TARGETS_MOST];

    /* of .srv, in this worker */
    unsigned version;    /* of the list */
    srv_lookup *running; /* NULL: not being looked up */
    const char *problem; /* of the last look-up; NULL: none */
    uint64_t until_ms;   /* when it is looked up again */
    list_link waiting;   /* service_waiter: calls without a list */
    bool has_waiting;    /* `waiting` is initialized */
} fetch_service;

/** What a call has tried; zeroed before its first attempt. */
typedef struct service_tried {
    unsigned version; /* of the list that the rest is of */
    uint64_t targets; /* bits */
    size_t last;      /* valid if `base` is not NULL */
    const char *base; /* of the last one, in the request's memory */
} service_tried;

/** The service of that name; NULL when the application has none. */
fetch_service *service_of(const tern_app *app, const char *name);

/**
 * Waits until the service has targets, at most until `at_ms`: a list of .srv is looked up at the first call, and again
 * when its time is over, while calls go on with the old one. HOST_PAUSED: there are none, see `problem`.
 */
host_turn service_await(fetch_service *s, uint64_t at_ms);

/**
 * Picks a target for an attempt: of two random ones, the one with fewer running calls. Targets that the call has not
 * tried come first, then others than the last one; of these, those of the lowest priority. Ejected ones are left out.
 *
 * @return NULL when out of memory, and without targets; valid until the calling coroutine waits.
 */
const service_target *service_pick(fetch_service *s, service_tried *tried, arena *a);

/** Whether that target may be ejected now: at most half of the targets are at once, a sole target may be. */
bool service_may_eject(const fetch_service *s, const fetch_host *h);

/** Reads what `logical`, a URL of the service, is at that target. Returns NULL, or what is wrong with it. */
const char *service_resolve(fetch_target *t, arena *a, const service_target *at, const fetch_target *logical);

#endif

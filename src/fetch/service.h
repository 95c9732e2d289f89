/**
 * Services of several targets: which target an attempt goes to, and which targets are left out for a while.
 *
 * Each target of a service has a fetch_host of its own, so its turns, failures and pauses are host.c's.
 */
#ifndef FETCH_SERVICE_H
#define FETCH_SERVICE_H

#include "fetch/host.h"
#include "fetch/target.h"

#include "app/ctx.h"

enum { SERVICE_TARGETS_MOST = 64 };

typedef struct service_target {
    const char *base; /* "http://10.0.0.1:8080" */
    fetch_host *host; /* of this worker; NULL until the first call */
} service_target;

typedef struct fetch_service {
    tern_app *app;
    const char *name;
    size_t count; /* as they were given: `prepare` refuses too many */
    service_target targets[SERVICE_TARGETS_MOST];
} fetch_service;

/** What a call has tried; zeroed before its first attempt. */
typedef struct service_tried {
    uint64_t targets;           /* bits */
    const service_target *last; /* NULL: none */
} service_tried;

/** The service of that name; NULL when the application has none. */
fetch_service *service_of(const tern_app *app, const char *name);

/**
 * Picks a target for an attempt: of two random ones, the one with fewer running calls. Targets that the call has not
 * tried come first, then others than the last one. Ejected targets are left out.
 *
 * @return NULL when out of memory. The target's host lives until the worker ends.
 */
const service_target *service_pick(fetch_service *s, service_tried *tried);

/** Whether that target may be ejected now: at most half of the targets are at once, a sole target may be. */
bool service_may_eject(const fetch_service *s, const fetch_host *h);

/** Reads what `logical`, a URL of the service, is at that target. Returns NULL, or what is wrong with it. */
const char *service_resolve(fetch_target *t, arena *a, const service_target *at, const fetch_target *logical);

#endif

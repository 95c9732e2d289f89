/**
 * Requests on a timeline: request n is due n/rate seconds after the start, on connection n modulo the
 * connections, whatever has become of the requests before it. Its latency counts from when it was due, so a
 * server that stops for a second is charged for all that would have come in that second (Gil Tene's
 * "coordinated omission").
 */
#ifndef RATE_LOAD_H
#define RATE_LOAD_H

#include "histogram.h"

#include <stddef.h>
#include <stdint.h>

typedef struct load_plan {
    uint16_t port;
    size_t connections;
    double rate;               /* requests a second, over all connections */
    double warm_up_s, seconds; /* requests due in the first are sent, and not counted */
    const char *request;       /* its bytes */
    size_t request_len;
} load_plan;

/** Of the requests due after the warm-up. */
typedef struct load_result {
    histogram latency_ns;        /* unanswered requests are in it with their age at the end */
    histogram ok_ns, refused_ns; /* of those answered with 2xx, and with another status */
    uint64_t answered, status_errors, broken, unanswered;
    double seconds; /* from the end of the warm-up to the last answer */
} load_result;

/** Sends the plan's requests to 127.0.0.1; ends the program with a line when no connection can be made. */
void load_run(const load_plan *plan, load_result *result);

#endif

/**
 * Tern's own client for HTTP/1.1 without TLS and without a proxy: whole requests, whole replies, kept connections.
 *
 * It exists for its cost: libcurl needs several times the processor time for such a call (README.md has figures).
 * Everything else is libcurl's.
 */
#ifndef FETCH_PLAIN_H
#define FETCH_PLAIN_H

#include "fetch/attempt.h"

/** Whether this client can carry the attempt's message to its target. */
bool plain_fits(const fetch_attempt *a);
/** Starts it; ends it with an error if it cannot. */
void plain_start(fetch_attempt *a);
/** Takes it off the wire, whether or not it has ended. */
void plain_stop(fetch_attempt *a);

/** Closes the idle connections of a host without calls, and frees its addresses. */
void plain_forget_host(fetch_host *h);

#endif

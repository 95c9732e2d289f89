/**
 * libcurl's multi handle on the worker's loop: its sockets, its timer, and what has ended.
 *
 * It is made at the first call of a worker, and freed once no call has run for the time after which idle connections
 * are closed.
 */
#ifndef FETCH_MULTI_H
#define FETCH_MULTI_H

#include "base/list.h"
#include "curl/libcurl.h"

#include <tern/fetch.h>

#include <stdbool.h>

/** A transfer on its way; embed it in its owner. */
typedef struct multi_transfer {
    list_link link;
    CURL *easy; /* NULL: not on its way */
} multi_transfer;

/** Called on the loop's stack for a transfer that has ended and was taken off; the callee gives `easy` back. */
typedef void multi_on_done(multi_transfer *t, CURL *easy, CURLcode result);

/** Loads libcurl and makes the handle, if that is still to do; false with `*problem`. */
bool multi_open(const tern_fetch_settings *settings, multi_on_done *on_done, const char **problem);

/** An easy handle without options; NULL when out of memory. Given back by multi_put, which keeps some for later. */
CURL *multi_get(void);
void multi_put(CURL *easy);

/** Starts a transfer, whose CURLOPT_PRIVATE is set to `t`; false when out of memory. */
bool multi_add(multi_transfer *t, CURL *easy);
/** Takes a transfer off before its end; returns its handle, which the caller gives back. */
CURL *multi_remove(multi_transfer *t);
/** Lets libcurl work after a change that it has not reported (unpausing). */
void multi_kick(void);

/** Sockets of connections, for CURLOPT_OPENSOCKETFUNCTION and CURLOPT_CLOSESOCKETFUNCTION. */
curl_socket_t multi_open_socket(const struct curl_sockaddr *address);
int multi_close_socket(void *unused, curl_socket_t fd);

/** Closes everything (tests, and the end of a worker). No transfer may be on its way. */
void multi_close(void);

#endif

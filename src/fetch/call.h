/** A call from its options to its reply: turns, attempts, retries, redirects. */
#ifndef FETCH_CALL_H
#define FETCH_CALL_H

#include "fetch/message.h"
#include "fetch/service.h"
#include "fetch/sse.h"

/** The settings of this process. */
extern tern_fetch_settings fetch_settings;

/** An attempt with its turn at the host; in the request's arena. */
typedef struct fetch_flight {
    fetch_attempt attempt;
    fetch_service *service; /* whose target it goes to; NULL: none */
    bool has_turn;          /* until flight_end */
} fetch_flight;

/** What a reply with .stream has. */
typedef struct fetch_stream {
    fetch_flight *flight;
    sse_reader sse;
    bool is_closed;
} fetch_stream;

/** Sends the message: `f` waits for nobody yet. (call.c) */
void flight_start(fetch_flight *f);
/** Takes the attempt off the wire and ends its turn; harmless when that was done. (call.c) */
void flight_end(fetch_flight *f, host_outcome outcome);

/** Ends the handler because of an error; logs `problem`. (call.c) */
_Noreturn void fetch_fail(tern_ctx *c, tern_fetch_error error, const char *problem);

/** Fills in reply->stream, which is closed when the handler ends. (stream.c) */
void stream_open(tern_ctx *c, tern_fetched *reply, fetch_flight *f);

/* -- stubs (stub.c), used by tests alone -- */

/** Answers an attempt by a stub; false when none fits and the network is allowed. NULL: the program has no stubs. */
extern bool (*fetch_stub_start)(fetch_attempt *a);
/** Takes back what fetch_stub_start has begun. */
extern void (*fetch_stub_stop)(fetch_attempt *a);

#endif

/**
 * One request on the wire, and what has come back of it so far.
 *
 * A carrier sends it: libcurl (curl_carrier.c), or Tern's own client for plain HTTP/1.1 (plain.c). The carrier works on
 * the loop's stack while the coroutine that made the attempt waits; it reports by the attempt_ functions, which wake
 * that coroutine.
 */
#ifndef FETCH_ATTEMPT_H
#define FETCH_ATTEMPT_H

#include "base/arena.h"
#include "base/buf.h"
#include "fetch/host.h"
#include "fetch/multi.h"
#include "fetch/target.h"
#include "runtime/coro.h"

#include <tern/fetch.h>

enum {
    FETCH_HEAD_BYTES = 64 * 1024,   /* of a reply's headers */
    FETCH_LINES_MOST = 128,         /* headers that are sent */
    FETCH_STREAM_BYTES = 64 * 1024, /* received and not read yet: then the service is slowed down */
    FETCH_PRODUCE_BYTES = 16 * 1024
};

/** What is sent; in the request's arena. */
typedef struct fetch_message {
    const char *method;
    fetch_target target;
    const char *lines[FETCH_LINES_MOST]; /* headers but Host and Content-Length, each "Name: value" */
    unsigned line_count;
    tern_str body;
    bool has_body;    /* `body`, which may be empty */
    bool is_produced; /* the body is made by options->produce */
    bool is_head;
    bool is_idempotent; /* RFC 9110 section 9.2.2, or it has an Idempotency-Key */
    bool is_proxied;    /* a proxy of the environment may apply */
    const tern_fetch_options *options;
    const tern_fetch_settings *settings;
} fetch_message;

typedef struct fetch_attempt {
    const fetch_message *message;
    const fetch_target *target; /* message->target, or what it is at a target of a service */
    fetch_host *host;
    arena *arena;
    coro *waiting;  /* NULL: nobody waits */
    uint64_t at_ms; /* when the call's time is over, for the time to connect */

    /* the reply */
    int status;
    char *head; /* its lines, in the arena, each with CR LF */
    size_t head_len, head_room;
    char *body;
    size_t body_len, body_room, max_bytes;
    bool has_head;     /* all headers are there */
    bool is_streamed;  /* the body goes to `unread` */
    bool is_paused;    /* `unread` is full */
    buf unread;        /* on the heap */
    size_t read_bytes; /* of `unread`, already read */

    /* the body that is sent, of is_produced */
    char *made; /* FETCH_PRODUCE_BYTES */
    size_t made_len, made_sent;
    bool wants_made; /* the carrier waits for it */
    bool made_all;

    /* the end */
    bool is_done;
    tern_fetch_error error;
    const char *problem; /* of the error */

    /* the carrier's */
    multi_transfer transfer; /* by libcurl; without a handle: not by libcurl */
    struct curl_slist *slist;
    struct plain_link *link;   /* of the own client; NULL: not this one */
    struct plain_wait *lookup; /* it waits for addresses */
    bool is_watched;           /* a test records its reply */
    struct timer_entry *stub;  /* of a test's stub that replies later; NULL: none */
    unsigned sent_times;       /* how often libcurl has sent it */
    size_t next_address;       /* to try */
    bool is_refused_address;
    char detail[256]; /* CURL_ERROR_SIZE */
} fetch_attempt;

/** Adds a header line, with or without its line end; false when there are too many or memory is short: the carrier
 * then ends, and the attempt has its error. */
bool attempt_add_line(fetch_attempt *a, const char *line, size_t len);
/** All headers have come. */
void attempt_end_head(fetch_attempt *a);
/** Makes room for a body of that length, which the reply announces. False when it is too large. */
bool attempt_expect_body(fetch_attempt *a, uint64_t bytes);
/** Adds to the body; false as attempt_add_line. */
bool attempt_add_body(fetch_attempt *a, const char *data, size_t len);
/** Ends the attempt; the first call counts. `problem` is static or in the arena. */
void attempt_end(fetch_attempt *a, tern_fetch_error error, const char *problem);
/** The value of a reply's header, "" when absent; copied to the arena. */
const char *attempt_header(const fetch_attempt *a, const char *name);

/* -- the carriers -- */

/** Starts it; ends it with an error if it cannot. */
void curl_start(fetch_attempt *a);
/** Takes it off the wire, whether or not it has ended. */
void curl_stop(fetch_attempt *a);
/** There is room again, or more of the body to send. */
void curl_resume(fetch_attempt *a);

#endif

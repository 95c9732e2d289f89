/**
 * The place of one request at a time: the coroutine that answers it, and the tasks of it that wait for the
 * client. HTTP/1.1 has one in each connection, HTTP/2 one for each of its streams.
 */
#ifndef HTTP_STREAM_H
#define HTTP_STREAM_H

#include "base/list.h"
#include "runtime/budget.h"
#include "runtime/coro.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct http_stream {
    struct http_exchange *exchange; /* the request in work; NULL between requests */
    coro *runner;                   /* the coroutine in work; NULL without one */
    bool is_broken;                 /* no further byte can be sent */
    bool has_suspended;             /* `runner` has been suspended since it was started */
    bool is_yielding;               /* suspended only to let others run */
    bool is_corked;        /* more follows at once: the kernel may wait for it before it sends a packet */
    coro *reader, *writer; /* suspended for the client: `runner` or a task of its request */
    list_link write_turns; /* tasks that wait for `writer` to end */
} http_stream;

/** `s` is zeroed. */
void stream_init(http_stream *s);

/** Suspends the running coroutine (the runner, or a task of its request) until `reader` or `writer` is woken;
 * false on time-out (`at_ms`, 0: none), cancellation or a dead peer. */
bool stream_wait_read(http_stream *s, uint64_t at_ms);
bool stream_wait_write(http_stream *s, uint64_t at_ms);
/** Waits until no other task of the request is in the middle of sending. False when cancelled. */
bool stream_wait_turn(http_stream *s);
/** Wakes the tasks that wait for their turn; each looks for itself whether it has come. */
void stream_wake_turns(http_stream *s);
/** Lets other connections run; false when the request was cancelled. */
bool stream_yield(http_stream *s);
/** Spends `units` of the running coroutine's budget and yields when they are used up: a peer on a fast line,
 * which is never waited for, would otherwise keep the loop busy alone. False when the request was
 * cancelled. */
static inline bool stream_take_turns(http_stream *s, unsigned units)
{
    return !budget_is_spent(units) || stream_yield(s);
}
/** The units of a system call that moved `bytes`. */
static inline unsigned stream_units(size_t bytes)
{
    return BUDGET_SYSTEM_CALL + (unsigned)(bytes >> 10);
}
/** Ends the request in work: its client has left. */
void stream_cancel(http_stream *s);

#endif

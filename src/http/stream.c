/** Waiting for a client, and for other tasks of the same request. */
#include "http/stream.h"

#include "http/exchange.h"

void stream_init(http_stream *s)
{
    list_init(&s->write_turns);
}

static bool wait_client(http_stream *s, coro **waiting, uint64_t at_ms)
{
    if (s->is_broken)
        return false;
    *waiting = coro_self();
    coro_outcome outcome = coro_wait(at_ms);
    *waiting = NULL;
    return outcome == CORO_WOKEN;
}

bool stream_wait_read(http_stream *s, uint64_t at_ms)
{
    return wait_client(s, &s->reader, at_ms);
}

bool stream_wait_write(http_stream *s, uint64_t at_ms)
{
    return wait_client(s, &s->writer, at_ms) && !s->is_broken;
}

bool stream_yield(http_stream *s)
{
    s->is_yielding = true;
    bool goes_on = coro_yield();
    s->is_yielding = false;
    return goes_on;
}

void stream_cancel(http_stream *s)
{
    if (s->exchange != NULL)
        s->exchange->has_client_left = true;
    coro_cancel(s->runner);
}

/* -- turns -- */

/* In the queue for `writer`; on the stack of the coroutine that waits. */
typedef struct write_turn {
    list_link link;
    coro *waiting;
} write_turn;

bool stream_wait_turn(http_stream *s)
{
    write_turn turn = {.waiting = coro_self()};
    bool is_cancelled = false;
    list_append(&s->write_turns, &turn.link);
    while (s->writer != NULL && !is_cancelled)
        is_cancelled = coro_wait(0) == CORO_CANCELLED;
    list_remove(&turn.link);
    return !is_cancelled;
}

void stream_wake_turns(http_stream *s)
{
    list_each (link, &s->write_turns)
        coro_wake(list_owner(link, write_turn, link)->waiting);
}

/* Replies read piece by piece. */
#include "fetch/call.h"
#include "runtime/budget.h"
#include "runtime/loop.h"

#include <string.h>

static void close_stream(fetch_stream *s, host_outcome outcome)
{
    if (s->is_closed)
        return;
    s->is_closed = true;
    flight_end(s->flight, outcome);
    sse_free(&s->sse);
}

static void close_at_end(void *arg)
{
    close_stream(arg, HOST_UNKNOWN);
}

void stream_open(tern_ctx *c, tern_fetched *reply, fetch_flight *f)
{
    reply->stream = tern_alloc(c, sizeof *reply->stream);
    reply->stream->flight = f;
    f->attempt.waiting = NULL;
    if (f->has_turn && f->attempt.status < 500)
        host_note_reply(f->attempt.host);
    tern_defer(c, close_at_end, reply->stream);
}

void tern_fetch_close(tern_fetched *reply)
{
    if (reply->stream != NULL)
        close_stream(reply->stream, HOST_UNKNOWN);
}

static _Noreturn void fail(tern_ctx *c, fetch_stream *s, tern_fetch_error error, const char *cause)
{
    const fetch_message *m = s->flight->attempt.message;
    const char *problem = tern_sprintf(c, "%s %s: %s", m->method, m->target.shown, cause);
    close_stream(s, error == TERN_FETCH_NO_MEMORY ? HOST_UNKNOWN : HOST_FAILED);
    fetch_fail(c, error, problem);
}

/* Waits for bytes, and returns how many there are; 0 at the end. */
static size_t wait_for_bytes(tern_ctx *c, fetch_stream *s)
{
    fetch_attempt *a = &s->flight->attempt;
    const fetch_message *m = a->message;
    unsigned timeout_ms = m->options->timeout_ms != 0 ? m->options->timeout_ms : m->settings->timeout_ms;
    uint64_t at_ms = loop_self.now_ms + timeout_ms;
    budget_spend(BUDGET_STEP);
    a->waiting = coro_self();
    while (a->unread.len == a->read_bytes && !a->is_done) {
        if (a->is_paused) {
            curl_resume(a);
            continue;
        }
        if (loop_self.now_ms >= at_ms)
            fail(c, s, TERN_FETCH_TIMEOUT, tern_sprintf(c, "nothing came for %u ms", timeout_ms));
        if (coro_wait(at_ms) == CORO_CANCELLED)
            unwind_throw(UNWIND_CANCELLED);
    }
    a->waiting = NULL;
    if (a->unread.len != a->read_bytes)
        return a->unread.len - a->read_bytes;
    if (a->error != TERN_FETCH_OK)
        fail(c, s, a->error, a->problem);
    return 0;
}

static void took(fetch_attempt *a, size_t len)
{
    a->read_bytes += len;
    if (a->is_paused && a->unread.len - a->read_bytes <= FETCH_STREAM_BYTES / 2)
        curl_resume(a);
}

size_t tern_fetch_read(tern_ctx *c, tern_fetched *reply, void *out, size_t size)
{
    fetch_stream *s = reply->stream;
    if (s == NULL || s->is_closed || size == 0)
        return 0;
    fetch_attempt *a = &s->flight->attempt;
    size_t len = wait_for_bytes(c, s);
    if (len == 0) {
        close_stream(s, HOST_WORKED);
        return 0;
    }
    if (len > size)
        len = size;
    memcpy(out, a->unread.data + a->read_bytes, len);
    took(a, len);
    return len;
}

bool tern_fetch_event(tern_ctx *c, tern_fetched *reply, tern_fetch_sse *event)
{
    fetch_stream *s = reply->stream;
    if (s == NULL || s->is_closed)
        return false;
    fetch_attempt *a = &s->flight->attempt;
    for (size_t len; (len = wait_for_bytes(c, s)) != 0;) {
        size_t used;
        bool is_whole = sse_read(&s->sse, a->unread.data + a->read_bytes, len, &used);
        took(a, used);
        if (s->sse.failed)
            fail(c, s, TERN_FETCH_TOO_LARGE,
                 "an event of the stream has more than 1 MiB, or memory is short");
        if (!is_whole)
            continue;
        *event = (tern_fetch_sse){.event = s->sse.event.len != 0 ? s->sse.event.data : "message",
                                  .data = {s->sse.data.data, s->sse.data.len},
                                  .id = s->sse.id.len != 0 ? s->sse.id.data : "",
                                  .retry_ms = s->sse.retry_ms};
        return true;
    }
    close_stream(s, HOST_WORKED);
    return false;
}

/**
 * Replies: the rules that every version of HTTP shares.
 *
 * Hot path: http_reply.
 */
#include "http/wire.h"

#include "runtime/coro.h"
#include "runtime/loop.h"
#include "runtime/unwind.h"

#include <tern/log.h>

#include <string.h>

bool reply_type_is_valid(const char *type, size_t len)
{
    bool is_valid = http_field_is_valid("Content-Type", 12, type, len);
    if (!is_valid)
        tern_log(TERN_LOG_ERROR, "a reply's Content-Type is not a header value: left out");
    return is_valid;
}

/** What every kind of reply does first. */
static void reply_begin(http_exchange *x, int status)
{
    x->has_replied = true;
    x->deadline_ms = 0; /* from here on the client's pace counts, and its rate is watched */
    reply_set_status(x, status);
}

/* -- the pace -- */

static bool is_paced(const http_exchange *x)
{
    return x->pace != NULL && x->pace->reply_rate != 0;
}

uint64_t reply_min_rate(const http_exchange *x)
{
    uint64_t rate = http_self.limits.min_rate_bytes_s;
    if (x == NULL || x->pace == NULL)
        return rate;
    if (x->pace->min_reply_rate != 0)
        rate = x->pace->min_reply_rate;
    /* a client cannot take more than it is sent */
    return x->pace->reply_rate != 0 && rate > x->pace->reply_rate / 2 ? x->pace->reply_rate / 2 : rate;
}

/** Waits until more of a paced reply may be sent; how much of `len` bytes, or 0 when the request was cancelled. The
 * request's other tasks do not write meanwhile. */
static uint64_t pace_wait(http_exchange *x, uint64_t len)
{
    enum { PIECES_A_SECOND = 10 };
    const http_pace *pace = x->pace;
    if (x->paced_bytes < pace->reply_free) {
        const uint64_t left = pace->reply_free - x->paced_bytes;
        return len < left ? len : left;
    }
    if (x->paced_began_ms == 0)
        x->paced_began_ms = loop_self.now_ms;
    const uint64_t at_ms = x->paced_began_ms + (x->paced_bytes - pace->reply_free) * 1000 / pace->reply_rate;
    const uint64_t piece = pace->reply_rate / PIECES_A_SECOND + 1;
    coro_outcome outcome = CORO_WOKEN;
    x->stream->writer = coro_self();
    while (loop_self.now_ms < at_ms && outcome != CORO_CANCELLED)
        outcome = coro_wait(at_ms);
    x->stream->writer = NULL;
    return outcome == CORO_CANCELLED ? 0 : len < piece ? len : piece;
}

/** Counts and sends what pace_wait has allowed. */
static bool pace_sent(http_exchange *x, uint64_t len)
{
    x->paced_bytes += len;
    return x->wire->flush(x);
}

/** Writes a part of a streamed reply, at its pace. */
static bool write_part(http_exchange *x, const void *data, size_t len)
{
    if (!is_paced(x))
        return x->wire->write(x, data, len);
    const char *at = data;
    for (uint64_t now; len != 0; at += now, len -= (size_t)now) {
        now = pace_wait(x, len);
        if (now == 0 || !x->wire->write(x, at, (size_t)now) || !pace_sent(x, now))
            return false;
    }
    return true;
}

static bool send_file_part(http_exchange *x, int fd, uint64_t offset, uint64_t length)
{
    if (!is_paced(x))
        return x->wire->send_file(x, fd, offset, length);
    for (uint64_t now; length != 0; offset += now, length -= now) {
        now = pace_wait(x, length);
        if (now == 0 || !x->wire->send_file(x, fd, offset, now) || !pace_sent(x, now))
            return false;
    }
    return true;
}

/** A whole reply at its pace: as one that is streamed. */
static void reply_slowly(http_exchange *x, int status, const char *type, const void *body, size_t len)
{
    http_reply_begin(x, status, type, (int64_t)len);
    if (!x->is_streaming)
        return;
    if (!x->omits_body) {
        const bool is_sent = write_part(x, body, len);
        x->sent_bytes = is_sent ? len : x->paced_bytes;
        if (!is_sent) {
            x->stream->is_broken = true;
            return;
        }
        x->reply_left = 0;
    }
    http_reply_end(x);
}

/* -- whole replies -- */

void http_reply(http_exchange *x, int status, const char *type, const void *body, size_t len)
{
    if (__builtin_expect(x->pace != NULL, 0) && is_paced(x) && len != 0) {
        reply_slowly(x, status, type, body, len);
        return;
    }
    reply_begin(x, status);
    if (x->wire->reply(x, type, body, len) && !x->omits_body)
        x->sent_bytes = len;
}

/* -- streamed replies -- */

void http_reply_begin(http_exchange *x, int status, const char *type, int64_t length)
{
    reply_begin(x, status);
    if (!x->wire->begin(x, type, length))
        return;
    x->is_streaming = true;
    x->reply_left = length >= 0 ? (uint64_t)length : UINT64_MAX;
}

_Noreturn static void client_is_gone(http_exchange *x)
{
    x->has_client_left = true;
    unwind_throw(UNWIND_CANCELLED);
}

void http_reply_write(http_exchange *x, const void *data, size_t len)
{
    http_stream *s = x->stream;
    if (!stream_take_turns(s, BUDGET_STEP + (unsigned)(len >> 10)))
        client_is_gone(x);
    if (len == 0 || x->omits_body)
        return;
    if (!x->is_streaming) /* its head could not be sent */
        client_is_gone(x);
    if (s->writer != NULL && !stream_wait_turn(s))
        client_is_gone(x);
    if (len > x->reply_left) {
        tern_log(TERN_LOG_ERROR, "a streamed reply has more bytes than it announced: cut, connection closed");
        client_is_gone(x);
    }
    if (x->reply_left != UINT64_MAX)
        x->reply_left -= len;
    if (!write_part(x, data, len))
        client_is_gone(x);
    x->sent_bytes += len;
}

void http_reply_flush(http_exchange *x)
{
    http_stream *s = x->stream;
    if (!stream_take_turns(s, BUDGET_SYSTEM_CALL) || (s->writer != NULL && !stream_wait_turn(s)) ||
        !x->wire->flush(x))
        client_is_gone(x);
}

void http_reply_end(http_exchange *x)
{
    if (!x->is_streaming)
        return;
    if (x->reply_left != 0 && x->reply_left != UINT64_MAX && !x->omits_body) {
        tern_log(TERN_LOG_ERROR, "a streamed reply has fewer bytes than it announced: connection closed");
        return; /* still streaming: exchange_end breaks it off */
    }
    if (x->wire->end(x))
        x->is_streaming = false;
}

bool http_reply_is_cut_off(const http_exchange *x)
{
    return x->is_streaming || (x->has_replied && x->stream->is_broken);
}

/* -- files -- */

static uint64_t length_of_parts(const http_file_part *parts, size_t count, tern_str end)
{
    uint64_t length = end.len;
    for (size_t i = 0; i < count; i++)
        length += parts[i].before.len + parts[i].length;
    return length;
}

static bool write_bytes(http_exchange *x, tern_str bytes)
{
    x->sent_bytes += bytes.len;
    return bytes.len == 0 || write_part(x, bytes.data, bytes.len);
}

/** False when the file has shrunk or the client is gone. */
static bool send_parts(http_exchange *x, http_file file, const http_file_part *parts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const http_file_part *part = &parts[i];
        if (!write_bytes(x, part->before))
            return false;
        if (file.bytes != NULL ? !write_bytes(x, (tern_str){file.bytes + part->offset, (size_t)part->length})
                               : !send_file_part(x, file.fd, part->offset, part->length))
            return false;
    }
    return true;
}

void http_reply_file_parts(http_exchange *x, int status, const char *type, http_file file,
                           const http_file_part *parts, size_t count, tern_str end)
{
    const uint64_t length = length_of_parts(parts, count, end);
    http_reply_begin(x, status, type, (int64_t)length);
    if (!x->is_streaming)
        return;
    if (!x->omits_body && length > 0) {
        if (!send_parts(x, file, parts, count) || !write_bytes(x, end)) {
            x->stream->is_broken = true;
            return;
        }
        x->reply_left = 0;
    }
    http_reply_end(x);
}

void http_reply_file(http_exchange *x, int status, const char *type, int fd, uint64_t offset, uint64_t length)
{
    const http_file_part whole = {.offset = offset, .length = length};
    http_reply_file_parts(x, status, type, (http_file){.fd = fd}, &whole, 1, (tern_str){"", 0});
}

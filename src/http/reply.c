/**
 * Replies: the rules that every version of HTTP shares.
 *
 * Hot path: http_reply.
 */
#include "http/wire.h"

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

void http_reply(http_exchange *x, int status, const char *type, const void *body, size_t len)
{
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
    if (!x->wire->write(x, data, len))
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
    return bytes.len == 0 || x->wire->write(x, bytes.data, bytes.len);
}

/** False when the file has shrunk or the client is gone. */
static bool send_parts(http_exchange *x, http_file file, const http_file_part *parts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const http_file_part *part = &parts[i];
        if (!write_bytes(x, part->before))
            return false;
        if (file.bytes != NULL ? !write_bytes(x, (tern_str){file.bytes + part->offset, (size_t)part->length})
                               : !x->wire->send_file(x, file.fd, part->offset, part->length))
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

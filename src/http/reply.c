/**
 * Replies on the wire.
 *
 * Hot path: http_reply of a small body is one bound check and a few copies into the output block. No printf.
 */
#include "http/connection.h"
#include "http/date.h"
#include "http/status.h"

#include "base/text.h"
#include "runtime/unwind.h"

#include <tern/log.h>

#include <errno.h>
#include <string.h>
#include <sys/sendfile.h>
#include <unistd.h>

enum {
    FIXED_HEAD_BYTES = 512,     /* all of a head but Content-Type's value and the extra headers */
    COPY_BYTES = 8 * 1024,      /* bodies up to this size are copied after their head: one send for both */
    SENDFILE_BYTES = 512 * 1024 /* asked of the kernel at once */
};

static char *put(char *at, const void *data, size_t len)
{
    memcpy(at, data, len);
    return at + len;
}

#define PUT_LITERAL(at, literal) put(at, literal, sizeof(literal) - 1)

static char *put_status(char *at, int status)
{
    tern_str line = status_line(status);
    if (line.data != NULL)
        return put(at, line.data, line.len);
    at = PUT_LITERAL(at, "HTTP/1.1 ");
    at += text_put_u64(at, (uint64_t)status);
    return PUT_LITERAL(at, " Unknown\r\n");
}

/** Whether the connection stays open after this reply: every reason against it, in one place. After a whole
 * reply nobody reads the request's body any more, so the part that has arrived can be skipped. */
static bool will_keep_alive(http_exchange *x, bool is_whole)
{
    http_connection *k = x->connection;
    unsigned most = http_self.limits.requests_per_connection;
    if (!x->head.keep_alive || x->wants_close || k->must_close || (most != 0 && k->requests + 1 >= most))
        return false;
    if ((http_self.is_draining && !http_self.has_successor) || k->runner->is_cancelled)
        return false;
    return x->body_is_read || ((is_whole || !x->policy.is_streamed) && body_skip_buffered(x));
}

enum { LENGTH_NONE = -1, LENGTH_CHUNKED = -2 };

/** Status line, Server, Date and Content-Type. */
static char *put_prefix(char *at, int status, tern_str common, const char *type, size_t type_len)
{
    at = put_status(at, status);
    at = put(at, common.data, common.len);
    if (type != NULL) {
        at = PUT_LITERAL(at, "Content-Type: ");
        at = put(at, type, type_len);
        at = PUT_LITERAL(at, "\r\n");
    }
    return at;
}

/* Most replies of a service begin alike: the last beginnings are kept, each until the next second. */
enum { PREFIXES = 16, PREFIX_BYTES = 320, PREFIX_TYPE_BYTES = 64 };

typedef struct prefix {
    unsigned second; /* http_common_lines' count of renewals; 0: empty */
    int status;
    uint32_t len, type_len;
    char type[PREFIX_TYPE_BYTES];
    char bytes[PREFIX_BYTES];
} prefix;

/** A type may come from an upload: one that a header cannot contain is not passed on. */
static bool is_type(const char *type, size_t len)
{
    bool is_valid = http_field_is_valid("Content-Type", 12, type, len);
    if (!is_valid)
        tern_log(TERN_LOG_ERROR, "a reply's Content-Type is not a header value: left out");
    return is_valid;
}

static char *put_beginning(char *at, int status, const char *type, size_t type_len)
{
    static prefix prefixes[PREFIXES];
    unsigned second;
    tern_str common = http_common_lines(http_self.limits.server_name, &second);
    if (type == NULL || type_len > PREFIX_TYPE_BYTES || common.len > PREFIX_BYTES / 2)
        return put_prefix(at, status, common, type != NULL && is_type(type, type_len) ? type : NULL,
                          type_len);
    prefix *p = &prefixes[((unsigned)status + (unsigned)type_len) % PREFIXES];
    if (p->second != second || p->status != status || p->type_len != type_len ||
        memcmp(p->type, type, type_len) != 0) {
        if (!is_type(type, type_len))
            return put_prefix(at, status, common, NULL, 0);
        *p = (prefix){.second = second, .status = status, .type_len = (uint32_t)type_len};
        memcpy(p->type, type, type_len);
        p->len = (uint32_t)(put_prefix(p->bytes, status, common, type, type_len) - p->bytes);
    }
    return put(at, p->bytes, p->len);
}

static size_t head_bound(const http_exchange *x, size_t type_len)
{
    size_t bound = FIXED_HEAD_BYTES + type_len;
    for (unsigned i = 0; i < x->field_count; i++)
        bound += (size_t)x->fields[i].name_len + x->fields[i].value_len + 4;
    return bound;
}

static inline char *put_field(char *at, const http_field *f)
{
    at = put(at, f->name, f->name_len);
    at = PUT_LITERAL(at, ": ");
    at = put(at, f->value, f->value_len);
    return PUT_LITERAL(at, "\r\n");
}

/** Writes a head at `at` (head_bound bytes of room); returns its end. */
static char *put_head(http_exchange *x, char *at, const char *type, size_t type_len, int64_t length)
{
    at = put_beginning(at, x->reply_status, type, type_len);
    if (length >= 0) {
        at = PUT_LITERAL(at, "Content-Length: ");
        at += text_put_u64(at, (uint64_t)length);
        at = PUT_LITERAL(at, "\r\n");
    } else if (length == LENGTH_CHUNKED) {
        at = PUT_LITERAL(at, "Transfer-Encoding: chunked\r\n");
    }
    if (!x->keeps_alive)
        at = PUT_LITERAL(at, "Connection: close\r\n");
    else if (x->request->version == HTTP_1_0)
        at = PUT_LITERAL(at, "Connection: keep-alive\r\n");
    for (unsigned i = 0; i < x->field_count; i++)
        at = put_field(at, &x->fields[i]);
    return PUT_LITERAL(at, "\r\n");
}

/**
 * Removes the bytes that the peer has already been sent from the head between `start` and `end`; returns its
 * end.
 *
 */
static char *drop_sent(http_exchange *x, char *start, char *end)
{
    if (x->sent_ahead != 0) {
        size_t ahead = x->sent_ahead;
        end -= ahead;
        memmove(start, start + ahead, (size_t)(end - start));
        x->sent_ahead = 0;
    }
    return end;
}

static void set_status(http_exchange *x, int status)
{
    x->reply_status = status;
    x->omits_body = x->request->method == HTTP_HEAD || status == 204 || status == 205 || status == 304;
}

/** Room for a head and, where it fits too, `*copied` bytes of body; headers too large for a block are a
 * mistake of the app: 500 without them. */
static char *room_for_head(http_exchange *x, size_t type_len, size_t *copied)
{
    size_t bound = head_bound(x, type_len);
    if (bound + *copied > http_self.block_bytes)
        *copied = 0;
    if (bound > http_self.block_bytes) {
        tern_log(TERN_LOG_ERROR, "the reply's headers have more than %zu bytes: answered 500",
                 http_self.block_bytes);
        x->field_count = 0;
        set_status(x, 500);
        bound = head_bound(x, type_len);
    }
    return output_room(x->connection, bound + *copied);
}

/** What every kind of reply does first. */
static void reply_begin(http_exchange *x, int status, bool is_whole)
{
    x->has_replied = true;
    x->deadline_ms = 0; /* from here on the client's pace counts, and its rate is watched */
    set_status(x, status);
    x->keeps_alive = will_keep_alive(x, is_whole);
}

/** What a reply that has no body says of its length. */
static int64_t length_without_body(int status, size_t len)
{
    if (status == 204 || (status == 304 && len == 0))
        return LENGTH_NONE;
    return status == 205 ? 0 : (int64_t)len; /* RFC 9110 section 15.3.6 */
}

void http_reply(http_exchange *x, int status, const char *type, const void *body, size_t len)
{
    http_connection *k = x->connection;
    reply_begin(x, status, true);
    size_t type_len = type != NULL ? strlen(type) : 0;
    size_t copied = x->omits_body || len > COPY_BYTES ? 0 : len;
    char *start = room_for_head(x, type_len, &copied);
    if (start == NULL)
        return;
    status = x->reply_status;
    int64_t length = x->omits_body ? length_without_body(status, len) : (int64_t)len;
    char *end = put_head(x, start, type, type_len, length);
    end = drop_sent(x, start, end);
    if (copied != 0)
        end = put(end, body, copied);
    k->out_len += (uint32_t)(end - start);
    if (!x->omits_body) {
        x->sent_bytes = len;
        if (copied != len)
            output_send(k, body, len);
    }
}

void reply_refusal(http_exchange *x, int status, const char *detail)
{
    const char *body = arena_printf(
        &x->arena, "{\"type\":\"about:blank\",\"title\":\"%s\",\"status\":%d,\"detail\":\"%s\"}\n",
        http_status_text(status), status, detail);
    http_reply(x, status, "application/problem+json", body, body != NULL ? strlen(body) : 0);
}

bool h1_inform(http_exchange *x, int status, const http_field *fields, unsigned count)
{
    http_connection *k = x->connection;
    size_t bound = FIXED_HEAD_BYTES;
    for (unsigned i = 0; i < count; i++)
        bound += (size_t)fields[i].name_len + fields[i].value_len + 4;
    if (bound > http_self.block_bytes) {
        tern_log(TERN_LOG_WARN, "an interim reply has more than %zu bytes: left out", http_self.block_bytes);
        return true;
    }
    char *start = output_room(k, bound);
    if (start == NULL)
        return false;
    char *end = put_status(start, status);
    for (unsigned i = 0; i < count; i++)
        end = put_field(end, &fields[i]);
    end = drop_sent(x, start, PUT_LITERAL(end, "\r\n"));
    k->out_len += (uint32_t)(end - start);
    return output_send(k, NULL, 0);
}

/* -- streamed replies -- */

void http_reply_begin(http_exchange *x, int status, const char *type, int64_t length)
{
    http_connection *k = x->connection;
    reply_begin(x, status, false);
    size_t type_len = type != NULL ? strlen(type) : 0, copied = 0;
    char *start = room_for_head(x, type_len, &copied);
    if (start == NULL)
        return;
    x->is_streaming = true;
    if (length < 0 && !x->omits_body) {
        x->is_chunked_reply = x->request->version >= HTTP_1_1;
        length = x->is_chunked_reply ? LENGTH_CHUNKED : LENGTH_NONE;
        x->keeps_alive = x->keeps_alive && x->is_chunked_reply;
    }
    x->reply_left = length >= 0 ? (uint64_t)length : UINT64_MAX;
    if (x->reply_status == 204 || x->reply_status == 205)
        length = x->reply_status == 204 ? LENGTH_NONE : 0;
    char *end = put_head(x, start, type, type_len, length);
    k->out_len += (uint32_t)(drop_sent(x, start, end) - start);
}

_Noreturn static void client_is_gone(http_exchange *x)
{
    x->has_client_left = true;
    unwind_throw(UNWIND_CANCELLED);
}

static char *put_hex(char *at, size_t value)
{
    int shift = 60;
    while (shift > 0 && (value >> shift) == 0)
        shift -= 4;
    for (; shift >= 0; shift -= 4)
        *at++ = "0123456789abcdef"[(value >> shift) & 15];
    return at;
}

void http_reply_write(http_exchange *x, const void *data, size_t len)
{
    http_connection *k = x->connection;
    if (!connection_take_turns(k, BUDGET_STEP + (unsigned)(len >> 10)))
        client_is_gone(x);
    if (len == 0 || x->omits_body)
        return;
    if (!x->is_streaming) /* its head could not be sent */
        client_is_gone(x);
    if (k->writer != NULL && !output_wait_turn(k))
        client_is_gone(x);
    if (len > x->reply_left) {
        tern_log(TERN_LOG_ERROR, "a streamed reply has more bytes than it announced: cut, connection closed");
        client_is_gone(x);
    }
    if (x->reply_left != UINT64_MAX)
        x->reply_left -= len;
    size_t copied = len <= COPY_BYTES ? len : 0;
    char *start = output_room(k, copied + 32);
    if (start == NULL)
        client_is_gone(x);
    char *at = start;
    if (x->is_chunked_reply) {
        at = PUT_LITERAL(put_hex(at, len), "\r\n");
        x->sent_ahead = 0;
    }
    at = put(at, data, copied);
    if (x->is_chunked_reply && copied != 0)
        at = PUT_LITERAL(at, "\r\n");
    k->out_len += (uint32_t)(at - start);
    if (copied == 0) {
        if (!output_send(k, data, len) || (start = output_room(k, 2)) == NULL)
            client_is_gone(x);
        if (x->is_chunked_reply)
            k->out_len += (uint32_t)(PUT_LITERAL(start, "\r\n") - start);
    }
    x->sent_bytes += len;
}

void http_reply_flush(http_exchange *x)
{
    http_connection *k = x->connection;
    unsigned units = k->out != NULL ? BUDGET_SYSTEM_CALL : BUDGET_STEP;
    if (!connection_take_turns(k, units) || (k->writer != NULL && !output_wait_turn(k)) ||
        !output_send(k, NULL, 0))
        client_is_gone(x);
}

/** The last chunk and the trailers. */
static char *put_end(const http_exchange *x, char *at)
{
    at = PUT_LITERAL(at, "0\r\n");
    if (x->trailers != NULL && http_accepts_trailers(x))
        for (const http_trailer *t = x->trailers; t != NULL; t = t->next)
            at = put_field(at, &t->field);
    return PUT_LITERAL(at, "\r\n");
}

void http_reply_end(http_exchange *x)
{
    http_connection *k = x->connection;
    if (!x->is_streaming)
        return;
    if (x->is_chunked_reply) {
        char *start = output_room(k, http_trailer_bytes(x));
        if (start == NULL)
            return;
        k->out_len += (uint32_t)(put_end(x, start) - start);
    } else if (x->reply_left != 0 && x->reply_left != UINT64_MAX && !x->omits_body) {
        tern_log(TERN_LOG_ERROR, "a streamed reply has fewer bytes than it announced: connection closed");
        return; /* still streaming: exchange_end breaks the connection */
    }
    x->is_streaming = false;
}

bool http_reply_is_cut_off(const http_exchange *x)
{
    return x->is_streaming || (x->has_replied && x->connection->is_broken);
}

/* -- files -- */

/** The kernel copies from the page cache to the socket; false when the file has shrunk or the client is
 * gone. */
static bool send_file(http_exchange *x, int fd, off_t offset, uint64_t left)
{
    http_connection *k = x->connection;
    output_pace pace = {0};
    while (left > 0) {
        ssize_t n =
            sendfile(k->source.fd, fd, &offset, left < SENDFILE_BYTES ? (size_t)left : SENDFILE_BYTES);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            if (!output_wait(k, &pace))
                return false;
            continue;
        }
        if (n <= 0)
            return false;
        left -= (uint64_t)n;
        x->sent_bytes += (uint64_t)n;
        pace.sent += (uint64_t)n;
        if (!connection_take_turns(k, connection_units((size_t)n)) || k->is_broken)
            return false;
    }
    return true;
}

/** Sends a part of the reply's body; false when the file has shrunk or the client is gone. */
static bool send_part(http_exchange *x, int fd, const http_file_part *part)
{
    http_connection *k = x->connection;
    k->is_corked = part->length > 0; /* the head leaves in the packet of the file's first bytes */
    bool sent = output_send(k, part->before.data, part->before.len);
    k->is_corked = false;
    x->sent_bytes += part->before.len;
    return sent && send_file(x, fd, (off_t)part->offset, part->length);
}

static uint64_t length_of_parts(const http_file_part *parts, size_t count, tern_str end)
{
    uint64_t length = end.len;
    for (size_t i = 0; i < count; i++)
        length += parts[i].before.len + parts[i].length;
    return length;
}

void http_reply_file_parts(http_exchange *x, int status, const char *type, int fd,
                           const http_file_part *parts, size_t count, tern_str end)
{
    http_connection *k = x->connection;
    const uint64_t length = length_of_parts(parts, count, end);
    http_reply_begin(x, status, type, (int64_t)length);
    if (!x->is_streaming)
        return;
    if (!x->omits_body && length > 0) {
        bool is_sent = true;
        for (size_t i = 0; i < count && is_sent; i++)
            is_sent = send_part(x, fd, &parts[i]);
        if (!is_sent || !output_send(k, end.data, end.len)) {
            k->is_broken = true;
            return;
        }
        x->sent_bytes += end.len;
        x->reply_left = 0;
    }
    http_reply_end(x);
}

void http_reply_file(http_exchange *x, int status, const char *type, int fd, uint64_t offset, uint64_t length)
{
    const http_file_part whole = {.offset = offset, .length = length};
    http_reply_file_parts(x, status, type, fd, &whole, 1, (tern_str){"", 0});
}

/**
 * Replies on the wire.
 *
 * Hot path: http_reply of a small body is one bound check and a few copies into the output block. No printf.
 */
#include "http/date.h"
#include "http/h1/h1.h"
#include "http/status.h"
#include "http/transport.h"

#include "base/text.h"

#include <tern/log.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum {
    FIXED_HEAD_BYTES =
        512, /* all of a head but Content-Type's value, the fields of every reply and the extra ones */
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
    if (!h1_of(x)->head.keep_alive || x->wants_close || k->must_close ||
        (most != 0 && k->requests + 1 >= most))
        return false;
    if ((http_self.is_draining && !connection_has_heir(k)) || k->stream.runner->is_cancelled)
        return false;
    return x->body_is_read || ((is_whole || !x->policy.is_streamed) && h1_skip_body(x));
}

enum { LENGTH_CHUNKED = REPLY_NO_LENGTH - 1 };

/** Status line, Server, Date, the fields of every reply and Content-Type. */
static char *put_prefix(char *at, int status, tern_str common, tern_str defaults, const char *type,
                        size_t type_len)
{
    at = put_status(at, status);
    at = put(at, common.data, common.len);
    at = put(at, defaults.data, defaults.len);
    at = PUT_LITERAL(at, "Content-Type: ");
    at = put(at, type, type_len);
    return PUT_LITERAL(at, "\r\n");
}

/* Most replies of a service begin alike: the last beginnings are kept, each until the next second. */
enum { PREFIXES = 16, PREFIX_BYTES = 1280, PREFIX_TYPE_BYTES = 64, PREFIX_OTHERS_BYTES = 160 };

typedef struct prefix {
    unsigned second; /* http_common_lines' count of renewals; 0: empty */
    int status;
    uint32_t len, type_len;
    char type[PREFIX_TYPE_BYTES];
    char bytes[PREFIX_BYTES];
} prefix;

/** The lines of those fields of every reply that this one does not replace. */
static char *put_defaults(char *at, unsigned replaced, bool is_page)
{
    const http_defaults *d = &http_self.defaults;
    if (!is_page)
        replaced |= d->for_pages;
    for (unsigned i = 0; i < d->count; i++) {
        if (replaced >> i & 1)
            continue;
        at = put(at, d->names[i].data, d->names[i].len);
        at = PUT_LITERAL(at, ": ");
        at = put(at, d->values[i].data, d->values[i].len);
        at = PUT_LITERAL(at, "\r\n");
    }
    return at;
}

/** A beginning that is not kept. */
static char *put_other_beginning(http_exchange *x, char *at, const char *type, size_t type_len,
                                 tern_str common, unsigned replaced)
{
    at = put_status(at, x->reply_status);
    at = put(at, common.data, common.len);
    at = put_defaults(at, replaced, defaults_is_page_of(x, type, type_len));
    if (type == NULL)
        return at;
    at = PUT_LITERAL(at, "Content-Type: ");
    at = put(at, type, type_len);
    return PUT_LITERAL(at, "\r\n");
}

/** A beginning that is not among those kept, or no longer; keeps it if others can use it. */
static __attribute__((noinline)) char *put_new_beginning(http_exchange *x, char *at, const char *type,
                                                         size_t type_len, prefix *p, unsigned replaced)
{
    unsigned second;
    const http_defaults *d = &http_self.defaults;
    tern_str common = http_common_lines(http_self.limits.server_name, &second);
    if (type != NULL && !reply_type_is_valid(type, type_len)) {
        type = NULL;
        type_len = 0;
    }
    if (x->reply_status == 304)
        replaced = DEFAULTS_ALL;
    if (type_len == 0 || type_len > PREFIX_TYPE_BYTES || replaced != 0 ||
        common.len + d->bytes > PREFIX_BYTES - PREFIX_OTHERS_BYTES)
        return put_other_beginning(x, at, type, type_len, common, replaced);
    *p = (prefix){.second = second, .status = x->reply_status, .type_len = (uint32_t)type_len};
    memcpy(p->type, type, type_len);
    const tern_str lines = d->lines[defaults_is_page(type, type_len)];
    p->len = (uint32_t)(put_prefix(p->bytes, x->reply_status, common, lines, type, type_len) - p->bytes);
    return put(at, p->bytes, p->len);
}

static char *put_beginning(http_exchange *x, char *at, const char *type, size_t type_len)
{
    static prefix prefixes[PREFIXES]; /* none has a type of no bytes */
    unsigned second, replaced = x->field_count != 0 ? defaults_replaced(&http_self.defaults, x) : 0;
    const int status = x->reply_status;
    http_common_lines(http_self.limits.server_name, &second);
    prefix *p = &prefixes[((unsigned)status + (unsigned)type_len) % PREFIXES];
    if (p->second == second && p->type_len == type_len && p->status == status && replaced == 0 &&
        type != NULL && memcmp(p->type, type, type_len) == 0)
        return put(at, p->bytes, p->len);
    return put_new_beginning(x, at, type, type_len, p, replaced);
}

static size_t lines_bound(const http_field *fields, unsigned count)
{
    size_t bound = 0;
    for (unsigned i = 0; i < count; i++)
        bound += (size_t)fields[i].name_len + fields[i].value_len + 4;
    return bound;
}

static size_t head_bound(const http_exchange *x, size_t type_len)
{
    return FIXED_HEAD_BYTES + http_self.defaults.bytes + type_len + lines_bound(x->fields, x->field_count);
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
    at = put_beginning(x, at, type, type_len);
    if (length >= 0) {
        at = PUT_LITERAL(at, "Content-Length: ");
        at += text_put_u64(at, (uint64_t)length);
        at = PUT_LITERAL(at, "\r\n");
    } else if (length == LENGTH_CHUNKED) {
        at = PUT_LITERAL(at, "Transfer-Encoding: chunked\r\n");
    }
    if (!h1_of(x)->keeps_alive)
        at = PUT_LITERAL(at, "Connection: close\r\n");
    else if (x->request->version == HTTP_1_0)
        at = PUT_LITERAL(at, "Connection: keep-alive\r\n");
    for (unsigned i = 0; i < x->field_count; i++)
        at = put_field(at, &x->fields[i]);
    return PUT_LITERAL(at, "\r\n");
}

/** Removes the bytes that the peer has already been sent from the head between `start` and `end`; returns its
 * end. */
static char *drop_sent(http_exchange *x, char *start, char *end)
{
    h1_exchange *own = h1_of(x);
    if (own->sent_ahead != 0) {
        size_t ahead = own->sent_ahead;
        end -= ahead;
        memmove(start, start + ahead, (size_t)(end - start));
        own->sent_ahead = 0;
    }
    return end;
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
        reply_set_status(x, 500);
        bound = head_bound(x, type_len);
    }
    return output_room(x->connection, bound + *copied);
}

static bool reply(http_exchange *x, const char *type, const void *body, size_t len)
{
    http_connection *k = x->connection;
    h1_of(x)->keeps_alive = will_keep_alive(x, true);
    size_t type_len = type != NULL ? strlen(type) : 0;
    size_t copied = x->omits_body || len > COPY_BYTES ? 0 : len;
    char *start = room_for_head(x, type_len, &copied);
    if (start == NULL)
        return false;
    char *end = put_head(x, start, type, type_len, reply_length(x, len));
    end = drop_sent(x, start, end);
    if (copied != 0)
        end = put(end, body, copied);
    k->out_len += (uint32_t)(end - start);
    if (!x->omits_body && copied != len)
        output_send(k, body, len);
    return true;
}

static bool inform(http_exchange *x, int status, const http_field *fields, unsigned count)
{
    enum { STATUS_BYTES = 64 };
    http_connection *k = x->connection;
    char *start = output_room(k, STATUS_BYTES + lines_bound(fields, count));
    if (start == NULL)
        return false;
    char *end = put_status(start, status);
    for (unsigned i = 0; i < count; i++)
        end = put_field(end, &fields[i]);
    end = drop_sent(x, start, PUT_LITERAL(end, "\r\n")); /* of a status line, and this one begins like any */
    k->out_len += (uint32_t)(end - start);
    return output_send(k, NULL, 0);
}

/* -- streamed replies -- */

static bool begin(http_exchange *x, const char *type, int64_t length)
{
    h1_exchange *own = h1_of(x);
    own->keeps_alive = will_keep_alive(x, false);
    size_t type_len = type != NULL ? strlen(type) : 0, copied = 0;
    char *start = room_for_head(x, type_len, &copied);
    if (start == NULL)
        return false;
    if (length < 0 && !x->omits_body) {
        own->is_chunked_reply = x->request->version >= HTTP_1_1;
        length = own->is_chunked_reply ? LENGTH_CHUNKED : REPLY_NO_LENGTH;
        own->keeps_alive = own->keeps_alive && own->is_chunked_reply;
    }
    if (x->reply_status == 204 || x->reply_status == 205)
        length = x->reply_status == 204 ? REPLY_NO_LENGTH : 0;
    char *end = put_head(x, start, type, type_len, length);
    x->connection->out_len += (uint32_t)(drop_sent(x, start, end) - start);
    return true;
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

/** 101 (Switching Protocols). */
static bool begin_tunnel(http_exchange *x)
{
    static const http_field connection = {"Connection", "Upgrade", 10, 7};
    h1_of(x)->keeps_alive = true;
    size_t copied = 0;
    if (x->connection->stream.runner->is_cancelled)
        return false;
    char *start = room_for_head(x, sizeof "Connection: Upgrade\r\n", &copied);
    if (start == NULL || x->reply_status != 101) /* the headers were too large */
        return false;
    char *end = put_field(put_beginning(x, start, NULL, 0), &connection);
    for (unsigned i = 0; i < x->field_count; i++)
        end = put_field(end, &x->fields[i]);
    x->connection->out_len += (uint32_t)(drop_sent(x, start, PUT_LITERAL(end, "\r\n")) - start);
    return true;
}

static bool write_some(http_exchange *x, const void *data, size_t len)
{
    h1_exchange *own = h1_of(x);
    http_connection *k = x->connection;
    size_t copied = len <= COPY_BYTES ? len : 0;
    char *start = output_room(k, copied + 32);
    if (start == NULL)
        return false;
    char *at = start;
    if (own->is_chunked_reply) {
        at = PUT_LITERAL(put_hex(at, len), "\r\n");
        own->sent_ahead = 0;
    }
    at = put(at, data, copied);
    if (own->is_chunked_reply && copied != 0)
        at = PUT_LITERAL(at, "\r\n");
    k->out_len += (uint32_t)(at - start);
    if (copied == 0) {
        if (!output_send(k, data, len) || (start = output_room(k, 2)) == NULL)
            return false;
        if (own->is_chunked_reply)
            k->out_len += (uint32_t)(PUT_LITERAL(start, "\r\n") - start);
    }
    return true;
}

static bool flush(http_exchange *x)
{
    return output_send(x->connection, NULL, 0);
}

static bool end(http_exchange *x)
{
    if (!h1_of(x)->is_chunked_reply)
        return true;
    char *start = output_room(x->connection, trailers_bytes(x));
    if (start == NULL)
        return false;
    char *at = PUT_LITERAL(start, "0\r\n");
    if (x->trailers != NULL && http_accepts_trailers(x))
        for (const http_trailer *t = x->trailers; t != NULL; t = t->next)
            at = put_field(at, &t->field);
    x->connection->out_len += (uint32_t)(PUT_LITERAL(at, "\r\n") - start);
    return true;
}

static void abandon(http_exchange *x)
{
    output_send(x->connection, NULL, 0);
    transport_reset(x->connection);
    x->stream->is_broken = true;
}

static void watch(http_exchange *x)
{
    h1_watch(x->connection);
}

/* -- files -- */

/** Copies a small file after what is in the output block: a system call less than by sendfile, and replies to
 * pipelined requests leave together. */
static bool copy_file(http_exchange *x, int fd, uint64_t start, size_t len)
{
    char *room = output_room(x->connection, len);
    size_t done = 0;
    while (room != NULL && done < len) {
        ssize_t n = pread(fd, room + done, len - done, (off_t)(start + done));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        done += (size_t)n;
    }
    if (room == NULL)
        return false;
    x->connection->out_len += (uint32_t)len;
    x->sent_bytes += len;
    return true;
}

/** The kernel copies from the page cache to the socket. */
static bool send_file(http_exchange *x, int fd, uint64_t start, uint64_t left)
{
    http_connection *k = x->connection;
    output_pace pace = {0};
    off_t offset = (off_t)start;
    if (left <= COPY_BYTES && left <= http_self.block_bytes)
        return copy_file(x, fd, start, (size_t)left);
    k->stream.is_corked = true; /* the head leaves in the packet of the file's first bytes */
    bool sent = output_send(k, NULL, 0);
    k->stream.is_corked = false;
    if (!sent)
        return false;
    while (left > 0) {
        ssize_t n =
            transport_send_file(k, fd, &offset, left < SENDFILE_BYTES ? (size_t)left : SENDFILE_BYTES);
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
        if (!stream_take_turns(&k->stream, stream_units((size_t)n)) || k->stream.is_broken)
            return false;
    }
    return true;
}

const http_wire h1_wire = {
    .version = HTTP_1_1,
    .reply = reply,
    .begin = begin,
    .write = write_some,
    .send_file = send_file,
    .flush = flush,
    .end = end,
    .inform = inform,
    .abandon = abandon,
    .begin_tunnel = begin_tunnel,
    .read_whole = h1_read_whole,
    .read_piece = h1_read_piece,
    .watch = watch,
};

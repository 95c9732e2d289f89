/**
 * Replies in HTTP/2: HEADERS and DATA frames.
 *
 * Hot path: reply() of a small body is one bound check and a few copies into the connection's output.
 */
#include "http/h2/h2.h"

#include "base/text.h"

#include <tern/log.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { FIELD_OVERHEAD = 16, HEAD_BYTES_MOST = 48 * 1024 };

/* -- heads -- */

static size_t fields_bound(const http_field *fields, unsigned count)
{
    size_t bound = 0;
    for (unsigned i = 0; i < count; i++)
        bound += (size_t)fields[i].name_len + fields[i].value_len + FIELD_OVERHEAD;
    return bound;
}

static size_t head_bound(const http_exchange *x, size_t type_len)
{
    const http_defaults *d = &http_self.defaults;
    size_t bound = H2_FRAME_HEAD_BYTES + ENCODER_BEGIN_BYTES + type_len + FIELD_OVERHEAD;
    bound += d->bytes + d->count * FIELD_OVERHEAD;
    bound += fields_bound(x->fields, x->field_count);
    return bound + bound / H2_FRAME_MOST * H2_FRAME_HEAD_BYTES; /* of CONTINUATION */
}

static bool equals(const http_field *f, const char *name, size_t len)
{
    return f->name_len == len && text_equal_nocase(f->name, name, len);
}

#define NAMED(f, literal) equals(f, literal, sizeof(literal) - 1)

/** Fields of a connection have no place in HTTP/2: RFC 9113 section 8.2.2. */
static bool is_of_connection(const http_field *f)
{
    switch (f->name_len) {
    case 7:
        return NAMED(f, "Upgrade");
    case 10:
        return NAMED(f, "Connection") || NAMED(f, "Keep-Alive");
    case 16:
        return NAMED(f, "Proxy-Connection");
    case 17:
        return NAMED(f, "Transfer-Encoding");
    default:
        return false;
    }
}

/** Makes one HEADERS frame, and CONTINUATION frames of what it cannot hold, of a head from `start` + its first nine
 * bytes to `end`; returns the end. */
static char *put_frames(char *start, char *end, unsigned flags, uint32_t id)
{
    size_t len = (size_t)(end - start) - H2_FRAME_HEAD_BYTES;
    if (len <= H2_FRAME_MOST) {
        h2_put_frame_head(start, len, H2_HEADERS, flags | H2_END_HEADERS, id);
        return end;
    }
    h2_put_frame_head(start, H2_FRAME_MOST, H2_HEADERS, flags, id);
    char *at = start + H2_FRAME_HEAD_BYTES + H2_FRAME_MOST;
    for (len -= H2_FRAME_MOST; len != 0;) {
        size_t part = len < H2_FRAME_MOST ? len : H2_FRAME_MOST;
        memmove(at + H2_FRAME_HEAD_BYTES, at, len);
        h2_put_frame_head(at, part, H2_CONTINUATION, part == len ? H2_END_HEADERS : 0, id);
        at += H2_FRAME_HEAD_BYTES + part;
        len -= part;
    }
    return at;
}

/** Headers too large for any client are a mistake of the app: 500 without them. */
static size_t checked_bound(http_exchange *x, size_t type_len)
{
    size_t bound = head_bound(x, type_len);
    if (bound <= HEAD_BYTES_MOST)
        return bound;
    tern_log(TERN_LOG_ERROR, "the reply's headers have more than %d bytes: answered 500", HEAD_BYTES_MOST);
    x->field_count = 0;
    reply_set_status(x, 500);
    return head_bound(x, type_len);
}

/** Writes a head; `ends`: no body follows. False when nothing can be sent any more. `room` is asked for beside it. */
static bool put_head(http_exchange *x, const char *type, int64_t length, bool ends, size_t room)
{
    h2_stream *s = h2_of(x);
    if (s->head->is_connect && x->reply_status / 100 == 2 && x->tunnel == NULL)
        reply_set_status(x, 501); /* a success would say that the tunnel is open: RFC 8441 section 5 */
    h2_connection *h = s->h;
    size_t type_len = type != NULL ? strlen(type) : 0;
    char *start = out_room(s, checked_bound(x, type_len < HEAD_BYTES_MOST ? type_len : 0) + room);
    if (start == NULL)
        return false;
    char *at = encoder_begin(&h->encoder, start + H2_FRAME_HEAD_BYTES, x->reply_status,
                             http_self.limits.server_name);
    if (type != NULL && (type_len >= HEAD_BYTES_MOST || !reply_type_is_valid(type, type_len)))
        type = NULL;
    const http_defaults *d = &http_self.defaults;
    unsigned replaced = x->field_count != 0 ? defaults_replaced(d, x) : 0;
    if (x->reply_status == 304)
        replaced = DEFAULTS_ALL;
    at = encoder_defaults(&h->encoder, at, d, replaced, defaults_is_page_of(x, type, type_len));
    if (type != NULL)
        at = encoder_type(&h->encoder, at, type, type_len);
    if (length >= 0)
        at = encoder_length(at, (uint64_t)length);
    for (unsigned i = 0; i < x->field_count; i++) {
        const http_field *f = &x->fields[i];
        if (!is_of_connection(f))
            at = encoder_field(at, (tern_str){f->name, f->name_len}, (tern_str){f->value, f->value_len});
    }
    at = put_frames(start, at, ends ? H2_END_STREAM : 0, s->priority.id);
    h->out_len += (uint32_t)(at - start);
    s->is_local_closed = ends;
    return true;
}

/* -- bodies -- */

void reply_put_data(h2_stream *s, size_t n, bool ends)
{
    h2_connection *h = s->h;
    h2_put_frame_head(out_end(h), n, H2_DATA, ends ? H2_END_STREAM : 0, s->priority.id);
    h->out_len += H2_FRAME_HEAD_BYTES + (uint32_t)n;
    s->window -= (int64_t)n;
    h->window -= (int64_t)n;
    h->sent_bytes += n;
    s->pace_bytes += n;
    s->is_local_closed = ends;
    /* Each may be answered by WINDOW_UPDATEs: some clients send two for each 4 KiB. */
    budget_earn(&h->frames, http_self.limits.h2_frames, 2 + (uint32_t)n / 512);
}

static bool put_body(h2_stream *s, const char *data, size_t len, bool ends)
{
    while (len != 0) {
        size_t n = out_data_room(s, len);
        if (n == 0)
            break;
        memcpy(out_end(s->h) + H2_FRAME_HEAD_BYTES, data, n);
        data += n;
        len -= n;
        reply_put_data(s, n, ends && len == 0);
    }
    if (!list_empty(&s->base.write_turns))
        stream_wake_turns(&s->base);
    return len == 0;
}

static bool reply(http_exchange *x, const char *type, const void *body, size_t len)
{
    h2_stream *s = h2_of(x);
    if (x->omits_body || len == 0)
        return put_head(x, type, reply_length(x, len), true, 0);
    return put_head(x, type, reply_length(x, len), false, 0) &&
           (x->omits_body || put_body(s, body, len, true));
}

/* -- streamed replies -- */

static bool begin(http_exchange *x, const char *type, int64_t length)
{
    if (x->reply_status == 204 || x->reply_status == 205)
        length = x->reply_status == 204 ? REPLY_NO_LENGTH : 0;
    return put_head(x, type, length, x->omits_body, 0);
}

static bool begin_tunnel(http_exchange *x)
{
    x->reply_status = 200;
    return put_head(x, NULL, REPLY_NO_LENGTH, false, 0) && x->reply_status == 200;
}

static bool write_some(http_exchange *x, const void *data, size_t len)
{
    return put_body(h2_of(x), data, len, false);
}

/** The output is sent at the end of the turn of the loop, whether or not the handler waits. */
static bool flush(http_exchange *x)
{
    return !x->stream->is_broken;
}

/** Writes some fields as a head of their own; `status` 0: trailers, which end the stream. */
static bool put_fields(http_exchange *x, int status, const http_field *fields, unsigned count)
{
    h2_stream *s = h2_of(x);
    h2_connection *h = s->h;
    char *start = out_room(s, fields_bound(fields, count) + H2_FRAME_HEAD_BYTES + ENCODER_BEGIN_BYTES);
    if (start == NULL)
        return false;
    char *at = start + H2_FRAME_HEAD_BYTES;
    at = status != 0 ? encoder_status(&h->encoder, at, status) : encoder_announce(&h->encoder, at);
    for (unsigned i = 0; i < count; i++)
        if (!is_of_connection(&fields[i]))
            at = encoder_field(at, (tern_str){fields[i].name, fields[i].name_len},
                               (tern_str){fields[i].value, fields[i].value_len});
    at = put_frames(start, at, status == 0 ? H2_END_STREAM : 0, s->priority.id);
    h->out_len += (uint32_t)(at - start);
    s->is_local_closed = status == 0;
    return true;
}

static bool inform(http_exchange *x, int status, const http_field *fields, unsigned count)
{
    return put_fields(x, status, fields, count);
}

static bool put_trailers(http_exchange *x)
{
    enum { TRAILERS_MOST = 32 };
    http_field fields[TRAILERS_MOST];
    unsigned count = 0;
    for (const http_trailer *t = x->trailers; t != NULL && count < TRAILERS_MOST; t = t->next)
        fields[count++] = t->field;
    return put_fields(x, 0, fields, count);
}

static bool end(http_exchange *x)
{
    h2_stream *s = h2_of(x);
    if (s->is_local_closed)
        return true;
    if (x->trailers != NULL && http_accepts_trailers(x))
        return put_trailers(x);
    if (out_room(s, H2_FRAME_HEAD_BYTES) == NULL)
        return false;
    reply_put_data(s, 0, true);
    return true;
}

static void abandon(http_exchange *x)
{
    if (!x->stream->is_broken)
        stream_give_up(h2_of(x), H2_INTERNAL_ERROR);
}

/* -- files -- */

/** The kernel copies from the page cache to the frame. */
static bool send_file(http_exchange *x, int fd, uint64_t offset, uint64_t left)
{
    h2_stream *s = h2_of(x);
    while (left > 0) {
        size_t room = out_data_room(s, left < H2_FRAME_MOST ? (size_t)left : H2_FRAME_MOST);
        if (room == 0)
            return false;
        ssize_t n;
        do
            n = pread(fd, out_end(s->h) + H2_FRAME_HEAD_BYTES, room, (off_t)offset);
        while (n < 0 && errno == EINTR);
        if (n <= 0) {
            stream_give_up(s, H2_INTERNAL_ERROR);
            return false;
        }
        reply_put_data(s, (size_t)n, false);
        left -= (uint64_t)n;
        offset += (uint64_t)n;
        x->sent_bytes += (uint64_t)n;
        if (!stream_take_turns(&s->base, stream_units((size_t)n)) || s->base.is_broken)
            return false;
    }
    return true;
}

const http_wire h2_wire = {
    .version = HTTP_2,
    .reply = reply,
    .begin = begin,
    .write = write_some,
    .send_file = send_file,
    .flush = flush,
    .end = end,
    .inform = inform,
    .abandon = abandon,
    .begin_tunnel = begin_tunnel,
    .read_whole = body_whole,
    .read_piece = body_piece,
    .watch = stream_watch,
};

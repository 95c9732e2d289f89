/**
 * HEADERS and CONTINUATION: a head is decoded as its bytes arrive.
 *
 * Every head is decoded to its end, even one that is not used: the table of HPACK belongs to the connection.
 */
#include "http/h2/h2.h"

enum {
    TIMES_DECODED = 16,   /* a head that decodes to more than this many times the limit is an attack */
    ENCODED_LEAST = 65536 /* encoded bytes that are read of any head; the limit of heads may be larger */
};

static bool begin_new(h2_connection *h, uint32_t id)
{
    if ((id & 1) == 0) {
        h2_fail(h, H2_PROTOCOL_ERROR, "a client's stream has an even number");
        return false;
    }
    h->last_id = id;
    bool is_refused = h->stream_count >= http_self.limits.h2_streams;
    h->head->is_ignored = h->leaving == H2_LEAVES || is_refused;
    if (h->leaving != H2_LEAVES)
        h->last_taken = id;
    return true;
}

/** A second HEADERS of a stream: trailers. */
static bool begin_trailers(h2_connection *h, h2_stream *s)
{
    if (s == NULL) {
        h->head->is_ignored = true;
        if (stream_is_ignored(h, h->input.id))
            return true;
        h2_fail(h, H2_STREAM_CLOSED, "HEADERS on a closed stream");
        return false;
    }
    if (s->is_remote_closed) {
        h->head->is_ignored = true;
        return stream_refuse(s, H2_STREAM_CLOSED);
    }
    h->head->is_trailers = true;
    h->head_stream = s;
    return true;
}

bool headers_begin(h2_connection *h)
{
    const h2_input *in = &h->input;
    h->head = pool_get(&h2_self.heads);
    if (h->head == NULL) {
        h2_fail(h, H2_INTERNAL_ERROR, "out of memory");
        return false;
    }
    h2_head_begin(h->head, &http_self.limits.head);
    h->head_id = in->id;
    h->head_bytes = 0;
    h->continuations = 0;
    h->head_ends = (in->flags & H2_END_STREAM) != 0;
    h->head_is_self = false;
    h->head_stream = NULL;
    h->head_began_ms = loop_self.now_ms;
    return in->id > h->last_id ? begin_new(h, in->id) : begin_trailers(h, stream_find(h, in->id));
}

void headers_priority(h2_connection *h, const uint8_t *at)
{
    h->head_is_self = (h2_get_u32(at) & H2_ID_MOST) == h->head_id;
}

void headers_drop(h2_connection *h)
{
    pool_put(&h2_self.heads, h->head);
    h->head = NULL;
    h->head_id = 0;
    h->head_stream = NULL;
}

/* -- a whole head -- */

static bool end_trailers(h2_connection *h)
{
    h2_stream *s = h->head_stream;
    bool is_malformed = h->head->is_malformed || !h->head_ends;
    headers_drop(h);
    if (s == NULL) /* it has ended since */
        return true;
    return is_malformed ? stream_refuse(s, H2_PROTOCOL_ERROR) : body_end(s);
}

/** The priority of a PRIORITY_UPDATE that came before its stream. */
static void take_early_priority(h2_connection *h, h2_priority *priority)
{
    for (unsigned i = 0; i < H2_EARLY_PRIORITIES; i++)
        if (h->early[i].id == priority->id)
            *priority = h->early[i];
}

static bool end_head(h2_connection *h)
{
    h2_head *head = h->head;
    uint32_t id = h->head_id;
    h2_head_conclude(head, h->head_ends);
    if (head->is_trailers)
        return end_trailers(h);
    if (head->is_ignored || head->is_malformed || h->head_is_self) {
        bool is_new = id == h->last_id && !stream_is_ignored(h, id);
        h2_error error = head->is_ignored ? H2_REFUSED_STREAM : H2_PROTOCOL_ERROR;
        headers_drop(h);
        return !is_new || stream_refuse_id(h, id, error);
    }
    h2_priority priority = {.id = id, .urgency = head->urgency, .is_incremental = head->is_incremental};
    take_early_priority(h, &priority);
    h->head = NULL;
    h->head_id = 0;
    budget_earn(&h->frames, http_self.limits.h2_frames, 4);
    stream_start(h, head, id, h->head_ends, &priority);
    return true;
}

static bool is_bomb(const h2_connection *h)
{
    size_t most = http_self.limits.head.head_bytes;
    size_t encoded = most > ENCODED_LEAST ? most : ENCODED_LEAST;
    return h->head_bytes > encoded || h->head->decoded_bytes > TIMES_DECODED * most;
}

bool headers_piece(h2_connection *h, const char *data, size_t len, bool is_last)
{
    h->head_bytes += (uint32_t)len;
    for (;;) {
        nghttp2_nv field;
        int flags = 0;
        ssize_t used =
            nghttp2.hd_inflate_hd2(h->inflater, &field, &flags, (const uint8_t *)data, len, is_last);
        if (used < 0) {
            h2_fail(h, used == NGHTTP2_ERR_NOMEM ? H2_INTERNAL_ERROR : H2_COMPRESSION_ERROR,
                    "a head cannot be decoded");
            return false;
        }
        data += used;
        len -= (size_t)used;
        if ((flags & NGHTTP2_HD_INFLATE_EMIT) != 0)
            h2_head_add(h->head, &http_self.limits.head, (tern_str){(const char *)field.name, field.namelen},
                        (tern_str){(const char *)field.value, field.valuelen});
        if (is_bomb(h)) {
            h2_fail(h, H2_ENHANCE_YOUR_CALM, "a head is many times larger than the limit");
            return false;
        }
        if ((flags & NGHTTP2_HD_INFLATE_FINAL) != 0) {
            nghttp2.hd_inflate_end_headers(h->inflater);
            return end_head(h);
        }
        if ((flags & NGHTTP2_HD_INFLATE_EMIT) == 0 && len == 0)
            return true;
    }
}

/** What each frame means: RFC 9113 section 6. */
#include "http/h2/h2.h"

#include <string.h>

static bool fail(h2_connection *h, h2_error error, const char *reason)
{
    h2_fail(h, error, reason);
    return false;
}

/* -- the beginning of a frame -- */

/** How long a frame must be, and what it may belong to. */
static const struct {
    int8_t exact;      /* payload bytes; -1: any number */
    int8_t has_stream; /* 1: it must have one; 0: it must not; -1: either */
} shapes[] = {
    [H2_DATA] = {-1, 1},         [H2_HEADERS] = {-1, 1},  [H2_PRIORITY] = {-1, 1},
    [H2_RST_STREAM] = {4, 1},    [H2_SETTINGS] = {-1, 0}, [H2_PUSH_PROMISE] = {-1, 1},
    [H2_PING] = {8, 0},          [H2_GOAWAY] = {-1, 0},   [H2_WINDOW_UPDATE] = {4, -1},
    [H2_CONTINUATION] = {-1, 1},
};

static bool check_shape(h2_connection *h)
{
    const h2_input *in = &h->input;
    if (in->left > H2_FRAME_MOST)
        return fail(h, H2_FRAME_SIZE_ERROR, "a frame of more than 16384 bytes");
    if (!in->has_settings && (in->type != H2_SETTINGS || (in->flags & H2_ACK) != 0))
        return fail(h, H2_PROTOCOL_ERROR, "the first frame is not SETTINGS");
    if (h->head_id != 0 && (in->type != H2_CONTINUATION || in->id != h->head_id))
        return fail(h, H2_PROTOCOL_ERROR, "a head is interrupted by another frame");
    if (in->type >= sizeof shapes / sizeof *shapes)
        return in->type != H2_PRIORITY_UPDATE || in->id == 0 ||
               fail(h, H2_PROTOCOL_ERROR, "PRIORITY_UPDATE on a stream");
    if (shapes[in->type].exact >= 0 && in->left != (uint32_t)shapes[in->type].exact)
        return fail(h, H2_FRAME_SIZE_ERROR, "a frame does not have the length of its type");
    if ((shapes[in->type].has_stream == 1 && in->id == 0) ||
        (shapes[in->type].has_stream == 0 && in->id != 0))
        return fail(h, H2_PROTOCOL_ERROR, "a frame without its stream, or with one that it must not have");
    return true;
}

/** A frame of a stream that was never opened. */
static bool is_idle(const h2_connection *h, uint32_t id)
{
    return id > h->last_id || (id & 1) == 0;
}

static bool begin_data(h2_connection *h)
{
    h2_input *in = &h->input;
    if (is_idle(h, in->id))
        return fail(h, H2_PROTOCOL_ERROR, "DATA on a stream that is not open");
    if (in->left > h->credit)
        return fail(h, H2_FLOW_CONTROL_ERROR, "more DATA than the connection's window");
    h->credit -= in->left;
    if (in->left == 0 && (in->flags & H2_END_STREAM) == 0 && !calm_frame(h))
        return false;
    h2_stream *s = stream_find(h, in->id);
    if (s == NULL && !stream_is_ignored(h, in->id))
        return fail(h, H2_STREAM_CLOSED, "DATA on a closed stream");
    if ((in->flags & H2_PADDED) != 0) {
        if (in->left == 0)
            return fail(h, H2_FRAME_SIZE_ERROR, "a padded frame without the length of its padding");
        in->need = 1;
    }
    if (s == NULL)
        return true;
    if (s->is_remote_closed)
        return stream_refuse(s, H2_STREAM_CLOSED);
    if (in->left > s->credit)
        return stream_refuse(s, H2_FLOW_CONTROL_ERROR);
    s->credit -= in->left;
    in->stream = s;
    return true;
}

static bool begin_headers(h2_connection *h)
{
    h2_input *in = &h->input;
    unsigned fixed = ((in->flags & H2_PADDED) != 0 ? 1u : 0) + ((in->flags & H2_HAS_PRIORITY) != 0 ? 5u : 0);
    if (in->left < fixed)
        return fail(h, H2_FRAME_SIZE_ERROR, "HEADERS is too short for its flags");
    in->need = (uint8_t)fixed;
    return headers_begin(h);
}

static bool begin_continuation(h2_connection *h)
{
    enum { CONTINUATIONS = 16 };
    if (h->head_id == 0)
        return fail(h, H2_PROTOCOL_ERROR, "CONTINUATION without HEADERS");
    if (++h->continuations > CONTINUATIONS)
        return fail(h, H2_ENHANCE_YOUR_CALM, "a head of too many frames");
    return true;
}

static bool begin_settings(h2_connection *h)
{
    h2_input *in = &h->input;
    if ((in->flags & H2_ACK) != 0)
        return in->left == 0 || fail(h, H2_FRAME_SIZE_ERROR, "SETTINGS has a payload and acknowledges");
    if (in->left % 6 != 0)
        return fail(h, H2_FRAME_SIZE_ERROR, "SETTINGS is not a list of settings");
    in->has_settings = true;
    in->need = in->left != 0 ? 6 : 0;
    return calm_frame(h);
}

bool frame_begins(h2_connection *h)
{
    h2_input *in = &h->input;
    if (!check_shape(h))
        return false;
    switch (in->type) {
    case H2_DATA:
        return begin_data(h);
    case H2_HEADERS:
        return begin_headers(h);
    case H2_CONTINUATION:
        return begin_continuation(h);
    case H2_SETTINGS:
        return begin_settings(h);
    case H2_PUSH_PROMISE:
        return fail(h, H2_PROTOCOL_ERROR, "PUSH_PROMISE of a client");
    case H2_PRIORITY:
        if (!calm_frame(h))
            return false;
        if (in->left != 5) {
            h2_stream *s = stream_find(h, in->id);
            return s != NULL ? stream_refuse(s, H2_FRAME_SIZE_ERROR)
                             : stream_refuse_id(h, in->id, H2_FRAME_SIZE_ERROR);
        }
        in->need = 5;
        return true;
    case H2_RST_STREAM:
    case H2_WINDOW_UPDATE:
        in->need = 4;
        return calm_frame(h);
    case H2_PING:
        in->need = 8;
        return calm_frame(h);
    case H2_GOAWAY:
        if (in->left < 8)
            return fail(h, H2_FRAME_SIZE_ERROR, "GOAWAY is too short");
        in->need = 8;
        return calm_frame(h);
    case H2_PRIORITY_UPDATE:
        if (in->left < 4)
            return fail(h, H2_FRAME_SIZE_ERROR, "PRIORITY_UPDATE is too short");
        in->need = (uint8_t)(in->left < sizeof in->gathered ? in->left : sizeof in->gathered);
        return calm_frame(h);
    default:
        return calm_frame(h); /* of an extension: ignored */
    }
}

/* -- its first bytes -- */

static bool take_padding(h2_connection *h, unsigned pad)
{
    if (pad > h->input.left)
        return fail(h, H2_PROTOCOL_ERROR, "the padding is longer than its frame");
    h->input.pad = pad;
    return true;
}

static bool take_data(h2_connection *h)
{
    h2_input *in = &h->input;
    if (!take_padding(h, in->gathered[0]))
        return false;
    if (in->left == in->pad && (in->flags & H2_END_STREAM) == 0 && !calm_frame(h))
        return false;
    body_consume(h, 1 + (size_t)in->pad); /* padding is not for the handler to read */
    if (in->stream != NULL)
        in->stream->consumed += 1 + in->pad;
    return true;
}

static bool take_headers(h2_connection *h)
{
    h2_input *in = &h->input;
    const uint8_t *at = in->gathered;
    if ((in->flags & H2_PADDED) != 0 && !take_padding(h, *at++))
        return false;
    if ((in->flags & H2_HAS_PRIORITY) != 0)
        headers_priority(h, at);
    return true;
}

/** RFC 7540's priorities are not used, but a stream that depends on itself is an error. */
static bool take_priority(h2_connection *h)
{
    const h2_input *in = &h->input;
    if ((h2_get_u32(in->gathered) & H2_ID_MOST) != in->id)
        return true;
    h2_stream *s = stream_find(h, in->id);
    return s != NULL ? stream_refuse(s, H2_PROTOCOL_ERROR) : stream_refuse_id(h, in->id, H2_PROTOCOL_ERROR);
}

static bool take_reset(h2_connection *h)
{
    if (is_idle(h, h->input.id))
        return fail(h, H2_PROTOCOL_ERROR, "RST_STREAM of a stream that is not open");
    h2_stream *s = stream_find(h, h->input.id);
    if (s == NULL)
        return true;
    stream_abort(s);
    return calm_reset(h);
}

static bool take_window(h2_connection *h)
{
    const h2_input *in = &h->input;
    uint32_t more = h2_get_u32(in->gathered) & H2_WINDOW_MOST;
    if (in->id == 0) {
        if (more == 0)
            return fail(h, H2_PROTOCOL_ERROR, "WINDOW_UPDATE by 0");
        h->window += more;
        return h->window <= H2_WINDOW_MOST ||
               fail(h, H2_FLOW_CONTROL_ERROR, "the connection's window is too large");
    }
    if (is_idle(h, in->id))
        return fail(h, H2_PROTOCOL_ERROR, "WINDOW_UPDATE of a stream that is not open");
    h2_stream *s = stream_find(h, in->id);
    if (s == NULL)
        return true;
    if (more == 0)
        return stream_refuse(s, H2_PROTOCOL_ERROR);
    s->window += more;
    return s->window <= H2_WINDOW_MOST || stream_refuse(s, H2_FLOW_CONTROL_ERROR);
}

/** Windows of open streams change with the first window of new ones, and may become negative. */
static bool resize_windows(h2_connection *h, uint32_t window)
{
    int64_t more = (int64_t)window - h->first_window;
    h->first_window = window;
    for (unsigned i = 0; i < H2_BUCKETS; i++)
        list_each (link, &h->buckets[i]) {
            h2_stream *s = list_owner(link, h2_stream, link);
            s->window += more;
            if (s->window > H2_WINDOW_MOST)
                return fail(h, H2_FLOW_CONTROL_ERROR, "a stream's window is too large");
        }
    return true;
}

static bool take_setting(h2_connection *h)
{
    h2_input *in = &h->input;
    unsigned which = (unsigned)in->gathered[0] << 8 | in->gathered[1];
    uint32_t value = h2_get_u32(in->gathered + 2);
    if (in->left != 0) { /* more of them follow */
        in->need = 6;
        in->phase = H2_READ_FIXED;
    }
    switch (which) {
    case H2_SETTING_HEADER_TABLE_SIZE:
        encoder_resize(&h->encoder, value);
        return true;
    case H2_SETTING_ENABLE_PUSH:
        return value <= 1 || fail(h, H2_PROTOCOL_ERROR, "SETTINGS_ENABLE_PUSH is neither 0 nor 1");
    case H2_SETTING_INITIAL_WINDOW_SIZE:
        if (value > H2_WINDOW_MOST)
            return fail(h, H2_FLOW_CONTROL_ERROR, "SETTINGS_INITIAL_WINDOW_SIZE is too large");
        return resize_windows(h, value);
    case H2_SETTING_MAX_FRAME_SIZE: /* ours are never larger than the least */
        return (value >= H2_FRAME_MOST && value <= 0xffffff) ||
               fail(h, H2_PROTOCOL_ERROR, "SETTINGS_MAX_FRAME_SIZE is not allowed");
    default:
        return true;
    }
}

static bool take_ping(h2_connection *h)
{
    if ((h->input.flags & H2_ACK) == 0)
        out_control(h, H2_PING, H2_ACK, 0, h->input.gathered, 8);
    else if (h->leaving == H2_ANNOUNCED)
        h2_leave_now(h);
    return true;
}

static bool take_goaway(h2_connection *h)
{
    h->peer_leaves = true; /* it opens no further stream; those that are open go on */
    h2_settle_later(h);
    return true;
}

static bool take_priority_update(h2_connection *h)
{
    const h2_input *in = &h->input;
    uint32_t id = h2_get_u32(in->gathered) & H2_ID_MOST;
    size_t len = in->need > 4 ? (size_t)in->need - 4 : 0;
    h2_priority own = {.id = id, .urgency = 3};
    if (id == 0)
        return fail(h, H2_PROTOCOL_ERROR, "PRIORITY_UPDATE of stream 0");
    h2_priority_read((tern_str){(const char *)in->gathered + 4, len}, &own.urgency, &own.is_incremental);
    h2_stream *s = stream_find(h, id);
    if (s != NULL)
        s->priority = own;
    else if (id > h->last_id)
        h->early[h->early_next++ % H2_EARLY_PRIORITIES] = own;
    return true;
}

bool frame_fixed(h2_connection *h)
{
    switch (h->input.type) {
    case H2_DATA:
        return take_data(h);
    case H2_HEADERS:
        return take_headers(h);
    case H2_PRIORITY:
        return take_priority(h);
    case H2_RST_STREAM:
        return take_reset(h);
    case H2_SETTINGS:
        return take_setting(h);
    case H2_PING:
        return take_ping(h);
    case H2_GOAWAY:
        return take_goaway(h);
    case H2_WINDOW_UPDATE:
        return take_window(h);
    default:
        return take_priority_update(h);
    }
}

/* -- the rest of it -- */

bool frame_data(h2_connection *h, const char *data, size_t len)
{
    h2_stream *s = h->input.stream;
    if (s != NULL)
        return body_add(s, data, len);
    body_consume(h, len);
    return true;
}

bool frame_head_piece(h2_connection *h, const char *data, size_t len)
{
    const h2_input *in = &h->input;
    bool is_last = (in->flags & H2_END_HEADERS) != 0 && in->left <= in->pad;
    return headers_piece(h, data, len, is_last);
}

bool frame_ends(h2_connection *h)
{
    h2_input *in = &h->input;
    if (in->type == H2_SETTINGS && (in->flags & H2_ACK) == 0)
        out_control(h, H2_SETTINGS, H2_ACK, 0, NULL, 0);
    if (in->type == H2_DATA && in->stream != NULL && (in->flags & H2_END_STREAM) != 0)
        return body_end(in->stream);
    return true;
}

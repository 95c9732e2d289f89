/**
 * Bytes to frames: RFC 9113 section 4.1.
 *
 * A frame is read as its bytes arrive, so that an unfinished one costs at most the bytes of `gathered`.
 */
#include "http/h2/h2.h"

#include <string.h>

const char h2_preface[H2_PREFACE_BYTES + 1] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

enum { ANSWER_BYTES = 256 /* more than all frames that answer one frame */ };

void input_begin(h2_input *in)
{
    *in = (h2_input){.phase = H2_READ_PREFACE, .need = H2_PREFACE_BYTES};
}

bool input_may_go_on(const h2_connection *h)
{
    return H2_OUT_BYTES - h->out_len >= ANSWER_BYTES &&
           (h->ended == 0 || h->stream_count + h->ended < http_self.limits.h2_streams);
}

/** `*at` receives the next `need` bytes: in `data`, or in `gathered` when they came in pieces. False while some are
 * missing. */
static bool gather(h2_input *in, const char **data, size_t *len, const uint8_t **at)
{
    *at = in->gathered;
    if (in->have == 0 && *len >= in->need) {
        *at = (const uint8_t *)*data;
        *data += in->need;
        *len -= in->need;
        return true;
    }
    size_t more = (size_t)(in->need - in->have);
    if (more > *len)
        more = *len;
    memcpy(in->gathered + in->have, *data, more);
    in->have += (uint8_t)more;
    *data += more;
    *len -= more;
    if (in->have < in->need)
        return false;
    in->have = 0;
    return true;
}

static bool read_preface(h2_connection *h, const char **data, size_t *len)
{
    h2_input *in = &h->input;
    const uint8_t *seen;
    bool is_whole = gather(in, data, len, &seen);
    size_t count = is_whole ? H2_PREFACE_BYTES : in->have;
    if (memcmp(seen, h2_preface, count) != 0) {
        h2_fail(h, H2_PROTOCOL_ERROR, "the connection does not begin with HTTP/2's preface");
        return false;
    }
    if (is_whole) {
        in->phase = H2_READ_HEAD;
        in->need = H2_FRAME_HEAD_BYTES;
    }
    return true;
}

/** After a frame's last byte, or when it has no more of what is read now. */
static bool end_frame(h2_connection *h)
{
    h->input.phase = H2_READ_HEAD;
    h->input.need = H2_FRAME_HEAD_BYTES;
    return frame_ends(h);
}

static bool read_head(h2_connection *h, const char **data, size_t *len)
{
    h2_input *in = &h->input;
    const uint8_t *at;
    if (!gather(in, data, len, &at))
        return true;
    in->left = (uint32_t)at[0] << 16 | (uint32_t)at[1] << 8 | at[2];
    in->type = at[3];
    in->flags = at[4];
    in->id = h2_get_u32(at + 5) & H2_ID_MOST;
    in->pad = 0;
    in->need = 0;
    in->stream = NULL;
    in->is_head_read = false;
    if (!frame_begins(h))
        return false;
    in->phase = in->need != 0 ? H2_READ_FIXED : H2_READ_PAYLOAD;
    return true;
}

/** Bytes of the payload that have a fixed form come first; frame_begins has set how many. */
static bool read_fixed(h2_connection *h, const char **data, size_t *len)
{
    h2_input *in = &h->input;
    uint8_t count = in->need;
    const uint8_t *at;
    if (!gather(in, data, len, &at))
        return true;
    if (at != in->gathered)
        memcpy(in->gathered, at, count);
    in->left -= count;
    in->phase = H2_READ_PAYLOAD;
    return frame_fixed(h); /* which may ask for more of the kind */
}

static bool read_payload(h2_connection *h, const char **data, size_t *len)
{
    h2_input *in = &h->input;
    size_t n = in->left < *len ? in->left : *len;
    size_t of_use = in->left > in->pad ? in->left - in->pad : 0;
    if (of_use > n)
        of_use = n;
    const char *at = *data;
    in->left -= (uint32_t)n;
    *data += n;
    *len -= n;
    if (in->type == H2_DATA) {
        if (of_use != 0 && !frame_data(h, at, of_use))
            return false;
    } else if (in->type == H2_HEADERS || in->type == H2_CONTINUATION) {
        bool is_read = in->is_head_read;
        in->is_head_read = in->left <= in->pad;
        if (!is_read && !frame_head_piece(h, at, of_use))
            return false;
    }
    return in->left != 0 || end_frame(h);
}

size_t input_read(h2_connection *h, const char *data, size_t len)
{
    const char *start = data;
    h2_input *in = &h->input;
    bool goes_on = true;
    while (goes_on && !h->is_dead && !h->has_failed) {
        if (in->phase == H2_READ_PAYLOAD) {
            if (len == 0 && in->left != 0)
                break;
            goes_on = read_payload(h, &data, &len);
            continue;
        }
        if (len == 0 || !input_may_go_on(h))
            break;
        if (in->phase == H2_READ_HEAD)
            goes_on = read_head(h, &data, &len);
        else if (in->phase == H2_READ_FIXED)
            goes_on = read_fixed(h, &data, &len);
        else
            goes_on = read_preface(h, &data, &len);
    }
    return (size_t)(data - start);
}

/** permessage-deflate without context takeover (RFC 7692): each message is a stream of its own. */
#include "app/websocket/ws.h"

#include <string.h>

enum { PIECE_BYTES = 4096 };

static codec_decoder *spare; /* of this worker, for the next message */

static bool take_decoder(tern_ws *ws)
{
    if (ws->in.decoder != NULL)
        return true;
    if (spare != NULL && codec_decoder_again(spare)) {
        ws->in.decoder = spare;
        spare = NULL;
    } else {
        ws->in.decoder = codec_decoder_take(CODEC_MESSAGES);
    }
    if (ws->in.decoder == NULL)
        ws_fail(ws, WS_TRY_LATER, "out of memory");
    return ws->in.decoder != NULL;
}

void ws_inflate_give(codec_decoder *d)
{
    if (d == NULL)
        return;
    if (spare == NULL)
        spare = d;
    else
        codec_decoder_give(d);
}

void ws_inflate_tidy(void)
{
    codec_decoder_give(spare);
    spare = NULL;
}

/** Decodes all of `bytes` into the message, whose size grows with what it decodes to. */
static bool decode(tern_ws *ws, codec_bytes *bytes)
{
    buf *message = &ws->in.message;
    for (;;) {
        size_t room = message->cap - message->len;
        if (room < 2) {
            if (!buf_reserve(message, message->len < PIECE_BYTES ? PIECE_BYTES : message->len)) {
                ws_fail(ws, WS_TRY_LATER, "out of memory");
                return false;
            }
            room = message->cap - message->len;
        }
        bytes->out = (uint8_t *)message->data + message->len;
        bytes->out_room = room - 1; /* a NUL */
        codec_result result = codec_decode(ws->in.decoder, bytes);
        message->len = (size_t)((char *)bytes->out - message->data);
        message->data[message->len] = '\0';
        if (!ws->in.takes_parts && message->len > ws->of->o.max_message) {
            ws_fail(ws, WS_TOO_BIG, "a message that is too large once it is decompressed");
            return false;
        }
        if (result == CODEC_WANTS_ROOM)
            continue;
        if (result == CODEC_ENDED && bytes->in_len != 0 && codec_decoder_again(ws->in.decoder))
            continue; /* a block was marked as the last one, and others follow: RFC 7692 section 7.2.3.5 */
        if (result == CODEC_ENDED || result == CODEC_WANTS_INPUT)
            return true;
        ws_fail(ws, result == CODEC_NO_MEMORY ? WS_TRY_LATER : WS_NOT_UTF8,
                "a message that cannot be decompressed");
        return false;
    }
}

bool ws_inflate(tern_ws *ws, const uint8_t *data, size_t len, bool is_last)
{
    static const uint8_t end[] = {0x00, 0x00, 0xff,
                                  0xff}; /* what its sender left out: RFC 7692 section 7.2.1 */
    codec_bytes bytes = {.in = data, .in_len = len};
    if (!take_decoder(ws) || (len != 0 && !decode(ws, &bytes)))
        return false;
    if (!is_last)
        return true;
    bytes.in = end;
    bytes.in_len = sizeof end;
    if (!decode(ws, &bytes))
        return false;
    ws_inflate_give(ws->in.decoder);
    ws->in.decoder = NULL;
    return true;
}

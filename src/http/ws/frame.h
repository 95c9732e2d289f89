/** Frames of WebSockets: RFC 6455 section 5, and close codes: section 7.4. */
#ifndef HTTP_WS_FRAME_H
#define HTTP_WS_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum ws_opcode {
    WS_CONTINUATION = 0,
    WS_TEXT = 1,
    WS_BINARY = 2,
    WS_CLOSE = 8,
    WS_PING = 9,
    WS_PONG = 10
} ws_opcode;

enum {
    WS_CONTROL_MOST = 125,   /* payload bytes of a control frame */
    WS_HEAD_MOST = 14,       /* bytes of a client's head */
    WS_SERVER_HEAD_MOST = 10 /* of ours, which has no mask */
};

/** Bits of a frame's first byte. */
enum { WS_FIN = 0x80, WS_RSV1 = 0x40, WS_RSV = 0x70, WS_OPCODE = 0x0f };

/** Close codes. */
enum {
    WS_NORMAL = 1000,
    WS_GOING_AWAY = 1001,
    WS_PROTOCOL_ERROR = 1002,
    WS_UNSUPPORTED = 1003,
    WS_NO_CODE = 1005,  /* never sent: the peer's Close had none */
    WS_ABNORMAL = 1006, /* never sent: the connection was lost without a Close */
    WS_NOT_UTF8 = 1007,
    WS_POLICY = 1008,
    WS_TOO_BIG = 1009,
    WS_INTERNAL = 1011,
    WS_TRY_LATER = 1013
};

/** The head of a client's frame. */
typedef struct ws_head {
    uint8_t first; /* WS_FIN, WS_RSV and the opcode */
    uint8_t mask[4];
    uint64_t length;
} ws_head;

/** Bytes of a head whose first two are at `at`. */
static inline unsigned ws_head_bytes(const uint8_t at[2])
{
    const unsigned length = at[1] & 0x7f;
    return 2 + (length == 126 ? 2u : length == 127 ? 8u : 0u) + ((at[1] & 0x80) != 0 ? 4u : 0u);
}

/**
 * Reads a whole head, of ws_head_bytes. `may_compress`: RSV1 is allowed, at the start of a message; `in_message`: a
 * message is unfinished, so that only its continuation or a control frame may come. NULL, or what is wrong with it: a
 * short static clause for WS_PROTOCOL_ERROR.
 */
const char *ws_head_read(ws_head *head, const uint8_t *at, bool may_compress, bool in_message);

/** Takes the mask off `len` bytes of a payload, of which `offset` came before them; `out` may be `in`. */
void ws_unmask(char *out, const uint8_t *in, size_t len, const uint8_t mask[4], uint64_t offset);

/** Writes the head of an unmasked frame at `out` (WS_SERVER_HEAD_MOST); returns its length. */
size_t ws_head_write(uint8_t *out, unsigned first, uint64_t length);

/** Whether an endpoint may send this code: RFC 6455 section 7.4.2 and the registry of codes. */
bool ws_code_is_valid(unsigned code);

/** How many bytes at the end of `text` are the beginning of a UTF-8 sequence that more bytes could complete: 0 to 3. What
 * is before them can be checked as whole. */
size_t ws_utf8_tail(const char *text, size_t len);

#endif

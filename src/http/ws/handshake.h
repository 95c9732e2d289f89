/** The opening handshake of WebSockets: RFC 6455 section 4, and permessage-deflate's offer: RFC 7692 section 7.1. */
#ifndef HTTP_WS_HANDSHAKE_H
#define HTTP_WS_HANDSHAKE_H

#include <tern/str.h>

#include <stdbool.h>

enum { WS_KEY_BYTES = 24, WS_ACCEPT_BYTES = 29, WS_EXTENSION_BYTES = 128 };

/** Whether a Sec-WebSocket-Key is the base64 of 16 bytes. */
bool ws_key_is_valid(tern_str key);
/** The Sec-WebSocket-Accept of a valid key, with a NUL. */
void ws_accept_of(tern_str key, char out[WS_ACCEPT_BYTES]);

/** The first of `offered` (a list header) that `ours` (a list in our order) names, in the order of `ours`: a slice of `ours`;
 * empty without one. Names are compared byte by byte. */
tern_str ws_choose_protocol(tern_str ours, tern_str offered);

/** What was agreed on about compression. */
typedef struct ws_deflate {
    bool is_on;
    unsigned window_bits; /* that our messages may look back: 8 to 15 */
} ws_deflate;

/**
 * Reads a Sec-WebSocket-Extensions header and accepts the first offer of permessage-deflate that can be kept, without
 * context takeover in either direction: no connection holds a window. `answer` receives the value of the reply's
 * header; "" when nothing was accepted. False when the header is malformed.
 */
bool ws_deflate_accept(tern_str offers, ws_deflate *out, char answer[WS_EXTENSION_BYTES]);

#endif

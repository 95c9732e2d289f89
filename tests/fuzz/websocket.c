/* The bytes of WebSockets: a head that is read has a length that its form allows, text that is parted by ws_utf8_tail is
 * UTF-8 in its parts when it is as a whole, and an accepted offer of compression has an answer that fits. */
#include "http/ws/frame.h"
#include "http/ws/handshake.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void read_heads(const uint8_t *input, size_t size)
{
    bool in_message = false;
    while (size >= 2 && size >= ws_head_bytes(input)) {
        ws_head head;
        const unsigned bytes = ws_head_bytes(input);
        if (ws_head_read(&head, input, true, in_message) != NULL)
            return;
        require(head.length <= INT64_MAX);
        require((head.first & WS_OPCODE) < WS_CLOSE || head.length <= WS_CONTROL_MOST);
        if ((head.first & WS_OPCODE) < WS_CLOSE)
            in_message = (head.first & WS_FIN) == 0;
        input += bytes;
        size -= bytes;
        size_t len = head.length < size ? (size_t)head.length : size;
        char *plain = malloc(len + 1);
        require(plain != NULL);
        ws_unmask(plain, input, len, head.mask, 0);
        free(plain);
        input += len;
        size -= len;
    }
}

static void part_text(const char *text, size_t size)
{
    const bool is_valid = utf8_valid(text, size);
    for (size_t at = 0; at <= size && at < 64; at++) {
        size_t tail = ws_utf8_tail(text, at);
        require(tail <= 3 && tail <= at);
        if (is_valid)
            require(utf8_valid(text, at - tail) && utf8_valid(text + at - tail, size - at + tail));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
    char *text = malloc(size + 1), answer[WS_EXTENSION_BYTES], accept[WS_ACCEPT_BYTES];
    ws_deflate deflate;
    require(text != NULL);
    memcpy(text, input, size);
    read_heads(input, size);
    part_text(text, size);
    if (ws_deflate_accept((tern_str){text, size}, &deflate, answer) && deflate.is_on)
        require(deflate.window_bits >= 8 && deflate.window_bits <= 15 && strlen(answer) > 0);
    const tern_str chosen = ws_choose_protocol(TERN_STR("b, a"), (tern_str){text, size});
    require(chosen.len <= 1);
    if (ws_key_is_valid((tern_str){text, size}))
        ws_accept_of((tern_str){text, size}, accept);
    free(text);
    return 0;
}

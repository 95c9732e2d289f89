#include "http/ws/handshake.h"

#include "base/text.h"
#include "crypto/sha1.h"
#include "http/scan/scan.h"

#include <stdio.h>
#include <string.h>

/* -- the key -- */

static bool is_base64(char byte)
{
    return (unsigned char)((byte | 0x20) - 'a') < 26 || (unsigned char)(byte - '0') < 10 || byte == '+' ||
           byte == '/';
}

bool ws_key_is_valid(tern_str key)
{
    if (key.len != WS_KEY_BYTES || memcmp(key.data + 22, "==", 2) != 0)
        return false;
    for (unsigned i = 0; i < 22; i++)
        if (!is_base64(key.data[i]))
            return false;
    return true;
}

void ws_accept_of(tern_str key, char out[WS_ACCEPT_BYTES])
{
    static const char magic[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char both[WS_KEY_BYTES + sizeof magic];
    unsigned char hash[SHA1_BYTES + 1] = {0};
    memcpy(both, key.data, WS_KEY_BYTES);
    memcpy(both + WS_KEY_BYTES, magic, sizeof magic);
    sha1_of(both, sizeof both - 1, hash);
    for (unsigned i = 0; i < 7; i++) {
        const unsigned char *at = hash + 3 * i;
        const unsigned group = (unsigned)at[0] << 16 | (unsigned)at[1] << 8 | at[2];
        for (unsigned k = 0; k < 4; k++)
            out[4 * i + k] = digits[group >> (18 - 6 * k) & 63];
    }
    out[27] = '='; /* 20 bytes are 27 digits */
    out[28] = '\0';
}

/* -- lists -- */

static tern_str trim(const char *from, const char *end)
{
    while (from != end && (*from == ' ' || *from == '\t'))
        from++;
    while (from != end && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    return (tern_str){from, (size_t)(end - from)};
}

/** Takes the next part of `*rest` up to `divider`; false at the end. No value here has a quoted divider. */
static bool next_part(tern_str *rest, char divider, tern_str *part)
{
    if (rest->data == NULL)
        return false;
    const char *end = rest->data + rest->len;
    const char *at = rest->len != 0 ? memchr(rest->data, divider, rest->len) : NULL;
    *part = trim(rest->data, at != NULL ? at : end);
    *rest = at != NULL ? (tern_str){at + 1, (size_t)(end - at - 1)} : (tern_str){NULL, 0};
    return true;
}

static bool is(tern_str text, const char *word)
{
    return text.len == strlen(word) && text_equal_nocase(text.data, word, text.len);
}

tern_str ws_choose_protocol(tern_str ours, tern_str offered)
{
    tern_str own, other;
    while (next_part(&ours, ',', &own)) {
        tern_str rest = offered;
        while (own.len != 0 && next_part(&rest, ',', &other))
            if (other.len == own.len && memcmp(own.data, other.data, own.len) == 0)
                return own;
    }
    return (tern_str){"", 0};
}

/* -- permessage-deflate -- */

/** Parameters of an offer, as bits so that a second one shows. */
enum { SERVER_TAKES_NONE = 1, CLIENT_TAKES_NONE = 2, SERVER_BITS = 4, CLIENT_BITS = 8 };

/** 8 to 15, without a zero before it; 0 for anything else. */
static unsigned read_bits(tern_str value)
{
    if (value.len >= 2 && value.data[0] == '"' && value.data[value.len - 1] == '"')
        value = (tern_str){value.data + 1, value.len - 2};
    if (value.len == 1 && (value.data[0] == '8' || value.data[0] == '9'))
        return (unsigned)(value.data[0] - '0');
    if (value.len == 2 && value.data[0] == '1' && value.data[1] >= '0' && value.data[1] <= '5')
        return 10 + (unsigned)(value.data[1] - '0');
    return 0;
}

/** Takes one parameter; false when the offer must be declined. */
static bool take_parameter(tern_str parameter, unsigned *seen, unsigned *server_bits)
{
    const char *equals = parameter.len != 0 ? memchr(parameter.data, '=', parameter.len) : NULL;
    const char *end = parameter.data + parameter.len;
    const tern_str name = trim(parameter.data, equals != NULL ? equals : end);
    const tern_str value = equals != NULL ? trim(equals + 1, end) : (tern_str){"", 0};
    unsigned bit = is(name, "server_no_context_takeover")   ? SERVER_TAKES_NONE
                   : is(name, "client_no_context_takeover") ? CLIENT_TAKES_NONE
                   : is(name, "server_max_window_bits")     ? SERVER_BITS
                   : is(name, "client_max_window_bits")     ? CLIENT_BITS
                                                            : 0;
    if (bit == 0 || (*seen & bit) != 0)
        return false;
    *seen |= bit;
    if (bit == SERVER_BITS) {
        *server_bits = read_bits(value);
        return *server_bits != 0;
    }
    if (bit == CLIENT_BITS)
        return equals == NULL || read_bits(value) != 0;
    return equals == NULL;
}

static bool take_offer(tern_str offer, ws_deflate *out, char answer[WS_EXTENSION_BYTES])
{
    tern_str part;
    unsigned seen = 0, server_bits = 15;
    if (!next_part(&offer, ';', &part) || !is(part, "permessage-deflate"))
        return false;
    while (next_part(&offer, ';', &part))
        if (!take_parameter(part, &seen, &server_bits))
            return false;
    *out = (ws_deflate){.is_on = true, .window_bits = server_bits};
    int len = snprintf(answer, WS_EXTENSION_BYTES,
                       "permessage-deflate; server_no_context_takeover; client_no_context_takeover");
    if (seen & SERVER_BITS)
        snprintf(answer + len, WS_EXTENSION_BYTES - (size_t)len, "; server_max_window_bits=%u", server_bits);
    return true;
}

/** Whether an element begins with the name of an extension. */
static bool is_extension(tern_str element)
{
    size_t i = 0;
    while (i < element.len && scan_is(SCAN_TOKEN, element.data[i]))
        i++;
    const tern_str after = trim(element.data + i, element.data + element.len);
    return i != 0 && (after.len == 0 || after.data[0] == ';');
}

bool ws_deflate_accept(tern_str offers, ws_deflate *out, char answer[WS_EXTENSION_BYTES])
{
    tern_str offer;
    *out = (ws_deflate){0};
    answer[0] = '\0';
    while (next_part(&offers, ',', &offer)) {
        if (offer.len == 0)
            continue;
        if (!is_extension(offer))
            return false;
        if (!out->is_on)
            take_offer(offer, out, answer);
    }
    return true;
}

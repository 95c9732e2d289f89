/** Hot path: ws_head_read, ws_unmask and ws_head_write, once for each message. */
#include "http/ws/frame.h"

#include <string.h>

static bool is_control(unsigned opcode)
{
    return (opcode & 8) != 0;
}

/** What is wrong with the first two bytes; NULL: nothing. */
static const char *check_kind(const uint8_t *at, bool may_compress, bool in_message)
{
    const unsigned first = at[0], opcode = first & WS_OPCODE, length = at[1] & 0x7f;
    const unsigned allowed = may_compress && (opcode == WS_TEXT || opcode == WS_BINARY) ? WS_RSV1 : 0;
    if ((first & WS_RSV & ~allowed) != 0)
        return "a reserved bit is set";
    if (opcode > WS_PONG || (opcode > WS_BINARY && opcode < WS_CLOSE))
        return "an unknown opcode";
    if ((at[1] & 0x80) == 0)
        return "a frame without a mask";
    if (is_control(opcode)) {
        if ((first & WS_FIN) == 0)
            return "a fragmented control frame";
        return length > WS_CONTROL_MOST ? "a control frame of more than 125 bytes" : NULL;
    }
    if (opcode == WS_CONTINUATION)
        return in_message ? NULL : "a continuation without a message";
    return in_message ? "a new message before the end of the last one" : NULL;
}

static uint64_t read_number(const uint8_t *at, unsigned bytes)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < bytes; i++)
        value = value << 8 | at[i];
    return value;
}

const char *ws_head_read(ws_head *head, const uint8_t *at, bool may_compress, bool in_message)
{
    const char *wrong = check_kind(at, may_compress, in_message);
    if (wrong != NULL)
        return wrong;
    const unsigned length = at[1] & 0x7f;
    const uint8_t *next = at + 2;
    head->first = at[0];
    head->length = length;
    if (length >= 126) {
        const unsigned bytes = length == 126 ? 2 : 8;
        head->length = read_number(next, bytes);
        next += bytes;
        if (head->length > INT64_MAX)
            return "a length of more than 63 bits";
        if (head->length <= (bytes == 2 ? 125 : UINT16_MAX))
            return "a length that is not in its shortest form";
    }
    memcpy(head->mask, next, sizeof head->mask);
    return NULL;
}

void ws_unmask(char *out, const uint8_t *in, size_t len, const uint8_t mask[4], uint64_t offset)
{
    uint8_t turned[8];
    for (unsigned i = 0; i < 8; i++)
        turned[i] = mask[(offset + i) & 3];
    uint64_t mask8;
    memcpy(&mask8, turned, sizeof mask8);
    size_t i = 0;
    for (; i + 8 <= len; i += 8) { /* compilers make wider vectors of it */
        uint64_t word;
        memcpy(&word, in + i, sizeof word);
        word ^= mask8;
        memcpy(out + i, &word, sizeof word);
    }
    for (; i < len; i++)
        out[i] = (char)(in[i] ^ turned[i & 7]);
}

size_t ws_head_write(uint8_t *out, unsigned first, uint64_t length)
{
    out[0] = (uint8_t)first;
    if (length < 126) {
        out[1] = (uint8_t)length;
        return 2;
    }
    const unsigned bytes = length <= UINT16_MAX ? 2 : 8;
    out[1] = bytes == 2 ? 126 : 127;
    for (unsigned i = 0; i < bytes; i++)
        out[2 + i] = (uint8_t)(length >> (8 * (bytes - 1 - i)));
    return 2 + bytes;
}

bool ws_code_is_valid(unsigned code)
{
    if (code >= 3000)
        return code <= 4999;
    return code >= 1000 && code <= 1014 && code != 1004 && code != WS_NO_CODE && code != WS_ABNORMAL;
}

/** Bytes of the sequence that `lead` begins; 0: it begins none of several bytes. */
static size_t sequence_bytes(uint8_t lead)
{
    return lead >= 0xc2 && lead <= 0xdf   ? 2
           : lead >= 0xe0 && lead <= 0xef ? 3
           : lead >= 0xf0 && lead <= 0xf4 ? 4
                                          : 0;
}

/** Whether `second` may follow `lead`: no overlong form, no surrogate, nothing above U+10FFFF. */
static bool may_follow(uint8_t lead, uint8_t second)
{
    const uint8_t least = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    const uint8_t most = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    return second >= least && second <= most;
}

size_t ws_utf8_tail(const char *text, size_t len)
{
    const uint8_t *bytes = (const uint8_t *)text;
    for (size_t tail = 1; tail <= 3 && tail <= len; tail++) {
        const uint8_t lead = bytes[len - tail];
        if ((lead & 0xc0) == 0x80)
            continue;
        if (tail >= sequence_bytes(lead) || (tail > 1 && !may_follow(lead, bytes[len - tail + 1])))
            return 0;
        return tail;
    }
    return 0;
}

/**
 * Frames of HTTP/2 under libFuzzer: the input is a list of frames in a short form, so that most of what it becomes is
 * well-formed, and mutations are those of types, flags, streams and order.
 *
 * Each is four bytes and its payload: the type (bit 7: HEADERS of a good request whose path is the payload's letters),
 * the flags, the stream's number, and the length of the payload. The first two bytes of the input are those of the
 * target `h2_connection`.
 */
#include "h2_service.h"

enum { MOST_BYTES = 64 * 1024 };

static uint8_t *put_literal(uint8_t *at, const char *name, const char *value, size_t len)
{
    *at++ = 0;
    *at++ = (uint8_t)strlen(name);
    memcpy(at, name, strlen(name));
    at += strlen(name);
    *at++ = (uint8_t)len;
    memcpy(at, value, len);
    return at + len;
}

/** A request whose path is the letters of `payload`. */
static uint8_t *put_request(uint8_t *at, unsigned flags, uint32_t id, const uint8_t *payload, size_t len)
{
    char path[64] = "/";
    size_t path_len = 1;
    for (size_t i = 0; i < len && path_len < sizeof path; i++)
        path[path_len++] = (char)('a' + payload[i] % 26);
    uint8_t *start = at;
    at += H2_FRAME_HEAD_BYTES;
    at = put_literal(at, ":method", (flags & H2_END_STREAM) != 0 ? "GET" : "POST",
                     (flags & H2_END_STREAM) != 0 ? 3 : 4);
    at = put_literal(at, ":scheme", "http", 4);
    at = put_literal(at, ":path", path, path_len);
    at = put_literal(at, ":authority", "t", 1);
    at = put_literal(at, "te", "trailers", 8);
    h2_put_frame_head((char *)start, (size_t)(at - start) - H2_FRAME_HEAD_BYTES, H2_HEADERS,
                      H2_END_HEADERS | (flags & H2_END_STREAM), id);
    return at;
}

static uint8_t *put_frame(uint8_t *at, const uint8_t *data, size_t len)
{
    unsigned type = data[0] & 15;
    if ((data[0] & 128) != 0)
        return put_request(at, data[1], data[2], data + 4, len);
    h2_put_frame_head((char *)at, len, type == 15 ? H2_PRIORITY_UPDATE : (h2_type)type, data[1], data[2]);
    memcpy(at + H2_FRAME_HEAD_BYTES, data + 4, len);
    return at + H2_FRAME_HEAD_BYTES + len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char preface[] =
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0"; /* and empty SETTINGS */
    static uint8_t bytes[MOST_BYTES];
    if (size < 3 || size > 4096)
        return 0;
    memcpy(bytes, preface, sizeof preface - 1);
    uint8_t *at = bytes + sizeof preface - 1;
    size_t used = 2;
    while (size - used >= 4 && MOST_BYTES - (at - bytes) > 1024) {
        size_t len = data[used + 3] < size - used - 4 ? data[used + 3] : size - used - 4;
        at = put_frame(at, data + used, len);
        used += 4 + len;
    }
    talk(bytes, (size_t)(at - bytes), data[0], data[1]);
    return 0;
}

/** The frames of HTTP/2: RFC 9113 sections 4, 6 and 7, RFC 9218 section 7.1, RFC 8441 section 3. */
#ifndef HTTP_H2_FRAME_H
#define HTTP_H2_FRAME_H

#include <stddef.h>
#include <stdint.h>

enum {
    H2_PREFACE_BYTES = 24,
    H2_FRAME_HEAD_BYTES = 9,
    H2_FRAME_MOST = 16384, /* payload bytes: SETTINGS_MAX_FRAME_SIZE of both sides, and its least value */
    H2_WINDOW_STANDARD = 65535,
    H2_WINDOW_MOST = 0x7fffffff,
    H2_ID_MOST = 0x7fffffff
};

/** What a client sends first. */
extern const char h2_preface[H2_PREFACE_BYTES + 1];

typedef enum h2_type {
    H2_DATA,
    H2_HEADERS,
    H2_PRIORITY,
    H2_RST_STREAM,
    H2_SETTINGS,
    H2_PUSH_PROMISE,
    H2_PING,
    H2_GOAWAY,
    H2_WINDOW_UPDATE,
    H2_CONTINUATION,
    H2_PRIORITY_UPDATE = 0x10
} h2_type;

enum {
    H2_END_STREAM = 0x1,
    H2_ACK = 0x1, /* of SETTINGS and PING */
    H2_END_HEADERS = 0x4,
    H2_PADDED = 0x8,
    H2_HAS_PRIORITY = 0x20
};

typedef enum h2_error {
    H2_NO_ERROR,
    H2_PROTOCOL_ERROR,
    H2_INTERNAL_ERROR,
    H2_FLOW_CONTROL_ERROR,
    H2_SETTINGS_TIMEOUT,
    H2_STREAM_CLOSED,
    H2_FRAME_SIZE_ERROR,
    H2_REFUSED_STREAM,
    H2_CANCEL,
    H2_COMPRESSION_ERROR,
    H2_CONNECT_ERROR,
    H2_ENHANCE_YOUR_CALM
} h2_error;

enum {
    H2_SETTING_HEADER_TABLE_SIZE = 1,
    H2_SETTING_ENABLE_PUSH,
    H2_SETTING_MAX_CONCURRENT_STREAMS,
    H2_SETTING_INITIAL_WINDOW_SIZE,
    H2_SETTING_MAX_FRAME_SIZE,
    H2_SETTING_MAX_HEADER_LIST_SIZE,
    H2_SETTING_ENABLE_CONNECT_PROTOCOL = 8,
    H2_SETTING_NO_RFC7540_PRIORITIES = 9
};

static inline uint32_t h2_get_u32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static inline char *h2_put_u32(char *at, uint32_t value)
{
    at[0] = (char)(value >> 24);
    at[1] = (char)(value >> 16);
    at[2] = (char)(value >> 8);
    at[3] = (char)value;
    return at + 4;
}

/** Writes the head of a frame; returns its end. */
static inline char *h2_put_frame_head(char *at, size_t len, h2_type type, unsigned flags, uint32_t id)
{
    at[0] = (char)(len >> 16);
    at[1] = (char)(len >> 8);
    at[2] = (char)len;
    at[3] = (char)type;
    at[4] = (char)flags;
    return h2_put_u32(at + 5, id);
}

#endif

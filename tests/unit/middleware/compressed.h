/** Requests that name the codings they take, and their replies decoded: for tests of replies with a content coding. */
#ifndef TESTS_MIDDLEWARE_COMPRESSED_H
#define TESTS_MIDDLEWARE_COMPRESSED_H

#include "codec/codec.h"
#include "unit/app/ask.h"

static char decoded[1 << 21];
static size_t decoded_len;
static long heard;

/** The value of a header of the last reply; NULL without it. */
__attribute__((unused)) static const char *header(const char *name)
{
    static char value[256];
    const char *end = strstr(ask_reply, "\r\n\r\n"), *at = ask_reply;
    const size_t len = strlen(name);
    while (at != NULL && at < end) {
        at = strstr(at, "\r\n");
        at = at != NULL ? at + 2 : NULL;
        if (at != NULL && at < end && strncmp(at, name, len) == 0 && at[len] == ':') {
            const char *from = at + len + 2;
            snprintf(value, sizeof value, "%.*s", (int)strcspn(from, "\r"), from);
            return value;
        }
    }
    return NULL;
}

/** Sends a request with these header lines, each with its line end; the status, 0 without a reply. */
__attribute__((unused)) static int fetch(const char *line, const char *headers)
{
    char request[4096];
    const int len = snprintf(request, sizeof request, "%s HTTP/1.1\r\nHost: h\r\nConnection: close\r\n%s\r\n",
                             line, headers);
    wire_script script = {.request = request, .len = (size_t)len};
    heard = wire_talk(&script, ask_reply, sizeof ask_reply);
    return heard > 12 ? atoi(ask_reply + 9) : 0;
}

/** Removes the framing of a chunked body, in place; the length. */
static size_t unchunk(char *data, size_t len)
{
    char *out = data, *at = data, *end = data + len;
    while (at < end) {
        const size_t size = strtoul(at, &at, 16);
        at += 2;
        if (size == 0)
            break;
        memmove(out, at, size);
        out += size;
        at += size + 2;
    }
    return (size_t)(out - data);
}

/** Decodes the body of the last reply by its Content-Encoding. */
__attribute__((unused)) static const char *decode_reply(void)
{
    char *body = strstr(ask_reply, "\r\n\r\n") + 4;
    size_t len = (size_t)(heard - (body - ask_reply));
    codec_kind kind = CODEC_GZIP;
    if (header("Transfer-Encoding") != NULL)
        len = unchunk(body, len);
    const char *coding = header("Content-Encoding"), *problem;
    while (coding != NULL && kind < CODEC_KINDS && strcmp(codec_name(kind), coding) != 0)
        kind++;
    if (coding == NULL) {
        memcpy(decoded, body, len);
        decoded[decoded_len = len] = '\0';
        return decoded;
    }
    CHECK(codec_load(kind, CODEC_DECODES, &problem));
    codec_decoder *d = codec_decoder_take(kind);
    codec_bytes bytes = {(const uint8_t *)body, len, (uint8_t *)decoded, sizeof decoded - 1};
    CHECK(d != NULL);
    CHECK_INT(codec_decode(d, &bytes), CODEC_ENDED);
    CHECK_INT(bytes.in_len, 0);
    codec_decoder_give(d);
    decoded[decoded_len = sizeof decoded - 1 - bytes.out_room] = '\0';
    return decoded;
}

#endif
